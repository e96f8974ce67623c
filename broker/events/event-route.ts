import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { isEqualJson } from '../../domain/access.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { Snapshot, SnapshotEventSubscription } from '../../domain/snapshot.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Message } from '../packets/message.ts';
import type { EventCursor, FoundEvents, SessionStore } from '../store/session-store.ts';
import { OUTBOX_SESSION } from '../store/session-store.ts';
import { EventFeed } from './event-feed.ts';
import type { StartEventsThread } from './events-thread.ts';
import { OutboxBounds } from './outbox-bounds.ts';
import type { SecretsSource } from './secrets.ts';
import { ThreadKeeper } from './thread-keeper.ts';
import type { DeliveryCounts, FromEvents } from './thread-messages.ts';

/** What of a snapshot is for events. */
export type RoutingSnapshot = Pick<Snapshot, 'name' | 'limits' | 'route' | 'eventSubscriptions'>;

export interface EventRouteOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly store: SessionStore | undefined;
  readonly secrets: SecretsSource | undefined;
  readonly startThread: StartEventsThread;
  /** `deliveries` changed. */
  readonly onDeliveries: () => void;
}

interface KnownSubscription {
  /** Undefined: it was found in the store, and the declarations were not looked at yet. */
  subscription: SnapshotEventSubscription | undefined;
  doneUpTo: number;
  standing: DeliveryStanding;
  /**
   * At most so many of the messages that the outbox does not hold any more are neither done nor
   * counted as dropped: should the thread or the process end, they are lost.
   */
  unstored: number;
}

const NO_COUNTS: DeliveryCounts = {
  matched: 0,
  delivered: 0,
  failed: 0,
  deadLettered: 0,
  dropped: 0,
};

/** Of a store of no file. */
const STORE_IDS = 2 ** 32;

/**
 * The way of accepted messages to become events, as far as it is the broker's own: what is QoS 1
 * waits in the outbox until every EventSubscription is done with it, and all is told to the thread
 * that delivers. ADR 26.
 */
export class EventRoute {
  readonly #options: EventRouteOptions;
  readonly #keeper: ThreadKeeper;
  readonly #feed: EventFeed;
  readonly #bounds: OutboxBounds;
  readonly #known = new Map<string, KnownSubscription>();
  #snapshot: RoutingSnapshot;
  #active = false;
  #cursorsLost: boolean;
  /** Of messages that are in no store. */
  #numbers = 0;
  #trimmedUpTo = 0;
  #givenUpTo = 0;
  /** The outbox was at its bound, and has not been half empty since. */
  #isOverflowing = false;
  #deliveries: readonly DeliveryStanding[] | undefined;

  constructor(snapshot: RoutingSnapshot, options: EventRouteOptions) {
    this.#options = options;
    this.#snapshot = snapshot;
    const { clock, logger, metrics, store, secrets, startThread: start } = options;
    const found = store?.takeFoundEvents() ?? nothingFound();
    this.#cursorsLost = found.cursorsLost;
    this.#bounds = new OutboxBounds(found.outbox, snapshot.limits);
    for (const { name, doneUpTo, ...counts } of found.cursors) {
      const standing = { name, ...counts, pending: 0 };
      this.#known.set(name, { subscription: undefined, doneUpTo, standing, unstored: 0 });
    }
    const data = { storeId: found.storeId, ...(secrets !== undefined && { secrets }) };
    const onTold = (message: FromEvents): void => this.#told(message);
    const onStarted = (): void => {
      this.#feed.started();
      this.#forgetUnstored();
      this.#configure();
    };
    this.#keeper = new ThreadKeeper({ clock, logger, data, start, onStarted, onTold });
    this.#feed = new EventFeed(this.#keeper, metrics);
    this.apply(snapshot);
  }

  /** Whether any message becomes an event: nothing else is to be called for one that does not. */
  get active(): boolean {
    return this.#active;
  }

  /** How the EventSubscriptions fare, sorted by name. */
  get deliveries(): readonly DeliveryStanding[] {
    return (this.#deliveries ??= [...this.#known.values()]
      .map(({ standing }) => standing)
      .sort((one, other) => (one.name < other.name ? -1 : 1)));
  }

