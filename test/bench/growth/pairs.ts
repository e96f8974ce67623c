import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface PairsOptions {
  readonly port: number;
  readonly certificates: string;
  /** Clients 0 and up: publisher, subscriber, publisher and so on. */
  readonly pairs: number;
}

export type ToPairs =
  | { readonly type: 'run'; readonly topicsEach: number }
  | { readonly type: 'count' }
  | { readonly type: 'pause' };

/** In a thread of its own: publishers to their own subscribers, as fast as messages arrive. */
export class Pairs {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(options: PairsOptions): Promise<Pairs> {
    const worker = new Worker(new URL('./pairs-thread.ts', import.meta.url), {
      workerData: options,
    });
    await once(worker, 'message');
    return new Pairs(worker);
  }

  /** From now on, each publisher goes round so many topics. */
  run(topicsEach: number): void {
    this.#worker.postMessage({ type: 'run', topicsEach } satisfies ToPairs);
  }

  pause(): void {
    this.#worker.postMessage({ type: 'pause' } satisfies ToPairs);
  }

  /** Messages that arrived since it runs. */
  async count(): Promise<number> {
    this.#worker.postMessage({ type: 'count' } satisfies ToPairs);
    const [received] = (await once(this.#worker, 'message')) as [number];
    return received;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
