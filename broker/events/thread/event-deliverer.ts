/**
 * The events of one MqttNamespace, to all its EventSubscriptions. Each goes at its own pace, from
 * the messages that all share: `Tail`.
 */
import { isEqualJson } from '../../../domain/access.ts';
import type { DestinationFault } from '../../../domain/delivery-standing.ts';
import type { EventFilter } from '../../../domain/event-filter/event-filter.ts';
import type { Destination as DeclaredDestination } from '../../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { Clock } from '../../clock.ts';
import { after } from '../../clock.ts';
import type { Destination } from '../destinations/destination.ts';
import type { RoutedMessage } from '../routed-message.ts';
import type { ConfiguredSubscription, FromEvents, ToEvents } from '../thread-messages.ts';
import { GivenUpLog } from './given-up-log.ts';
import { MEMORY_BOUNDS, type MemoryBounds } from './memory.ts';
import { SubscriptionDelivery } from './subscription-delivery.ts';
import { RoutedEvent, Tail, type RoutableEvent } from './tail.ts';

export interface EventDelivererOptions<Event extends RoutableEvent> {
  readonly clock: Clock;
  readonly random: () => number;
  /** Never throws, whatever the message is. */
  readonly toEvent: (message: RoutedMessage, source: string) => Event;
  readonly compileFilter: (filter: EventFilter) => (event: Event) => boolean;
  readonly openDestination: (declared: DeclaredDestination) => Destination;
  readonly tell: (message: FromEvents) => void;
  /** MEMORY_BOUNDS unless given. */
  readonly bounds?: MemoryBounds;
}

/** How long progress is gathered before it is told: each time costs a commit. */
const PROGRESS_INTERVAL_MS = 200;

type PageHead = Pick<ToEvents & { type: 'page' }, 'name' | 'after' | 'upTo'>;

interface Running<Event extends RoutableEvent> {
  readonly declared: SnapshotEventSubscription;
  readonly delivery: SubscriptionDelivery<Event>;
  readonly log: GivenUpLog;
}

