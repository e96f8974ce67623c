/** What clients, subscriptions and topics beside the traffic add to the cost of a message. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clientName } from '../certificates.ts';
import { LoadClient } from '../load/client.ts';
import { median } from '../report/medians.ts';
import { usageOf } from '../usage.ts';
import { Pairs } from './pairs.ts';
import { Served } from './served.ts';
import { TRAFFIC, worldOf } from './world.ts';

export interface ScaleOptions {
  readonly certificates: string;
  readonly authority: string;
  readonly folder: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly progress: (line: string) => void;
}

/** One step beside the broker that stays small, measured in turns with it. */
export interface ScaleStep {
  readonly what: string;
  /** Of which the step has so many: clients, subscriptions or topics. */
  readonly of: 'clients' | 'exact' | 'wildcards' | 'topics' | 'changes';
  readonly n: number;
  /** CPU time of the broker for a message, of all threads. */
  readonly microseconds: number;
  readonly baseMicroseconds: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
}

/** Connected: publishers and subscribers; the ones behind them hold subscriptions. */
const PAIRS = 20;
const HOLDERS = 50;
const FIRST_HOLDER = 2 * PAIRS;
/** Certificates that a run needs. */
export const SCALE_CLIENTS = FIRST_HOLDER + HOLDERS + 1;
const SMALL_CLIENTS = SCALE_CLIENTS + 9;
const WARM_SECONDS = 0.7;
const FILTERS_PER_PACKET = 500;
const CHANGES_PER_SECOND = 100;

interface Side {
  readonly served: Served;
  readonly pairs: Pairs;
}

async function startSide(name: string, options: ScaleOptions): Promise<Side> {
  const { certificates, authority, folder } = options;
  const snapshot = worldOf({ clients: SMALL_CLIENTS, authorities: [authority] });
  const served = await Served.start({ certificates, snapshot, folder: join(folder, name) });
  const pairs = await Pairs.start({ port: served.port, certificates, pairs: PAIRS });
  return { served, pairs };
}

/** CPU microseconds of the broker for a message. */
async function costOfMessage(side: Side, topicsEach: number, seconds: number): Promise<number> {
  side.pairs.run(topicsEach);
  await delay(1000 * WARM_SECONDS);
  const [count, usage] = [await side.pairs.count(), usageOf(side.served.pid)];
  await delay(1000 * seconds);
  const [counted, used] = [await side.pairs.count(), usageOf(side.served.pid)];
  side.pairs.pause();
  return (1e6 * (used.cpuSeconds - usage.cpuSeconds)) / (counted - count);
}

class Scale {
  readonly #options: ScaleOptions;
  readonly #small: Side;
  readonly #grown: Side;
  readonly #holders: LoadClient[] = [];
  #subscriptions = 0;
  readonly steps: ScaleStep[] = [];

  constructor(options: ScaleOptions, small: Side, grown: Side) {
    this.#options = options;
    this.#small = small;
    this.#grown = grown;
  }

  async declare(clients: number): Promise<void> {
    const { authority } = this.#options;
    await this.#grown.served.publish(worldOf({ clients, authorities: [authority] }));
    await this.#measure({ what: `${clients} clients`, of: 'clients', n: clients });
  }

  async connectHolders(): Promise<void> {
    const { certificates } = this.#options;
    for (let each = 0; each < HOLDERS; each++) {
      const name = clientName(FIRST_HOLDER + each);
      const { port } = this.#grown.served;
      const holder = await LoadClient.open(name, { port, certificates, level: 4 });
      await holder.connect(true);
      this.#holders.push(holder);
    }
  }

  /** Filters that match nothing of what is published. */
  async subscribe(count: number, of: 'exact' | 'wildcards'): Promise<void> {
    for (; this.#subscriptions < count; this.#subscriptions += FILTERS_PER_PACKET) {
      const first = this.#subscriptions;
      const filters = Array.from(
        { length: Math.min(FILTERS_PER_PACKET, count - first) },
        (_, at) =>
          of === 'exact'
            ? `${TRAFFIC}/${at % PAIRS}/held-${first + at}`
            : `${TRAFFIC}/+/+/held-${first + at}/#`,
      );
      const holder = this.#holders[(first / FILTERS_PER_PACKET) % HOLDERS]!;
      await holder.subscribeEach(filters, 0);
    }
    await this.#measure({ what: `${count} subscriptions, ${of}`, of, n: count });
  }

  async topics(each: number): Promise<void> {
    const n = PAIRS * each;
    await this.#measure({ what: `${n} topics`, of: 'topics', n }, each);
  }

  /** One client subscribes and unsubscribes meanwhile. */
  async changes(each: number, filter: string, kind: string): Promise<void> {
    const holder = this.#holders[0]!;
    let ended = false;
    const changing = (async (): Promise<void> => {
      for (let at = 0; !ended; at++) {
        await (at % 2 === 0 ? holder.subscribe(filter, 0) : holder.unsubscribe(filter));
        await delay(1000 / CHANGES_PER_SECOND);
      }
    })();
    const n = PAIRS * each;
    const what = `${n} topics, some ${CHANGES_PER_SECOND} ${kind} subscribed and left a second`;
    await this.#measure({ what, of: 'changes', n }, each);
    ended = true;
    await changing;
  }

  async #measure(step: Pick<ScaleStep, 'what' | 'of' | 'n'>, topicsEach = 1): Promise<void> {
    const { rounds, seconds, progress } = this.#options;
    const own: number[] = [];
    const base: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? [this.#small, this.#grown] : [this.#grown, this.#small];
      for (const side of order) {
        const isSmall = side === this.#small;
        const cost = await costOfMessage(side, isSmall ? 1 : topicsEach, seconds);
        (isSmall ? base : own).push(cost);
      }
    }
    const ratio = median(own.map((cost, round) => cost / base[round]!))!;
    const microseconds = median(own)!;
    const baseMicroseconds = median(base)!;
    this.steps.push({ ...step, microseconds, baseMicroseconds, ratio });
    const beside = `beside ${baseMicroseconds.toFixed(2)}, ratio ${ratio.toFixed(3)}`;
    progress(`${step.what}: ${microseconds.toFixed(2)} µs a message ${beside}`);
  }
}

export async function measureScale(options: ScaleOptions): Promise<ScaleStep[]> {
  const small = await startSide('small', options);
  const grown = await startSide('grown', options);
  try {
    const scale = new Scale(options, small, grown);
    const tens = options.quick ? [10_000] : [1000, 10_000];
    for (const clients of [SMALL_CLIENTS, ...tens]) await scale.declare(clients);
    for (const each of options.quick ? [50, 1100] : [10, 250, 800, 1100]) await scale.topics(each);
    await scale.connectHolders();
    await scale.changes(800, `${TRAFFIC}/other/topic`, 'filters');
    await scale.changes(800, `${TRAFFIC}/other/+/#`, 'wildcards');
    const counts = options.quick ? [50_000] : [100, 1000, 10_000, 50_000];
    for (const count of counts) await scale.subscribe(count, 'exact');
    await scale.subscribe(100_000, 'wildcards');
    return scale.steps;
  } finally {
    for (const { pairs, served } of [small, grown]) {
      await pairs.stop();
      await served.stop();
    }
  }
}
