import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface SteadyOptions {
  readonly port: number;
  readonly certificates: string;
  readonly publisher: string;
  readonly subscriber: string;
  readonly topic: string;
  readonly intervalMs: number;
}

/** `read`: what was since the last time; `end`: no more. */
export type ToSteady = 'read' | 'end';

export interface Steady {
  /** Of the message that took longest from one client to the other. */
  readonly latestMs: number;
  readonly received: number;
  /** Why one of the clients has no connection any more. */
  readonly lost: string | undefined;
}

/** In a thread of its own: what else the bench does must not make a message late. */
export class SteadyStream {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(options: SteadyOptions): Promise<SteadyStream> {
    const file = new URL('./steady-thread.ts', import.meta.url);
    const worker = new Worker(file, { workerData: options });
    await once(worker, 'message');
    return new SteadyStream(worker);
  }

  async read(): Promise<Steady> {
    this.#worker.postMessage('read' satisfies ToSteady);
    const [steady] = (await once(this.#worker, 'message')) as [Steady];
    return steady;
  }

  async stop(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.postMessage('end' satisfies ToSteady);
    await ended;
  }
}
