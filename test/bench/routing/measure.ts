/** The three measurements, each of a broker process of its own. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventsInsight, Route } from '../brokers/process.ts';
import type { RunningBroker } from '../brokers/start.ts';
import { startBroker } from '../brokers/start.ts';
import type { MessagesJob } from '../load/job.ts';
import { runLoad } from '../load/start.ts';
import { usageOf } from '../usage.ts';
import { Flood } from './flood.ts';

export interface Place {
  /** For stores. */
  readonly folder: string;
  readonly certificates: string;
  readonly clients: number;
}

/** Publishers and as many subscribers, each pair on a topic of its own. */
export const PAIRS = 20;
export const PAYLOAD_BYTES = 128;
/** Handshakes are over, and code is compiled. */
const WARM_SECONDS = 2;
/** After the load, until everything is delivered. */
const SETTLE_MS = 30_000;
const LOOK_MS = 100;

let started = 0;

async function withBroker<Value>(
  place: Place,
  route: Route | undefined,
  act: (broker: RunningBroker) => Promise<Value>,
): Promise<Value> {
  const folder = join(place.folder, `broker-${started++}`);
  const broker = await startBroker('durable', {
    certificates: place.certificates,
    clients: place.clients,
    folder,
    ...(route === undefined ? {} : { route }),
  });
  try {
    return await act(broker);
  } finally {
    await broker.stop();
  }
}

const NOTHING: EventsInsight = { matched: 0, delivered: 0, failed: 0, dropped: 0, pending: 0 };

async function eventsOf(broker: RunningBroker): Promise<EventsInsight> {
  return (await broker.insight())?.events ?? NOTHING;
}

export interface Cost {
  /** CPU time of the broker for each message, which one subscriber gets by MQTT. */
  readonly cpuMicroseconds: number;
  /** Of the thread that serves the clients. */
  readonly mainMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly messages: number;
  /** Of the whole run: warming up, too. */
  readonly events: EventsInsight;
}

/** At a rate that routing keeps up with: what is not done yet would cost nothing. */
export async function measureCost(
  place: Place,
  route: Route | undefined,
  load: { readonly qos: 0 | 1; readonly rate: number; readonly seconds: number },
): Promise<Cost> {
  return withBroker(place, route, async (broker) => {
    const { port, pid } = broker;
    const job: MessagesJob = {
      kind: 'messages',
      groups: [{ shape: 'pairs', publishers: PAIRS, subscribers: PAIRS, rate: load.rate / PAIRS }],
      ...{ port, pid, certificates: place.certificates, level: 4, qos: load.qos },
      ...{ payloadBytes: PAYLOAD_BYTES, window: 16, burst: 16, persistent: false },
      ...{ halfLoad: false, threads: 1, warmSeconds: WARM_SECONDS, seconds: load.seconds },
    };
    const outcome = await runLoad(job, 'own');
    const micro = (seconds = 0): number => (seconds * 1e6) / outcome.units;
    return {
      cpuMicroseconds: micro(outcome.brokerCpuSeconds),
      mainMicroseconds: micro(outcome.brokerMainCpuSeconds),
      p50Ms: outcome.p50Ms ?? 0,
      p99Ms: outcome.p99Ms ?? 0,
      messages: outcome.units,
      events: await settled(broker),
    };
  });
}

/** What is left when nothing is pending, or stays so. */
async function settled(broker: RunningBroker): Promise<EventsInsight> {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const events = await eventsOf(broker);
    if (events.pending === 0 || performance.now() > deadlineMs) return events;
    await delay(LOOK_MS);
  }
}

export interface Throughput {
  readonly perSecond: number;
  /** CPU time of the broker for each event, publishing and delivering. */
  readonly cpuMicroseconds: number;
  readonly cores: number;
  readonly residentMib: number;
  readonly events: EventsInsight;
}

/** QoS 1 as fast as events are delivered: publishers are a bounded number of them ahead. */
export async function measureThroughput(
  place: Place,
  route: Route,
  seconds: number,
): Promise<Throughput> {
  return withBroker(place, route, async (broker) => {
    const flood = await Flood.open(place, broker.port);
    const watching = flood.followEvents(async () => (await eventsOf(broker)).delivered);
    await delay(WARM_SECONDS * 1000);
    const [before, usage, beganMs] = [await eventsOf(broker), usageOf(broker.pid), now()];
    await delay(seconds * 1000);
    const [events, used, endedMs] = [await eventsOf(broker), usageOf(broker.pid), now()];
    await flood.close();
    await watching;
    const delivered = events.delivered - before.delivered;
    const elapsed = (endedMs - beganMs) / 1000;
    const cpuSeconds = used.cpuSeconds - usage.cpuSeconds;
    return {
      perSecond: delivered / elapsed,
      cpuMicroseconds: (cpuSeconds * 1e6) / delivered,
      cores: cpuSeconds / elapsed,
      residentMib: used.residentKib / 1024,
      events,
    };
  });
}

function now(): number {
  return performance.now();
}

export interface Sample {
  readonly seconds: number;
  readonly published: number;
  readonly residentMib: number;
  readonly heapMib: number;
  readonly buffersMib: number;
  readonly cpuPercent: number;
  readonly events: EventsInsight;
}

/** How long a destination is away, and what is published meanwhile. */
export interface Outage {
  readonly minutes: number;
  /** Messages a second of QoS 1. */
  readonly rate: number;
  readonly samples: number;
  readonly onSample: (sample: Sample) => void;
}

export async function measureOutage(
  place: Place,
  route: Route,
  outage: Outage,
): Promise<readonly Sample[]> {
  return withBroker(place, route, async (broker) => {
    const flood = await Flood.open(place, broker.port, outage.rate);
    const taken: Sample[] = [];
    const beganMs = now();
    let before = { ms: beganMs, cpuSeconds: usageOf(broker.pid).cpuSeconds };
    for (let index = 1; index <= outage.samples; index++) {
      const dueMs = beganMs + (index / outage.samples) * outage.minutes * 60_000;
      await delay(Math.max(0, dueMs - now()));
      const { residentKib, cpuSeconds } = usageOf(broker.pid);
      const insight = await broker.insight();
      const cpuPercent = ((cpuSeconds - before.cpuSeconds) / ((now() - before.ms) / 1000)) * 100;
      before = { ms: now(), cpuSeconds };
      const sample: Sample = {
        seconds: (now() - beganMs) / 1000,
        published: flood.published,
        residentMib: residentKib / 1024,
        heapMib: (insight?.heapBytes ?? 0) / 2 ** 20,
        buffersMib: (insight?.bufferBytes ?? 0) / 2 ** 20,
        cpuPercent,
        events: insight?.events ?? NOTHING,
      };
      taken.push(sample);
      outage.onSample(sample);
    }
    await flood.close();
    return taken;
  });
}
