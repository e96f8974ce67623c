import type { ClientAccess } from '../../domain/access.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Clock } from '../clock.ts';
import { AtMostOnceQueue } from '../limits/at-most-once-queue.ts';
import type { Metrics } from '../metrics.ts';
import type { Message } from '../packets/message.ts';
import type { BatchNumber, SessionStore, StoredPage } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';
import { InFlight } from './in-flight.ts';
import { MessageQueue } from './message-queue.ts';
import type { StoredQueue } from './stored-queue.ts';
import type { Subscription } from './subscription.ts';
import { Subscriptions } from './subscription.ts';

export type { Subscription } from './subscription.ts';

/** The network connection of a session, as the session sees it. */
export interface Receiver {
  /** QoS 1 messages that the client takes at once [MQTT-3.3.4-9]. */
  readonly receiveMaximum: number;
  /** False while the client does not read what it was sent. */
  readonly writable: boolean;
  /** Whether the packet fits the client's Maximum Packet Size. */
  fits(message: Message, qos: 0 | 1): boolean;
  /** False: the rates have no room for a message now; `pump` is called once they may have. */
  admits(nowMs: number): boolean;
  /** `lateMs`: when it leaves, if it had to wait. */
  sendAtMostOnce(message: Message, lateMs?: number): void;
  sendAtLeastOnce(message: Message, packetIdentifier: number, duplicate: boolean): void;
}

export interface SessionContext {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Undefined: sessions end with the process. */
  readonly store: SessionStore | undefined;
  /** The queue reached its bound: the session must end. */
  overflowed(session: Session): void;
}

/** What a stored session keeps in memory of what waits for a client that is here. */
const MEMORY_MESSAGES_MAX = 1000;
const MEMORY_BYTES_MAX = 1048576;

/** A client's subscriptions and the QoS 1 messages it is owed; outlives connections [MQTT-4.1]. */
export class Session {
  /** The name of the Client, which is the MQTT client identifier. */
  readonly client: string;
  readonly subscriptions = new Subscriptions();
  /** What its subscriptions were last judged by. */
  judgedBy: ClientAccess | undefined;
  /** All subscriptions were judged by it ahead of a change: see PreparedChange. */
  preparedFor: ClientAccess | undefined;
  /** Milliseconds since the epoch; only looked at while there is no connection. */
  expiresAtMs = Infinity;
  readonly #context: SessionContext;
  /** Undefined: what waits is in memory alone. */
  readonly #stored: StoredQueue | undefined;
  /** Undefined until something waits in memory. */
  #queue: MessageQueue | undefined;
  /** Undefined until a message is sent: most clients of a fleet are idle, or only publish. */
  #inFlight: InFlight | undefined;
  /** Messages of QoS 0 that wait for the rates; most sessions never have one. */
  #atMostOnce: AtMostOnceQueue | undefined;
  #receiver: Receiver | undefined;
  #ended = false;

  constructor(client: string, context: SessionContext, stored?: StoredQueue) {
    this.client = client;
    this.#context = context;
    this.#stored = stored;
  }

  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  /** The session's number in the store. */
  get storedId(): number | undefined {
    return this.#stored?.session;
  }

  get queuedMessages(): number {
    return this.#waiting + (this.#stored?.length ?? 0);
  }

  get #flight(): InFlight {
    return (this.#inFlight ??= new InFlight());
  }

