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
  /** Of an earlier connection, and not yet sent on this one; by identifier. */
  readonly unsent = new Map<number, Message>();
  readonly #messages = new Map<number, Message | undefined>();
  /** Identifiers of messages that are in the store alone, by the number of the message. */
  readonly #suspended = new Map<number, number>();
  /** Numbers of suspended messages that were acknowledged while a page may be under way. */
  readonly #acknowledged = new Set<number>();
  #last = 0;

  /** Suspended ones not counted. */
  get size(): number {
    return this.#messages.size;
  }

  /** The identifier to send the message with. There must be fewer than 65,535 in flight. */
  add(message: Message): number {
    assert(this.#messages.size + this.#suspended.size < PACKET_IDENTIFIER_MAX);
    let identifier = this.#last;
    do identifier = identifier === PACKET_IDENTIFIER_MAX ? 1 : identifier + 1;
    while (this.#isTaken(identifier));
    this.#last = identifier;
    this.#messages.set(identifier, message.own());
    return identifier;
  }

  has(identifier: number): boolean {
    return this.#isTaken(identifier);
  }

  /** The message that is acknowledged, if it is here. */
  acknowledge(identifier: number): Message | undefined {
    const message = this.#messages.get(identifier);
    this.#messages.delete(identifier);
    this.unsent.delete(identifier);
    return message;
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
      this.unsent.delete(identifier);
      withdrawn++;
    }
    return withdrawn;
  }

  /** On a new connection all that is not acknowledged must be sent again, in order. */
  restart(): void {
    this.unsent.clear();
    for (const [identifier, message] of this.#messages) {
      // On a new connection no PUBACK can come for what was taken back.
      if (message === undefined) this.#messages.delete(identifier);
      else this.unsent.set(identifier, message);
    }
  }

  /** Lets go of the messages, which are in the store, and remembers their identifiers. */
  suspend(): void {
    for (const [identifier, message] of this.unacknowledged()) {
      this.#suspended.set(message.number, identifier);
    }
    this.#messages.clear();
    this.unsent.clear();
    this.#acknowledged.clear();
  }

  /**
   * What is known of a message that comes from the store: the identifier that it was sent with
   * before, or that it was acknowledged since; undefined: it was never sent.
   */
  resume(message: Message): number | 'acknowledged' | undefined {
    if (this.#acknowledged.delete(message.number)) return 'acknowledged';
    const identifier = this.#suspended.get(message.number);
    if (identifier === undefined) return undefined;
    this.#suspended.delete(message.number);
    this.#messages.set(identifier, message);
    this.unsent.set(identifier, message);
    return identifier;
  }

  /** Forgets suspended messages up to this number: they were withdrawn, or they expired. */
  forgetSuspended(upTo: number): void {
    for (const number of this.#suspended.keys()) {
      if (number <= upTo) this.#suspended.delete(number);
    }
    for (const number of this.#acknowledged) {
      if (number <= upTo) this.#acknowledged.delete(number);
    }
  }

  /** The number of a suspended message that is acknowledged before it was sent again. */
  acknowledgeSuspended(identifier: number): number | undefined {
    for (const [number, suspended] of this.#suspended) {
      if (suspended !== identifier) continue;
      this.#suspended.delete(number);
      this.#acknowledged.add(number);
      return number;
    }
    return undefined;
  }

  #isTaken(identifier: number): boolean {
    if (this.#messages.has(identifier)) return true;
    // Nothing is suspended but for the moment after a client reconnects.
    if (this.#suspended.size === 0) return false;
    return [...this.#suspended.values()].includes(identifier);
  }
}
