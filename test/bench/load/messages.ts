/** Publishers and subscribers in a closed loop, or at a rate, spread over threads. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { busiest, usageOf } from '../usage.ts';
import { Histogram } from './histogram.ts';
import type { MessagesJob, Outcome } from './job.ts';
import { planOf } from './plan.ts';

/** Places in the state that all threads share. */
export const PHASE = 0;
/** Messages a second of each publisher that has no rate of its own, times 1000; 0: no bound. */
export const RATE = 1;

export const COUNTING = 1;
export const STOPPED = 2;

export interface Shared {
  readonly state: Int32Array;
  /** Deliveries by publisher. */
  readonly delivered: Int32Array;
}

export type ToThread = 'begin' | 'stop';

export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'counted'; readonly counted: number; readonly histogram: Float64Array };

class Threads {
  readonly #workers: Worker[];
  /** Rejects when any of them fails. */
  readonly failure: Promise<never>;

  constructor(job: MessagesJob, shared: Shared) {
    this.#workers = Array.from({ length: job.threads }, (_, thread) => {
      const file = new URL('./messages-thread.ts', import.meta.url);
      return new Worker(file, { workerData: { job, thread, ...shared } });
    });
    this.failure = new Promise((_resolve, reject) => {
      for (const worker of this.#workers) {
        worker.on('error', reject);
        worker.on('message', (message: FromThread) => {
          if (message.type === 'failed') reject(new Error(message.reason));
        });
      }
    });
    this.failure.catch(() => undefined);
  }

  tell(message: ToThread): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** What each thread answers with this type. */
  answers<Type extends FromThread['type']>(type: Type): Promise<(FromThread & { type: Type })[]> {
    const each = this.#workers.map(
      (worker) =>
        new Promise<FromThread & { type: Type }>((resolve) => {
          worker.on('message', (message: FromThread) => {
            if (message.type === type) resolve(message as FromThread & { type: Type });
          });
        }),
    );
    return Promise.race([Promise.all(each), this.failure]);
  }

  async wait(seconds: number): Promise<void> {
    await Promise.race([delay(seconds * 1000), this.failure]);
  }
}

export async function runMessages(job: MessagesJob): Promise<Outcome> {
  const { publishers } = planOf(job.groups, job.threads);
  const shared: Shared = {
    state: new Int32Array(new SharedArrayBuffer(8)),
    delivered: new Int32Array(new SharedArrayBuffer(4 * publishers.length)),
  };
  const threads = new Threads(job, shared);
  await threads.answers('ready');
  threads.tell('begin');
  await threads.wait(job.warmSeconds);
  if (job.halfLoad) await halve(job, threads, shared);
  const outcome = await measure(job, threads, shared);
  Atomics.store(shared.state, PHASE, STOPPED);
  const answers = threads.answers('counted');
  threads.tell('stop');
  const histogram = new Histogram();
  let units = 0;
  for (const answer of await answers) {
    units += answer.counted;
    histogram.merge(new Histogram(answer.histogram));
  }
  if (units === 0) throw new Error('nothing was delivered');
  return { ...outcome, units, ...quantilesOf(histogram) };
}

type Measured = Omit<Outcome, 'units'>;

async function measure(job: MessagesJob, threads: Threads, { state }: Shared): Promise<Measured> {
  const before = usageOf(job.pid);
  const ownBefore = process.cpuUsage();
  const beganMs = performance.now();
  Atomics.store(state, PHASE, COUNTING);
  await threads.wait(job.seconds);
  Atomics.store(state, PHASE, 0);
  const seconds = (performance.now() - beganMs) / 1000;
  const after = usageOf(job.pid);
  const own = process.cpuUsage(ownBefore);
  return {
    seconds,
    brokerCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    brokerMainCpuSeconds: after.mainThreadCpuSeconds - before.mainThreadCpuSeconds,
    busiestThreadCpuSeconds: busiest(before, after),
    loadCpuSeconds: (own.user + own.system) / 1e6,
    residentKib: after.residentKib,
    writtenBytes: after.writtenBytes - before.writtenBytes,
  };
}

export function quantilesOf(histogram: Histogram): Pick<Outcome, 'p50Ms' | 'p99Ms' | 'p999Ms'> {
  const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map((part) => histogram.quantile(part));
  if (p50Ms === undefined || p99Ms === undefined || p999Ms === undefined) return {};
  return { p50Ms, p99Ms, p999Ms };
}

/** From what the closed loop reaches to half of it, for each publisher alike. */
async function halve(job: MessagesJob, threads: Threads, shared: Shared): Promise<void> {
  const published = (): number => shared.delivered.reduce((sum, count) => sum + count, 0);
  const receivers = planOf(job.groups, 1).publishers[0]!.receivers;
  const before = published();
  const beganMs = performance.now();
  await threads.wait(job.seconds / 2);
  const perSecond = ((published() - before) / (performance.now() - beganMs)) * 1000;
  const each = perSecond / receivers / shared.delivered.length / 2;
  Atomics.store(shared.state, RATE, Math.max(1, Math.round(each * 1000)));
  // What the closed loop left on its way is none of this.
  await threads.wait(0.3);
}