  /** Takes effect at once; who is new gets what is accepted from now on. */
  apply(snapshot: RoutingSnapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    this.#bounds.setBounds(snapshot.limits);
    const subscriptions = subscriptionsOf(snapshot);
    const isUnchanged = this.#active && isEqualJson(subscriptionsOf(before), subscriptions);
    if (isUnchanged && before.name === snapshot.name) return this.#makeRoom(0, 0);
    this.#feed.flush();
    this.#learn(subscriptions);
    this.#active = subscriptions.length > 0;
    if (this.#active && this.#keeper.thread !== undefined) this.#configure();
    this.#keeper.want(this.#active);
    this.#trim();
    this.#makeRoom(0, 0);
  }

  /** Why a QoS 1 message of so many bytes cannot become an event; undefined: it can. */
  refusal(bytes: number): string | undefined {
    if (!this.#rejects || this.#bounds.hasRoom(1, bytes)) return undefined;
    this.#tellOverflow('QoS 1 messages are refused until there is room');
    this.#options.metrics.exceededEventOutbox++;
    return `${this.#boundText}; publish it again later`;
  }

  /** The message is accepted; one of QoS 1 is owned by the outbox as well from now on. */
  route(message: Message): void {
    const { metrics, store } = this.#options;
    const isStored = message.qos === 1 && store !== undefined;
    if (!isStored && this.#rejects && !this.#bounds.hasRoom(1, message.bytes)) {
      metrics.messagesRouteDropped++;
      return;
    }
    metrics.messagesRouted++;
    const number = message.number > 0 ? message.number : this.#newNumber();
    if (isStored) {
      this.#makeRoom(1, message.bytes);
      message.owners.push(OUTBOX_SESSION);
      this.#bounds.add(number, message.bytes);
    }
    this.#feed.push(number, message, isStored);
  }

  /** Nothing more is routed. Takes 2 seconds at the most, whatever destinations do. */
  async close(): Promise<void> {
    this.#active = false;
    this.#feed.flush();
    await this.#keeper.close();
  }

  get #rejects(): boolean {
    return this.#snapshot.route?.outboxOverflow === 'RejectPublish';
  }

  get #boundText(): string {
    const { limits, route } = this.#snapshot;
    return (
      `the outbox of events for EventTopic ${route?.eventTopic} is at its bound of ` +
      `${limits.eventOutboxMessages} messages or ${limits.eventOutboxBytes} bytes`
    );
  }