  /** How many are in flight from an earlier connection and not yet sent on this one. */
  get #unsent(): number {
    return this.#inFlight?.unsent.size ?? 0;
  }

  get #queuedBytes(): number {
    return (this.#queue?.bytes ?? 0) + (this.#stored?.bytes ?? 0);
  }

  /** How many wait in memory. */
  get #waiting(): number {
    return this.#queue?.length ?? 0;
  }

  /** The latest subscription with a filter replaces the one before [MQTT-3.8.4-3]. */
  subscribe(subscription: Subscription): BatchNumber {
    this.subscriptions.set(subscription.filter, subscription);
    this.preparedFor = undefined;
    if (this.#stored === undefined) return NO_BATCH;
    return this.#context.store!.putSubscription(this.#stored.session, subscription);
  }

  unsubscribe(filter: string): BatchNumber {
    this.subscriptions.delete(filter);
    if (this.#stored === undefined) return NO_BATCH;
    return this.#context.store!.deleteSubscription(this.#stored.session, filter);
  }

  /**
   * Delivery goes on over this connection: first what was never acknowledged [MQTT-4.4.0-1].
   * `outlives` says whether the session is to outlive the connection.
   */
  attach(receiver: Receiver, outlives: boolean): void {
    this.#receiver = receiver;
    this.expiresAtMs = Infinity;
    if (this.#stored === undefined) {
      this.#inFlight?.restart();
    } else {
      if (this.#stored.length === 0) this.#inFlight?.forgetSuspended(Infinity);
      // One that ends with its connection must not come back when the process ends before it.
      this.#stored.setExpiry(outlives ? undefined : 0);
    }
    this.pump();
  }

  detach(expiresAtMs: number): void {
    this.#receiver = undefined;
    this.#atMostOnce = undefined;
    this.expiresAtMs = expiresAtMs;
    const stored = this.#stored;
    if (stored === undefined) return;
    stored.setExpiry(expiresAtMs);
    let inFlightMessages = 0;
    let inFlightBytes = 0;
    for (const [, message] of this.#inFlight?.unacknowledged() ?? []) {
      inFlightMessages++;
      inFlightBytes += message.bytes;
    }
    this.#inFlight?.suspend();
    stored.leaveAll(this.#waiting + inFlightMessages, (this.#queue?.bytes ?? 0) + inFlightBytes);
    this.#queue = undefined;
  }

  /** It was found in the store, without a connection. */
  restore(expiresAtMs: number): void {
    this.expiresAtMs = expiresAtMs;
    this.#stored?.setExpiry(expiresAtMs);
  }

  end(): void {
    this.#ended = true;
    this.#receiver = undefined;
    if (this.#stored !== undefined) this.#context.store!.deleteSession(this.#stored.session);
  }

  /** The message is owned by this session when this returns, unless it is one of QoS 0. */
  deliver(message: Message, grantedQos: 0 | 1): void {
    if (message.qos === 0 || grantedQos === 0) {
      this.#deliverAtMostOnce(message);
      return;
    }
    if (this.#ended) return;
    const { receivedAtMs } = message;
    if (this.queuedMessages === 0 && this.#unsent === 0 && this.#sends(receivedAtMs)) {
      if (this.#send(message)) this.#stored?.take(message);
    } else if (this.#hasRoom(message)) {
      this.#enqueue(message);
    } else {
      this.#context.overflowed(this);
    }
  }

  /** False: no message in flight has this identifier, so there is nothing to acknowledge. */
  acknowledge(packetIdentifier: number): boolean {
    const inFlight = this.#inFlight;
    if (inFlight?.has(packetIdentifier) !== true) return false;
    const message = inFlight.acknowledge(packetIdentifier);
    const number = message?.number ?? inFlight.acknowledgeSuspended(packetIdentifier);
    if (number !== undefined) this.#stored?.acknowledge(number);
    this.pump();
    return true;
  }

  /** Sends what waits, as far as the client takes it. */
  pump(): void {
    this.#pumpAtLeastOnce();
    if (this.#receiver !== undefined) this.#atMostOnce?.pump(this.#receiver, this.#context);
  }

  #pumpAtLeastOnce(): void {
    while (this.#waiting + this.#unsent > 0 && this.#sends()) {
      const [unsent] = this.#flight.unsent;
      if (unsent !== undefined) {
        const [identifier, message] = unsent;
        this.#flight.unsent.delete(identifier);
        this.#receiver!.sendAtLeastOnce(message, identifier, true);
        continue;
      }
      const message = this.#queue!.shift()!;
      if (!this.#send(message)) this.#stored?.acknowledge(message.number);
    }
    if (this.#stored !== undefined && this.#stored.length > 0 && this.#wantsMore()) {
      this.#stored.read((page) => this.#takePage(page));
    }
  }

  /** Takes back what came through a permission that is gone, queued or in flight. */
  withdraw(permitted: (message: Message) => boolean): void {
    const { metrics } = this.#context;
    const withdrawn =
      (this.#queue?.withdraw(permitted) ?? 0) +
      (this.#inFlight?.withdraw(permitted) ?? 0) +
      (this.#atMostOnce?.withdraw(permitted) ?? 0);
    metrics.messagesDroppedNotAuthorized += withdrawn;
    const remaining = [...this.subscriptions.values()].filter((each) => each.permitted);
    this.#stored?.withdraw(remaining.map(({ filter }) => filter));
    this.pump();
  }

  /** What the store removed of what waited there. */
  withdrawn(messages: number, bytes: number): void {
    this.#stored?.withdrawn(messages, bytes);
  }

  #hasRoom(message: Message): boolean {
    const { sessionQueueMessages, sessionQueueBytes } = this.#context.limits;
    return (
      this.queuedMessages < sessionQueueMessages &&
      this.#queuedBytes + message.bytes <= sessionQueueBytes
    );
  }

  #enqueue(message: Message): void {
    const stored = this.#stored;
    if (stored === undefined) {
      this.#push(message);
    } else if (this.#receiver === undefined || stored.length > 0 || !this.#fitsMemory(message)) {
      stored.leave(message);
    } else {
      stored.take(message);
      this.#push(message);
    }
  }

  #push(message: Message): void {
    this.#queue ??= new MessageQueue();
    this.#queue.push(message);
  }

  #fitsMemory(message: Message): boolean {
    return (
      this.#waiting < MEMORY_MESSAGES_MAX &&
      (this.#queue?.bytes ?? 0) + message.bytes <= MEMORY_BYTES_MAX
    );
  }

  /** Whether all that is in memory was sent to a client that takes more. */
  #wantsMore(): boolean {
    return this.#waiting === 0 && this.#unsent === 0 && this.#sends();
  }

  #takePage({ messages, last }: StoredPage): void {
    for (const message of messages) {
      if (this.#flight.resume(message) === undefined) this.#push(message);
    }
    this.#flight.forgetSuspended(last ? Infinity : messages.at(-1)!.number);
    this.pump();
  }

  #sends(nowMs = this.#context.clock.nowMs()): boolean {
    const receiver = this.#receiver;
    if (receiver === undefined || !receiver.writable) return false;
    const window = Math.min(receiver.receiveMaximum, this.#context.limits.inFlightMessages);
    return this.#flight.size - this.#unsent < window && receiver.admits(nowMs);
  }

  get #isFirstAtMostOnce(): boolean {
    return this.#atMostOnce === undefined || this.#atMostOnce.length === 0;
  }

  #deliverAtMostOnce(message: Message): void {
    const { metrics } = this.#context;
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    if (!receiver.writable) metrics.messagesDroppedSlowConsumer++;
    else if (!receiver.fits(message, 0)) metrics.messagesDroppedPacketTooLarge++;
    else if (this.#isFirstAtMostOnce && receiver.admits(message.receivedAtMs)) {
      metrics.messagesDelivered++;
      receiver.sendAtMostOnce(message);
    } else {
      this.#atMostOnce ??= new AtMostOnceQueue();
      this.#atMostOnce.push(message, metrics);
    }
  }

  /** False: it is not sent, now or later. */
  #send(message: Message): boolean {
    const { metrics, clock } = this.#context;
    const receiver = this.#receiver!;
    if (message.expiresAtMs !== Infinity && message.expiresAtMs < clock.nowMs()) {
      metrics.messagesDroppedExpired++;
    } else if (!receiver.fits(message, 1)) {
      metrics.messagesDroppedPacketTooLarge++;
    } else {
      metrics.messagesDelivered++;
      const duplicate = this.#stored?.send(message) ?? false;
      receiver.sendAtLeastOnce(message, this.#flight.add(message), duplicate);
      return true;
    }
    return false;
  }
}
