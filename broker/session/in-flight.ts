import assert from 'node:assert/strict';
import type { Message } from '../packets/message.ts';

/** The largest packet identifier; 0 is none [MQTT-2.2.1-3]. */
const PACKET_IDENTIFIER_MAX = 0xffff;

/**
 * QoS 1 messages sent to one client and not yet acknowledged, in the order they were sent. An entry
 * whose message was taken back keeps its identifier, so that a late PUBACK never meets another
 * message.
 */
export class InFlight {
  readonly #messages = new Map<number, Message | undefined>();
  #last = 0;

  get size(): number {
    return this.#messages.size;
  }

  /** The identifier to send the message with. There must be fewer than 65,535 in flight. */
  add(message: Message): number {
    assert(this.#messages.size < PACKET_IDENTIFIER_MAX);
    let identifier = this.#last;
    do identifier = identifier === PACKET_IDENTIFIER_MAX ? 1 : identifier + 1;
    while (this.#messages.has(identifier));
    this.#last = identifier;
    this.#messages.set(identifier, message.own());
    return identifier;
  }

  /** False: nothing in flight has this identifier. */
  acknowledge(identifier: number): boolean {
    return this.#messages.delete(identifier);
  }

  /** What a reconnected client must be sent again, in order [MQTT-4.4.0-1]. */
  *unacknowledged(): Generator<[identifier: number, message: Message]> {
    for (const [identifier, message] of this.#messages) {
      if (message !== undefined) yield [identifier, message];
    }
  }

  /** Takes back what is no longer permitted; answers how many messages. */
  withdraw(permitted: (message: Message) => boolean): number {
    let withdrawn = 0;
    for (const [identifier, message] of this.#messages) {
      if (message === undefined || permitted(message)) continue;
      this.#messages.set(identifier, undefined);
      withdrawn++;
    }
    return withdrawn;
  }

  /** Forgets entries that were taken back: on a new connection no PUBACK can come for them. */
  forgetWithdrawn(): void {
    for (const [identifier, message] of this.#messages) {
      if (message === undefined) this.#messages.delete(identifier);
    }
  }
}
