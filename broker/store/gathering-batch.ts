import type { Message } from '../packets/message.ts';
import { BatchWriter, Change } from './batch.ts';
import type { BatchNumber } from './session-store.ts';
import { NO_BATCH, UNKNOWN_BATCH } from './session-store.ts';

/** What a message that is held takes beside its bytes, so that many small ones count as well. */
const HELD_OVERHEAD_BYTES = 512;
/** With more of them, waiting for acknowledgements saves nothing: subscribers are behind. */
const HELD_BYTES_MAX = 4194304;

/** How soon what was gathered is to be committed. */
export const Urgency = {
  /** Nothing was gathered. */
  None: 0,
  /** Nobody waits for it, or an acknowledgement may come first. */
  Low: 1,
  High: 2,
} as const;
export type Urgency = (typeof Urgency)[keyof typeof Urgency];

/**
 * The changes that go into the next batch. Messages that were sent to their sessions' clients are
 * held for a moment: one that all of them acknowledge is never written, and neither are the
 * acknowledgements. Nothing overtakes a message that is held but what concerns no message.
 */
export class GatheringBatch {
  #number: BatchNumber = NO_BATCH + 1;
  readonly #changes = new BatchWriter();
  #urgency: Urgency = Urgency.None;
  /** Whether a message goes with this batch, so that all that were accepted before it must too. */
  #takesHeld = false;
  /** By their numbers, oldest first. */
  #held = new Map<number, Message>();
  /** Older ones, which were held when `age` was called last. */
  #aged = new Map<number, Message>();
  #heldBytes = 0;

  /** The number that the next batch will have. */
  get number(): BatchNumber {
    return this.#number;
  }

  get urgency(): Urgency {
    return this.#urgency;
  }

  get bytes(): number {
    return this.#changes.length + this.#heldBytes;
  }

  get holds(): boolean {
    return this.#held.size + this.#aged.size > 0;
  }

  /** A change whose place among messages does not matter. */
  change(kind: number): BatchWriter {
    this.#urgency = Urgency.High;
    return this.#changes.change(kind);
  }

  /** A change of what waits for a session: it comes after all messages so far. */
  changeQueue(kind: number): BatchWriter {
    this.writeHeld();
    return this.change(kind);
  }

  append(message: Message): void {
    const { owners, takers } = message;
    if (takers === 0) {
      this.#write(message);
    } else {
      message.batch = UNKNOWN_BATCH;
      this.#held.set(message.number, message);
      this.#heldBytes += heldBytes(message);
      if (this.#urgency === Urgency.None) this.#urgency = Urgency.Low;
      if (this.#heldBytes > HELD_BYTES_MAX) this.writeHeld();
    }
    if (takers === owners.length) return;
    this.#takesHeld = true;
    this.#urgency = Urgency.High;
  }

  acknowledge(session: number, number: number): void {
    const message = this.#held.get(number) ?? this.#aged.get(number);
    if (message === undefined) {
      this.#changes.change(Change.Acknowledge).number(session).number(number);
      if (this.#urgency === Urgency.None) this.#urgency = Urgency.Low;
      return;
    }
    const { owners } = message;
    const index = owners.indexOf(session);
    if (index < 0) return;
    owners[index] = owners.at(-1)!;
    owners.pop();
    if (owners.length > 0) return;
    if (!this.#held.delete(number)) this.#aged.delete(number);
    this.#heldBytes -= heldBytes(message);
    message.batch = NO_BATCH;
    const { awaitedBy } = message;
    message.awaitedBy = undefined;
    awaitedBy?.settled();
  }

  /** What was held the last time too has been held for long enough. */
  age(): void {
    for (const message of this.#aged.values()) this.#writeHeldOne(message);
    const aged = this.#aged;
    aged.clear();
    this.#aged = this.#held;
    this.#held = aged;
  }

  /** Nothing is held any more. */
  writeHeld(): void {
    this.age();
    this.age();
  }

  /** The batch as it leaves; undefined: it is empty. */
  finish(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#takesHeld) this.writeHeld();
    this.#takesHeld = false;
    this.#urgency = this.holds ? Urgency.Low : Urgency.None;
    if (this.#changes.length === 0) return undefined;
    this.#number++;
    return this.#changes.finish();
  }

  #writeHeldOne(message: Message): void {
    this.#heldBytes -= heldBytes(message);
    message.awaitedBy = undefined;
    this.#write(message);
  }

  #write(message: Message): void {
    const { owners } = message;
    this.#changes.change(Change.Append).message(message.parts).number(owners.length);
    for (const owner of owners) this.#changes.number(owner);
    message.batch = this.#number;
  }
}

function heldBytes(message: Message): number {
  return message.bytes + HELD_OVERHEAD_BYTES;
}