  get #lastNumber(): number {
    return this.#options.store?.lastMessageNumber ?? this.#numbers;
  }

  #newNumber(): number {
    return this.#options.store?.newMessageNumber() ?? ++this.#numbers;
  }

  #learn(subscriptions: readonly SnapshotEventSubscription[]): void {
    const { store } = this.#options;
    const names = new Set(subscriptions.map(({ name }) => name));
    for (const name of this.#known.keys()) {
      if (names.has(name)) continue;
      this.#known.delete(name);
      store?.deleteEventCursor(name);
    }
    for (const subscription of subscriptions) {
      const known = this.#known.get(subscription.name) ?? this.#begin(subscription.name);
      known.subscription = subscription;
    }
    // All of them have a cursor now: who comes later is new.
    if (this.#cursorsLost) store?.acceptLostCursors();
    this.#cursorsLost = false;
    this.#deliveriesChanged();
  }

  #begin(name: string): KnownSubscription {
    const doneUpTo = this.#cursorsLost ? 0 : this.#lastNumber;
    const standing = { name, ...NO_COUNTS, pending: 0 };
    const known = { subscription: undefined, doneUpTo, standing, unstored: 0 };
    this.#known.set(name, known);
    this.#options.store?.putEventCursor({ name, doneUpTo, ...NO_COUNTS });
    return known;
  }

  #configure(): void {
    const subscriptions = [...this.#known.values()].flatMap((known) => {
      const { doneUpTo, ...counts } = this.#cursorOf(known);
      const { subscription } = known;
      return subscription === undefined ? [] : { subscription, doneUpTo, counts };
    });
    const acceptedUpTo = this.#lastNumber;
    const source = this.#snapshot.name;
    this.#feed.configured(acceptedUpTo);
    this.#keeper.thread?.tell({ type: 'configure', source, subscriptions, acceptedUpTo });
  }

  #told(message: FromEvents): void {
    if (message.type === 'progress') this.#hasProgressed(message);
    else if (message.type === 'taken') this.#feed.taken(message.bytes);
    else if (message.type === 'read') this.#read(message.name, message.after);
    else if (message.type === 'log') {
      this.#options.logger[message.level](message.fields, message.message);
    }
  }

  #hasProgressed({ subscriptions, givenUpTo }: FromEvents & { type: 'progress' }): void {
    // Of one that cannot be kept for now, a later one is.
    const store = this.#options.store?.behind === true ? undefined : this.#options.store;
    for (const { doneUpTo, standing } of subscriptions) {
      const known = this.#known.get(standing.name);
      if (known === undefined) continue;
      known.doneUpTo = Math.max(known.doneUpTo, doneUpTo);
      known.standing = standing;
      if (givenUpTo === this.#givenUpTo) {
        known.unstored = known.doneUpTo < givenUpTo ? standing.pending : 0;
      }
      store?.putEventCursor(this.#cursorOf(known));
    }
    this.#trim();
    this.#deliveriesChanged();
  }

  /** Those that only the thread before had are lost with it. */
  #forgetUnstored(): void {
    for (const known of this.#known.values()) {
      const { doneUpTo, dropped } = this.#cursorOf(known);
      known.doneUpTo = doneUpTo;
      known.standing = { ...known.standing, dropped };
      known.unstored = 0;
    }
  }

  /** Where whoever knows nothing but the outbox is to go on, and what is counted by then. */
  #cursorOf({ doneUpTo, standing, unstored }: KnownSubscription): EventCursor {
    const { name, matched, delivered, failed, deadLettered, dropped } = standing;
    const counts = { matched, delivered, failed, deadLettered, dropped: dropped + unstored };
    return { name, doneUpTo: Math.max(doneUpTo, this.#givenUpTo), ...counts };
  }

  /** All that was accepted before must have been told before the answer, which says so. */
  #read(name: string, after: number): void {
    const { store } = this.#options;
    const { thread } = this.#keeper;
    this.#feed.flush();
    const page =
      store?.readOutbox(after) ??
      Promise.resolve({ bytes: new Uint8Array(0), upTo: this.#lastNumber });
    void page.then(({ bytes, upTo }) => {
      if (thread === undefined || thread !== this.#keeper.thread) return;
      thread.tell({ type: 'page', name, after, bytes, upTo }, [bytes.buffer]);
    });
  }

  /** What everybody is done with, or was given up, goes. */
  #trim(): void {
    const { store } = this.#options;
    let upTo = this.#lastNumber;
    for (const { doneUpTo } of this.#known.values()) upTo = Math.min(upTo, doneUpTo);
    upTo = Math.max(upTo, this.#givenUpTo);
    if (upTo <= this.#trimmedUpTo) return;
    const isEmpty = this.#bounds.messages === 0 && this.#givenUpTo <= this.#trimmedUpTo;
    this.#trimmedUpTo = upTo;
    if (isEmpty) return;
    this.#bounds.trim(upTo);
    store?.trimOutbox(upTo);
    if (this.#isOverflowing && !this.#bounds.isHalfFull) {
      this.#isOverflowing = false;
      this.#options.logger.info({ operation: 'route' }, 'the outbox of events is half empty again');
    }
  }

  #makeRoom(messages: number, bytes: number): void {
    if (this.#rejects) return;
    const given = this.#bounds.makeRoom(messages, bytes);
    if (given === undefined) return;
    this.#tellOverflow('the oldest events are given up');
    this.#options.metrics.messagesRouteGivenUp += given.messages;
    const { upTo, messages: givenUp } = given;
    this.#givenUpTo = upTo;
    for (const known of this.#known.values()) {
      if (known.doneUpTo >= upTo) continue;
      known.unstored += givenUp;
      this.#options.store?.putEventCursor(this.#cursorOf(known));
    }
    this.#feed.flush();
    this.#keeper.thread?.tell({ type: 'giveUp', upTo, messages: givenUp });
    this.#trim();
  }

  /** Once for all that happens until there is room again. */
  #tellOverflow(consequence: string): void {
    if (this.#isOverflowing) return;
    this.#isOverflowing = true;
    this.#options.logger.error(
      { operation: 'route', messages: this.#bounds.messages, bytes: this.#bounds.bytes },
      `${this.#boundText}: ${consequence}. See to the destinations that take no events, or raise ` +
        'limits.eventOutboxMessages and limits.eventOutboxBytes of the MqttNamespace',
    );
  }

  #deliveriesChanged(): void {
    this.#deliveries = undefined;
    this.#options.onDeliveries();
  }
}

function nothingFound(): FoundEvents {
  return { storeId: randomInt(STORE_IDS), cursors: [], cursorsLost: false, outbox: [] };
}

function subscriptionsOf({
  route,
  eventSubscriptions,
}: RoutingSnapshot): readonly SnapshotEventSubscription[] {
  return route === undefined ? [] : eventSubscriptions;
}