export class EventDeliverer<Event extends RoutableEvent> {
  readonly #options: EventDelivererOptions<Event>;
  readonly #bounds: MemoryBounds;
  readonly #tail: Tail<Event>;
  /** By name. */
  readonly #running = new Map<string, Running<Event>>();
  /** Those whose end is not over. */
  readonly #ending = new Set<Promise<void>>();
  /** Names of those that have something to tell. */
  readonly #changed = new Set<string>();
  #source = '';
  /** The number of the newest message that it knows of. */
  #acceptedUpTo = 0;
  #givenUpTo = 0;
  #cancelProgress: (() => void) | undefined;
  #isPulling = false;
  readonly #toEvent = (message: RoutedMessage): Event => {
    return this.#options.toEvent(message, this.#source);
  };

  constructor(options: EventDelivererOptions<Event>) {
    this.#options = options;
    this.#bounds = options.bounds ?? MEMORY_BOUNDS;
    this.#tail = new Tail(this.#bounds);
  }

  /** All there are from now on. One that is declared otherwise goes on where it was. */
  configure({ source, subscriptions, acceptedUpTo }: ToEvents & { type: 'configure' }): void {
    this.#source = source;
    if (acceptedUpTo > this.#acceptedUpTo) this.#tail.lacks(acceptedUpTo);
    this.#acceptedUpTo = Math.max(this.#acceptedUpTo, acceptedUpTo);
    const wanted = new Set(subscriptions.map(({ subscription }) => subscription.name));
    for (const name of this.#running.keys()) if (!wanted.has(name)) this.#end(name);
    for (const configured of subscriptions) {
      const { subscription } = configured;
      const running = this.#running.get(subscription.name);
      if (running !== undefined && isEqualJson(running.declared, subscription)) continue;
      this.#start(running === undefined ? configured : this.#handOver(subscription, running));
    }
    this.#pullSoon();
  }

  /** Messages that were just accepted, in their order; there may be gaps up to that number. */
  take(messages: Iterable<RoutedMessage>, skippedUpTo: number): void {
    this.#tail.lacks(skippedUpTo);
    for (const message of messages) {
      this.#acceptedUpTo = message.number;
      for (const gone of this.#tail.push(new RoutedEvent(message, this.#toEvent))) {
        if (gone.message.qos === 1) continue;
        for (const { delivery } of this.#running.values()) delivery.missed(gone);
      }
    }
    this.#pullSoon();
  }

  /** What a subscription asked for. */
  takePage(messages: Iterable<RoutedMessage>, { name, after, upTo }: PageHead): void {
    const events = [...messages].map((message) => new RoutedEvent(message, this.#toEvent));
    this.#running.get(name)?.delivery.page(events, after, upTo);
    this.#pullSoon();
  }

  giveUp({ upTo, messages }: Pick<ToEvents & { type: 'giveUp' }, 'upTo' | 'messages'>): void {
    this.#givenUpTo = upTo;
    for (const { delivery } of this.#running.values()) {
      for (const event of this.#tail.between(delivery.position, upTo)) {
        if (event.message.qos === 0) delivery.missed(event);
      }
      delivery.giveUp(upTo, messages);
    }
    this.#pullSoon();
  }

  /** What is on its way is cut off; what became of the rest is told before it resolves. */
  async close(): Promise<void> {
    const names = [...this.#running.keys()];
    this.#tellProgress();
    for (const name of names) this.#end(name);
    await Promise.all(this.#ending);
  }

  #handOver(subscription: SnapshotEventSubscription, running: Running<Event>) {
    const { doneUpTo, standing } = running.delivery.progress;
    // It held what the outbox does not hold any more, and lets go of it.
    const dropped = standing.dropped + running.delivery.unfinishedUpTo(this.#givenUpTo);
    this.#end(subscription.name);
    const counts = { ...standing, dropped };
    return { subscription, doneUpTo: Math.max(doneUpTo, this.#givenUpTo), counts };
  }

  #start({ subscription, doneUpTo, counts }: ConfiguredSubscription): void {
    const { clock, random, compileFilter, openDestination, tell } = this.#options;
    const { name, filter, destination, deadLetter } = subscription;
    const log = new GivenUpLog(name, clock, tell);
    const { matched, delivered, failed, deadLettered, dropped } = counts;
    const delivery = new SubscriptionDelivery<Event>({
      subscription,
      doneUpTo,
      counts: { matched, delivered, failed, deadLettered, dropped },
      matches: compileFilter(filter),
      destination: openDestination(destination),
      deadLetter: deadLetter && openDestination(deadLetter),
      bounds: this.#bounds,
      clock,
      random,
      read: (position) => tell({ type: 'read', name, after: position }),
      onProgress: (isUrgent) => this.#hasProgressed(name, isUrgent),
      onFault: (fault) => this.#tellFault(name, fault),
      log,
    });
    this.#running.set(name, { declared: subscription, delivery, log });
    this.#changed.add(name);
  }

  #end(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    this.#changed.delete(name);
    running.log.flush();
    const ending = running.delivery.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Once for all that happens in this turn of the event loop. */
  #pullSoon(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    setImmediate(() => {
      this.#isPulling = false;
      this.#pull();
    });
  }

  #pull(): void {
    let position = Infinity;
    for (const { delivery } of this.#running.values()) {
      delivery.pull(this.#tail);
      position = Math.min(position, delivery.position);
    }
    this.#tail.forget(position);
  }

  #hasProgressed(name: string, isUrgent: boolean): void {
    this.#changed.add(name);
    // There may be room now.
    this.#pullSoon();
    if (isUrgent) return this.#tellProgress();
    this.#cancelProgress ??= after(this.#options.clock, PROGRESS_INTERVAL_MS, () => {
      this.#tellProgress();
    });
  }

  #tellProgress(): void {
    this.#cancelProgress?.();
    this.#cancelProgress = undefined;
    const subscriptions = [...this.#changed].flatMap((name) => {
      return this.#running.get(name)?.delivery.progress ?? [];
    });
    this.#changed.clear();
    const givenUpTo = this.#givenUpTo;
    if (subscriptions.length === 0) return;
    this.#options.tell({ type: 'progress', givenUpTo, subscriptions });
  }

  #tellFault(name: string, fault: DestinationFault | undefined): void {
    const about = { operation: 'deliver', eventSubscription: name };
    if (fault === undefined) {
      const message = 'the destination takes events again';
      return this.#options.tell({ type: 'log', level: 'info', fields: about, message });
    }
    const fields = { ...about, reason: fault.reason };
    const message = `events wait: ${fault.message}`;
    this.#options.tell({ type: 'log', level: 'warn', fields, message });
  }
}
