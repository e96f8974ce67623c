import type { Limits } from '../../domain/limits.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Message } from '../packets/message.ts';
import { InFlight } from './in-flight.ts';
import { MessageQueue } from './message-queue.ts';

/** The network connection of a session, as the session sees it. */
export interface Receiver {
  /** QoS 1 messages that the client takes at once [MQTT-3.3.4-9]. */
  readonly receiveMaximum: number;
  /** False while the client does not read what it was sent. */
  readonly writable: boolean;
  /** Whether the packet fits the client's Maximum Packet Size. */
  fits(message: Message, qos: 0 | 1): boolean;
  sendAtMostOnce(message: Message): void;
  sendAtLeastOnce(message: Message, packetIdentifier: number, duplicate: boolean): void;
}

export interface Subscription {
  readonly session: Session;
  readonly filter: string;
  readonly levels: readonly string[];
  readonly qos: 0 | 1;
  /** Messages of the subscriber itself are not sent back to it [MQTT-3.8.3-3]. */
  readonly noLocal: boolean;
  /** False while the client lost the permission: it exists, and nothing comes through it. */
  permitted: boolean;
}

export interface SessionContext {
  limits: Limits;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The queue reached its bound: the session must end. */
  overflowed(session: Session): void;
}

/** A client's subscriptions and the QoS 1 messages it is owed; outlives connections [MQTT-4.1]. */
export class Session {
  /** The name of the Client, which is the MQTT client identifier. */
  readonly client: string;
  readonly subscriptions = new Map<string, Subscription>();
  /** Milliseconds since the epoch; only looked at while there is no connection. */
  expiresAtMs = Infinity;
  readonly #context: SessionContext;
  readonly #queue = new MessageQueue();
  readonly #inFlight = new InFlight();
  /** In flight from an earlier connection and not yet sent on this one. */
  readonly #unsent = new Map<number, Message>();
  #receiver: Receiver | undefined;
  #ended = false;

  constructor(client: string, context: SessionContext) {
    this.client = client;
    this.#context = context;
  }

  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  get queuedMessages(): number {
    return this.#queue.length;
  }

  /** Delivery goes on over this connection: first what was never acknowledged [MQTT-4.4.0-1]. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.expiresAtMs = Infinity;
    this.#inFlight.forgetWithdrawn();
    this.#unsent.clear();
    for (const [identifier, message] of this.#inFlight.unacknowledged()) {
      this.#unsent.set(identifier, message);
    }
    this.pump();
  }

  detach(expiresAtMs: number): void {
    this.#receiver = undefined;
    this.expiresAtMs = expiresAtMs;
  }

  end(): void {
    this.#ended = true;
    this.#receiver = undefined;
  }

  /** The message is owned by this session when this returns, unless it is one of QoS 0. */
  deliver(message: Message, grantedQos: 0 | 1): void {
    if (message.qos === 0 || grantedQos === 0) {
      this.#deliverAtMostOnce(message);
      return;
    }
    if (this.#ended) return;
    if (this.#queue.length === 0 && this.#sends()) {
      this.#send(message);
      return;
    }
    const { limits } = this.#context;
    if (
      this.#queue.length >= limits.sessionQueueMessages ||
      this.#queue.bytes + message.bytes > limits.sessionQueueBytes
    ) {
      this.#context.overflowed(this);
      return;
    }
    this.#queue.push(message);
  }

  /** False: no message in flight has this identifier, so there is nothing to acknowledge. */
  acknowledge(packetIdentifier: number): boolean {
    this.#unsent.delete(packetIdentifier);
    const known = this.#inFlight.acknowledge(packetIdentifier);
    if (known) this.pump();
    return known;
  }

  /** Sends what waits, as far as the client takes it. */
  pump(): void {
    while (this.#sends()) {
      const [unsent] = this.#unsent;
      if (unsent !== undefined) {
        const [identifier, message] = unsent;
        this.#unsent.delete(identifier);
        this.#receiver!.sendAtLeastOnce(message, identifier, true);
        continue;
      }
      const message = this.#queue.shift();
      if (message === undefined) return;
      this.#send(message);
    }
  }

  /** Takes back what came through a permission that is gone, queued or in flight. */
  withdraw(permitted: (message: Message) => boolean): void {
    const { metrics } = this.#context;
    metrics.messagesDroppedNotAuthorized += this.#queue.withdraw(permitted);
    metrics.messagesDroppedNotAuthorized += this.#inFlight.withdraw(permitted);
    for (const [identifier, message] of this.#unsent) {
      if (!permitted(message)) this.#unsent.delete(identifier);
    }
  }

  #sends(): boolean {
    const receiver = this.#receiver;
    if (receiver === undefined || !receiver.writable) return false;
    const window = Math.min(receiver.receiveMaximum, this.#context.limits.inFlightMessages);
    return this.#inFlight.size - this.#unsent.size < window;
  }

  #deliverAtMostOnce(message: Message): void {
    const { metrics } = this.#context;
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    if (!receiver.writable) metrics.messagesDroppedSlowConsumer++;
    else if (!receiver.fits(message, 0)) metrics.messagesDroppedPacketTooLarge++;
    else {
      metrics.messagesDelivered++;
      receiver.sendAtMostOnce(message);
    }
  }

  #send(message: Message): void {
    const { metrics, clock } = this.#context;
    const receiver = this.#receiver!;
    if (message.expiresAtMs !== Infinity && message.expiresAtMs < clock.nowMs()) {
      metrics.messagesDroppedExpired++;
    } else if (!receiver.fits(message, 1)) {
      metrics.messagesDroppedPacketTooLarge++;
    } else {
      metrics.messagesDelivered++;
      receiver.sendAtLeastOnce(message, this.#inFlight.add(message), false);
    }
  }
}
