import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Message } from '../packets/message.ts';
import { MessageQueue } from '../session/message-queue.ts';
import type { Receiver } from '../session/session.ts';

/** A second of a connection's outbound rate, as the specification has it. */
const MESSAGES_MAX = 100;
/** One message may be as large as messages can be; of more than one, this much waits. */
const BYTES_MAX = 131072;

/** QoS 0 messages that wait for a rate: a little of them, since they may be lost all the same. */
export class AtMostOnceQueue {
  readonly #queue = new MessageQueue();

  get length(): number {
    return this.#queue.length;
  }

  /** Where there is no room for it, the message is dropped and counted. */
  push(message: Message, metrics: Metrics): void {
    const { length, bytes } = this.#queue;
    if (length < MESSAGES_MAX && (length === 0 || bytes + message.bytes <= BYTES_MAX)) {
      this.#queue.push(message);
    } else {
      metrics.messagesDroppedOutboundRate++;
    }
  }

  /** Sends what waits, as far as the rates admit and the client takes it. */
  pump(receiver: Receiver, { clock, metrics }: { clock: Clock; metrics: Metrics }): void {
    const nowMs = clock.nowMs();
    while (this.#queue.length > 0 && receiver.writable && receiver.admits(nowMs)) {
      const message = this.#queue.shift()!;
      if (message.expiresAtMs < nowMs) metrics.messagesDroppedExpired++;
      else {
        metrics.messagesDelivered++;
        receiver.sendAtMostOnce(message, nowMs);
      }
    }
  }

  withdraw(permitted: (message: Message) => boolean): number {
    return this.#queue.withdraw(permitted);
  }
}
