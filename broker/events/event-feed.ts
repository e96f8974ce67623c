import type { Metrics } from '../metrics.ts';
import type { Message } from '../packets/message.ts';
import type { PackedParts } from './message-pack.ts';
import { packedBytes, packMessages } from './message-pack.ts';
import type { ThreadKeeper } from './thread-keeper.ts';

/** What the thread was told and has not taken yet, or is about to be told: 8 MiB. */
const UNTAKEN_BYTES_MAX = 8388608;

/**
 * Accepted messages on their way to the thread that delivers: those of a turn of the event loop
 * cross together, and are copied once. What the thread is too busy for, it reads from the outbox.
 */
export class EventFeed {
  readonly #keeper: Pick<ThreadKeeper, 'thread'>;
  readonly #metrics: Metrics;
  #waiting: PackedParts[] = [];
  #scheduled = false;
  #untakenBytes = 0;
  /** The number of the newest message that the thread was not given. */
  #skippedUpTo = 0;
  /** What of it the thread knows, or is told with what waits. */
  #skippedTold = 0;

  constructor(keeper: Pick<ThreadKeeper, 'thread'>, metrics: Metrics) {
    this.#keeper = keeper;
    this.#metrics = metrics;
  }

  /** `isStored`: it can be read from the outbox later. */
  push(number: number, { parts }: Message, isStored: boolean): void {
    const message = parts.number === number ? (parts as PackedParts) : { ...parts, number };
    const bytes = packedBytes(message);
    if (!this.#admits(bytes)) {
      this.#skippedUpTo = number;
      if (!isStored) this.#metrics.messagesRouteDropped++;
      return;
    }
    if (this.#waiting.length === 0) this.#skippedTold = this.#skippedUpTo;
    this.#waiting.push(message);
    this.#untakenBytes += bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#tell(waiting);
  }

  /** The thread has taken so much of what it was told. */
  taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (this.#waiting.length > 0 || this.#skippedUpTo === this.#skippedTold) return;
    if (this.#untakenBytes > UNTAKEN_BYTES_MAX / 2) return;
    // Nothing else might follow for long.
    this.#skippedTold = this.#skippedUpTo;
    this.#tell([]);
  }

  /** The thread is a new one, and was told nothing. */
  started(): void {
    this.#waiting = [];
    this.#untakenBytes = 0;
  }

  /** The thread is told what was accepted by now; nothing waits. */
  configured(acceptedUpTo: number): void {
    this.#skippedUpTo = acceptedUpTo;
    this.#skippedTold = acceptedUpTo;
  }

  /** After one that was skipped, others wait for what comes next: they are told in order. */
  #admits(bytes: number): boolean {
    if (this.#keeper.thread === undefined) return false;
    if (this.#waiting.length > 0 && this.#skippedUpTo > this.#skippedTold) return false;
    return this.#untakenBytes === 0 || this.#untakenBytes + bytes <= UNTAKEN_BYTES_MAX;
  }

  #tell(messages: readonly PackedParts[]): void {
    const bytes = packMessages(messages);
    const skippedUpTo = this.#skippedTold;
    this.#keeper.thread?.tell({ type: 'messages', bytes, skippedUpTo }, [bytes.buffer]);
  }
}
