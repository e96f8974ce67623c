/** One thread of a load of messages: its publishers, its subscribers, and what it counted. */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { LoadClient, openAll, PUBLISH } from './client.ts';
import { Histogram } from './histogram.ts';
import type { MessagesJob } from './job.ts';
import type { FromThread, Shared, ToThread } from './messages.ts';
import { COUNTING, PHASE, RATE, STOPPED } from './messages.ts';
import { planOf } from './plan.ts';
import type { PublisherPlan, SubscriberPlan } from './plan.ts';
import type { PublisherContext } from './publisher.ts';
import { nowMs, Publisher, SENT_AT, SENT_BY } from './publisher.ts';

const port = parentPort!;
const { job, thread, state, delivered } = workerData as {
  readonly job: MessagesJob;
  readonly thread: number;
} & Shared;

const histogram = new Histogram();
let counted = 0;
const publishers = new Map<number, Publisher>();
/** Those that may send one more. */
let queue: Publisher[] = [];

function tell(message: FromThread): void {
  port.postMessage(message);
}

function onLost(reason: string): void {
  if (Atomics.load(state, PHASE) !== STOPPED) tell({ type: 'failed', reason });
}

function consider(publisher: Publisher): void {
  if (publisher.queued || Atomics.load(state, PHASE) === STOPPED || !publisher.maySend) return;
  publisher.queued = true;
  if (queue.length === 0) setImmediate(sendBursts);
  queue.push(publisher);
}

/** Each publisher sends a burst at most, so that none keeps the others and the sockets waiting. */
function sendBursts(): void {
  const turn = queue;
  queue = [];
  for (const publisher of turn) {
    publisher.queued = false;
    for (let sent = 0; sent < job.burst && publisher.maySend; sent++) publisher.send();
    consider(publisher);
  }
}

const context: PublisherContext = {
  job,
  progress: { delivered, rate: () => Atomics.load(state, RATE) / 1000 },
  onProgress: consider,
  onLost,
};

async function openPublisher([index, plan]: [number, PublisherPlan]): Promise<void> {
  const client = await LoadClient.open(plan.client, job);
  await client.connect(true);
  publishers.set(index, new Publisher(client, index, plan, context));
}

async function openSubscriber({ client: name, filter }: SubscriberPlan): Promise<LoadClient> {
  if (job.persistent) {
    // Whatever an earlier round left is forgotten.
    const client = await LoadClient.open(name, job);
    await client.connect(true);
    await client.disconnect();
  }
  const client = await LoadClient.open(name, job);
  receive(client);
  await client.connect(!job.persistent);
  await client.subscribe(filter, job.qos);
  return client;
}

function receive(client: LoadClient): void {
  const touched = new Set<Publisher>();
  const acknowledgements: Buffer[] = [];
  /** One clock reading for all that came in one piece. */
  let now = 0;
  client.listen({
    onFrame(bytes, start, body) {
      if (bytes[start]! >> 4 !== PUBLISH) return;
      if (now === 0) now = nowMs();
      const at = client.payloadAt(bytes, start, body);
      const by = bytes.readUInt32BE(at + SENT_BY);
      Atomics.add(delivered, by, 1);
      if (Atomics.load(state, PHASE) === COUNTING) {
        counted++;
        histogram.add(now - bytes.readDoubleBE(at + SENT_AT));
      }
      const publisher = publishers.get(by);
      if (publisher !== undefined) touched.add(publisher);
      if ((bytes[start]! & 6) !== 0) acknowledgements.push(puback(bytes, body));
    },
    onChunk() {
      now = 0;
      if (acknowledgements.length > 0) client.socket.write(Buffer.concat(acknowledgements));
      acknowledgements.length = 0;
      for (const publisher of touched) consider(publisher);
      touched.clear();
    },
    onLost: (reason) => onLost(`${client.name}: ${reason}`),
  });
}

function puback(bytes: Buffer, body: number): Buffer {
  const at = body + 2 + bytes.readUInt16BE(body);
  return Buffer.from([0x40, 2, bytes[at]!, bytes[at + 1]!]);
}

/** Looks after those who wait for the time, or for what subscribers of other threads received. */
async function tick(): Promise<void> {
  while (Atomics.load(state, PHASE) !== STOPPED) {
    const paced = job.threads > 1 || Atomics.load(state, RATE) > 0;
    if (paced || job.groups.some(({ rate }) => rate !== undefined)) {
      for (const publisher of publishers.values()) consider(publisher);
    }
    await delay(1);
  }
}

const plan = planOf(job.groups, job.threads);
const subscribers = await openAll(
  plan.subscribers.filter((each) => each.thread === thread),
  openSubscriber,
);
await openAll(
  [...plan.publishers.entries()].filter(([, each]) => each.thread === thread),
  openPublisher,
);

port.on('message', (message: ToThread) => {
  if (message === 'begin') {
    for (const publisher of publishers.values()) consider(publisher);
    void tick();
    return;
  }
  tell({ type: 'counted', counted, histogram: histogram.counts });
  const clients = [...publishers.values(), ...subscribers];
  void Promise.all(clients.map((client) => client.disconnect())).then(() => process.exit());
});
tell({ type: 'ready' });
