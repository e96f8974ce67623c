import type { Message } from '../packets/message.ts';

/** Taken slots in front of the queue that are let stand before the array is compacted. */
const COMPACT_SLOTS_MIN = 256;

/** First in, first out, bounded in messages and bytes. */
export class MessageQueue {
  #messages: Message[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#messages.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(message: Message): void {
    this.#messages.push(message.own());
    this.#bytes += message.bytes;
  }

  shift(): Message | undefined {
    if (this.length === 0) return undefined;
    const message = this.#messages[this.#head++]!;
    this.#bytes -= message.bytes;
    if (this.#head >= COMPACT_SLOTS_MIN && 2 * this.#head >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Drops what is no longer permitted; answers how many messages. */
  withdraw(permitted: (message: Message) => boolean): number {
    const before = this.length;
    this.#messages = this.#messages.slice(this.#head).filter(permitted);
    this.#head = 0;
    this.#bytes = this.#messages.reduce((sum, message) => sum + message.bytes, 0);
    return before - this.length;
  }
}
