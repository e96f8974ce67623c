import { Fifo } from '../fifo.ts';
import type { Message } from '../packets/message.ts';

/** First in, first out, with its length in messages and bytes. */
export class MessageQueue {
  readonly #messages = new Fifo<Message>();
  #bytes = 0;

  get length(): number {
    return this.#messages.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(message: Message): void {
    this.#messages.push(message.own());
    this.#bytes += message.bytes;
  }

  shift(): Message | undefined {
    const message = this.#messages.shift();
    if (message !== undefined) this.#bytes -= message.bytes;
    return message;
  }

  clear(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }

  /** Drops what is no longer permitted; answers how many messages. */
  withdraw(permitted: (message: Message) => boolean): number {
    const dropped = this.#messages.filter(permitted);
    this.#bytes = this.#messages.rest().reduce((sum, message) => sum + message.bytes, 0);
    return dropped;
  }
}
