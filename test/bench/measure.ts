/** Interleaved rounds: every broker once, then every broker again, in turned order. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerName, RunningBroker } from './brokers/start.ts';
import { startBroker } from './brokers/start.ts';
import type { Job, Outcome } from './load/job.ts';
import type { Generator } from './load/start.ts';
import { generatorFor, runLoad } from './load/start.ts';
import { hottest } from './report/profile.ts';
import type { Scenario } from './scenarios.ts';
import { sketchOf } from './scenarios.ts';

export interface Settings {
  readonly scenarios: readonly Scenario[];
  readonly brokers: readonly BrokerName[];
  readonly quick: boolean;
  /** At most; a quick run has fewer of most scenarios. */
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly threads: number;
  readonly generator: Generator;
  /** Measurements that would begin later are left out. */
  readonly budgetSeconds: number;
  /** A folder for everything that a run needs and nobody keeps. */
  readonly folder: string;
  readonly certificates: string;
  readonly clients: number;
  /** Where CPU profiles of mqttgrid go; undefined: none are taken. */
  readonly profiles?: string;
  readonly progress: (line: string) => void;
}

export interface Measurement {
  readonly scenario: string;
  readonly broker: BrokerName;
  readonly round: number;
  readonly generator: Generator;
  readonly outcome?: Outcome;
  /** Why there is no outcome. */
  readonly failure?: string;
  readonly commits?: number;
  /** Messages delivered meanwhile; undefined: sending and receiving were not at one time. */
  readonly delivered?: number;
  /** PUBLISH packets received while those commits were made. */
  readonly publishes?: number;
  /** QoS 0 messages that the broker did not send: the measurement is not worth much. */
  readonly dropped?: number;
}

export interface Run {
  readonly measurements: readonly Measurement[];
  /** Scenarios that the budget had no time for, in part or whole. */
  readonly leftOut: readonly string[];
  /** The hottest functions by scenario, where profiles were taken. */
  readonly profiles: ReadonlyMap<string, readonly string[]>;
}

/** From a job's start to the end of its warm-up: a process, threads and handshakes. */
const JOB_START_MS = 1200;

export async function measureAll(settings: Settings): Promise<Run> {
  const pool = new BrokerPool(settings);
  const bench: Bench = { settings, pool, profiles: new Map() };
  const measurements: Measurement[] = [];
  const leftOut = new Set<string>();
  const endsAtMs = performance.now() + settings.budgetSeconds * 1000;
  try {
    for (const turn of turnsOf(settings)) {
      if (performance.now() > endsAtMs) leftOut.add(turn.scenario.name);
      else measurements.push(await measure(turn, bench));
    }
  } finally {
    await pool.stopAll();
  }
  return { measurements, leftOut: [...leftOut], profiles: bench.profiles };
}

interface Turn {
  readonly scenario: Scenario;
  readonly broker: BrokerName;
  readonly round: number;
}

function turnsOf({ scenarios, brokers, quick, rounds }: Settings): Turn[] {
  return scenarios.flatMap((scenario) => {
    const taking = brokers.filter((broker) => scenario.brokers.includes(broker));
    const count = quick ? Math.min(rounds, Math.max(1, scenario.quickRounds)) : rounds;
    return Array.from({ length: count }, (_, round) => {
      const first = round % Math.max(1, taking.length);
      const order = [...taking.slice(first), ...taking.slice(0, first)];
      return order.map((broker) => ({ scenario, broker, round }));
    }).flat();
  });
}

/** Brokers stay for the next scenario: what lives long is compiled and warm. */
class BrokerPool {
  readonly #running = new Map<BrokerName, RunningBroker>();
  readonly #settings: Settings;
  #started = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async take(name: BrokerName, fresh: boolean): Promise<RunningBroker> {
    if (fresh) await this.stop(name);
    const known = this.#running.get(name);
    if (known !== undefined) return known;
    const { certificates, clients } = this.#settings;
    const folder = join(this.#settings.folder, `${name}-${this.#started++}`);
    const broker = await startBroker(name, { certificates, clients, folder });
    this.#running.set(name, broker);
    return broker;
  }

  async stop(name: BrokerName): Promise<void> {
    const broker = this.#running.get(name);
    this.#running.delete(name);
    await broker?.stop();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
  }
}

interface Bench {
  readonly settings: Settings;
  readonly pool: BrokerPool;
  readonly profiles: Map<string, readonly string[]>;
}

async function measure(turn: Turn, bench: Bench): Promise<Measurement> {
  const measurement = await attempt(turn, bench);
  const { settings, pool } = bench;
  settings.progress(progressLine(measurement));
  if (turn.scenario.fresh || measurement.failure !== undefined) await pool.stop(turn.broker);
  return measurement;
}

async function attempt(
  { scenario, broker: name, round }: Turn,
  bench: Bench,
): Promise<Measurement> {
  const { settings, pool } = bench;
  const what = { scenario: scenario.name, broker: name, round };
  let generator: Generator = 'own';
  try {
    const broker = await pool.take(name, scenario.fresh);
    const job = jobOf(scenario, broker, settings);
    generator = generatorFor(job, settings.generator);
    const before = await broker.insight();
    const [outcome] = await Promise.all([
      runLoad(job, generator),
      settings.profiles === undefined ? undefined : profile(scenario, broker, bench),
    ]);
    const after = await broker.insight();
    if (before === undefined || after === undefined) return { ...what, generator, outcome };
    return {
      ...what,
      generator,
      outcome,
      ...(job.kind === 'messages' && {
        delivered: after.messagesDelivered - before.messagesDelivered,
      }),
      commits: after.commits - before.commits,
      publishes: after.publishesReceived - before.publishesReceived,
      dropped: after.messagesDropped - before.messagesDropped,
    };
  } catch (error) {
    return { ...what, generator, failure: error instanceof Error ? error.message : String(error) };
  }
}

function jobOf(scenario: Scenario, { port, pid }: RunningBroker, settings: Settings): Job {
  const { certificates, threads, warmSeconds, seconds, quick } = settings;
  const sketch = sketchOf(scenario, quick);
  return { ...sketch, port, pid, certificates, threads, warmSeconds, seconds };
}

/** A profile of what is counted, so it begins when the warm-up is over. */
async function profile(scenario: Scenario, broker: RunningBroker, bench: Bench): Promise<void> {
  const { warmSeconds, seconds, profiles } = bench.settings;
  await delay(JOB_START_MS + warmSeconds * 1000);
  await broker.profile();
  await delay(seconds * 800);
  const taken = await broker.profile();
  if (taken === undefined || profiles === undefined) return;
  mkdirSync(profiles, { recursive: true });
  const name = `${scenario.name}-${broker.name}`;
  writeFileSync(join(profiles, `${name}.cpuprofile`), taken);
  bench.profiles.set(name, hottest(taken));
}

function progressLine({ scenario, broker, round, outcome, failure }: Measurement): string {
  const what = `${scenario} ${broker} ${round + 1}`;
  if (outcome === undefined) return `${what}: FAILED: ${failure}`;
  const cpu = (outcome.brokerCpuSeconds * 1e6) / outcome.units;
  const rate = Math.round(outcome.units / outcome.seconds);
  return `${what}: ${cpu.toFixed(2)} µs each, ${rate}/s`;
}
