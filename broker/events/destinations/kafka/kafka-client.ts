/** The thread with the client of one Kafka destination: it is there from its first call on. */
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { OutboundEvent } from '../destination.ts';
import { KafkaFailure, asStated, clientFailure } from './kafka-failure.ts';
import { packRecords } from './kafka-messages.ts';
import type { FromKafka, KafkaAccess, KafkaThreadData, ToKafka } from './kafka-messages.ts';
import type { StatedFailure } from './kafka-messages.ts';

/** A compiler does not see that this is a file of ours, which is compiled with this one. */
const THREAD = new URL(`./kafka-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * Several times what the client needs with its batch of 768 KiB: answers that are longer than they
 * may be are cut off, so only a mistake of the client's needs more. With 16 MiB for what is young,
 * an event took 10 µs instead of 7.
 */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 48 };
/** A thread cannot end while the operating system looks up a name, which may take a minute. */
const END_MS_MAX = 1_000;

interface Running {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  /** Of the call that is on its way. */
  settle: ((failure: StatedFailure | undefined) => void) | undefined;
}

export interface KafkaClientOptions extends KafkaThreadData {
  /** Asked whenever connections are made. @throws KafkaFailure */
  readonly access: () => KafkaAccess;
}

export class KafkaClient {
  readonly #options: KafkaClientOptions;
  #running: Running | undefined;

  constructor(options: KafkaClientOptions) {
    this.#options = options;
  }

  /** One call at a time. `signal` ends the thread: what it wrote by then is written. */
  async write(events: readonly OutboundEvent[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw signal.reason;
    const bytes = packRecords(events);
    const running = (this.#running ??= this.#start());
    const { promise, resolve } = Promise.withResolvers<StatedFailure | undefined>();
    running.settle = resolve;
    const abort = (): void => {
      void this.#end();
      resolve(asStated(signal.reason));
    };
    signal.addEventListener('abort', abort);
    try {
      const message: ToKafka = { type: 'write', bytes };
      running.worker.postMessage(message, [bytes.buffer]);
      const failure = await promise;
      if (failure !== undefined) throw new KafkaFailure(failure.fault, failure.words);
    } finally {
      signal.removeEventListener('abort', abort);
      running.settle = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#end();
  }

  #start(): Running {
    const { brokers, topic } = this.#options;
    const workerData: KafkaThreadData = { brokers, topic };
    const worker = new Worker(THREAD, { workerData, resourceLimits: LIMITS });
    let failure: Error | undefined;
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        if (this.#running === running) this.#running = undefined;
        running.settle?.(asStated(clientFailure(failure ?? 'its thread ended')));
        resolve();
      });
    });
    const running: Running = { worker, ended, settle: undefined };
    worker.on('error', (error: Error) => (failure = error));
    worker.on('message', (message: FromKafka) => this.#heard(running, message));
    return running;
  }

  #heard(running: Running, message: FromKafka): void {
    if (message.type === 'ask') {
      this.#answer(running.worker);
      return;
    }
    if (message.type === 'giveUp' && this.#running === running) void this.#end();
    running.settle?.(message.failure);
  }

  #answer(worker: Worker): void {
    let access: KafkaAccess | StatedFailure;
    try {
      access = this.#options.access();
    } catch (error) {
      access = asStated(error);
    }
    const message: ToKafka = { type: 'access', access };
    worker.postMessage(message);
  }

  async #end(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    void running.worker.terminate();
    await Promise.race([running.ended, delay(END_MS_MAX, undefined, { ref: false })]);
  }
}
