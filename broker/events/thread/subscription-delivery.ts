/**
 * One EventSubscription at work: takes messages in their order, sends those that match to its
 * destination, and what cannot be delivered to its dead letter. It knows up to which message all is
 * done, so that a restart neither loses nor repeats more than what was on its way.
 */
import type { DeliveryStanding, DestinationFault } from '../../../domain/delivery-standing.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { Clock } from '../../clock.ts';
import type { Destination } from '../destinations/destination.ts';
import type { DeliveryCounts, SubscriptionProgress } from '../thread-messages.ts';
import { DEAD_LETTER_TIME_TO_LIVE_MS, deadLetterOf } from './dead-letter.ts';
import { DeliveryQueue, type GivenUp } from './delivery-queue.ts';
import type { GivenUpLog } from './given-up-log.ts';
import type { QueuedEvent } from './lanes.ts';
import type { MemoryBounds } from './memory.ts';
import type { RoutableEvent, RoutedEvent, Tail } from './tail.ts';

export interface SubscriptionDeliveryOptions<Event extends RoutableEvent> {
  readonly subscription: SnapshotEventSubscription;
  readonly doneUpTo: number;
  readonly counts: DeliveryCounts;
  readonly matches: (event: Event) => boolean;
  readonly destination: Destination;
  readonly deadLetter: Destination | undefined;
  readonly bounds: MemoryBounds;
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks for what comes after that number; `page` is called with it. */
  readonly read: (after: number) => void;
  /** `progress` answers something else now; `isUrgent`: people wait for it. */
  readonly onProgress: (isUrgent: boolean) => void;
  readonly onFault: (fault: DestinationFault | undefined) => void;
  readonly log: GivenUpLog;
}

export class SubscriptionDelivery<Event extends RoutableEvent> {
  readonly #options: SubscriptionDeliveryOptions<Event>;
  readonly #queue: DeliveryQueue;
  readonly #deadLetters: DeliveryQueue | undefined;
  readonly #counts: { -readonly [Name in keyof DeliveryCounts]: number };
  /** Everything up to this number was looked at. */
  #position: number;
  /** Bytes of those that are not done, by number, ascending. */
  readonly #unfinished = new Map<number, number>();
  #unfinishedBytes = 0;
  /** What was read of the outbox, and is to be looked at before anything of the tail. */
  #page: RoutedEvent<Event>[] = [];
  #pageUpTo = 0;
  /** After which number it asked for a page. */
  #askedAfter: number | undefined;

  constructor(options: SubscriptionDeliveryOptions<Event>) {
    this.#options = options;
    this.#position = options.doneUpTo;
    this.#counts = { ...options.counts };
    const { subscription, destination, deadLetter } = options;
    this.#queue = this.#newQueue(destination, {
      policy: {
        maxAttempts: subscription.maxDeliveryAttempts,
        timeToLiveMs: subscription.eventTimeToLiveMs,
      },
      onDelivered: (event) => {
        this.#counts.delivered++;
        this.#finish(event);
      },
      onFailed: () => this.#failed(),
      onGivenUp: (event, why) => this.#givenUp(event, why),
    });
    this.#deadLetters =
      deadLetter &&
      this.#newQueue(deadLetter, {
        policy: { maxAttempts: Infinity, timeToLiveMs: DEAD_LETTER_TIME_TO_LIVE_MS },
        onDelivered: (event) => {
          this.#counts.deadLettered++;
          this.#finish(event);
        },
        onFailed: () => this.#failed(),
        onGivenUp: (event, why) => this.#drop(event, why),
      });
  }

  /** Up to here it needs nothing of the tail. */
  get position(): number {
    return this.#position;
  }

  get progress(): SubscriptionProgress {
    const [first] = this.#unfinished.keys();
    const fault = this.#fault;
    const standing: DeliveryStanding = {
      name: this.#options.subscription.name,
      ...this.#counts,
      pending: this.#unfinished.size,
      ...(fault && { fault }),
    };
    return { doneUpTo: first === undefined ? this.#position : first - 1, standing };
  }

  /** How many of those with numbers up to this one are not done. */
  unfinishedUpTo(upTo: number): number {
    let count = 0;
    for (const number of this.#unfinished.keys()) if (number <= upTo) count++;
    return count;
  }

  /** Takes what there is room for. */
  pull(tail: Tail<Event>): void {
    const before = this.#position;
    while (this.#hasRoom) {
      const event = this.#next(tail);
      if (event === undefined) break;
      this.#take(event);
    }
    if (this.#position !== before) this.#options.onProgress(false);
    this.#queue.pump();
    this.#deadLetters?.pump();
  }

  /** The answer to `read`, of this one or of one that it took over from. */
  page(events: readonly RoutedEvent<Event>[], askedAfter: number, upTo: number): void {
    if (askedAfter !== this.#askedAfter) return;
    this.#askedAfter = undefined;
    this.#page = events.filter(({ message }) => message.number > this.#position).reverse();
    this.#pageUpTo = upTo;
  }

  /** It left the tail, and was never stored. */
  missed(event: RoutedEvent<Event>): void {
    if (event.message.number <= this.#position || this.#queuedOf(event) === undefined) return;
    this.#counts.matched++;
    this.#counts.dropped++;
    this.#options.onProgress(false);
  }

  /**
   * The outbox gave up what has numbers up to this one: so many messages, of which some may have
   * been taken. Nobody knows any more what of the others would have matched, so all count; what is
   * in memory goes on.
   */
  giveUp(upTo: number, messages: number): void {
    const dropped = Math.min(messages, upTo - this.#position);
    if (dropped <= 0) return;
    this.#position = upTo;
    this.#page = this.#page.filter(({ message }) => message.number > upTo);
    this.#counts.dropped += dropped;
    this.#options.onProgress(true);
  }

  async close(): Promise<void> {
    await Promise.all([this.#queue.close(), this.#deadLetters?.close()]);
  }

  get #hasRoom(): boolean {
    const { windowEvents, windowBytes } = this.#options.bounds;
    return this.#unfinished.size < windowEvents && this.#unfinishedBytes < windowBytes;
  }

  get #fault(): DestinationFault | undefined {
    const fault = this.#deadLetters?.fault;
    const deadLetterFault = fault && { ...fault, message: `the dead letter: ${fault.message}` };
    return this.#queue.fault ?? deadLetterFault;
  }

  #next(tail: Tail<Event>): RoutedEvent<Event> | undefined {
    const read = this.#page.pop();
    if (read !== undefined) return read;
    this.#position = Math.max(this.#position, this.#pageUpTo);
    if (tail.reaches(this.#position)) return tail.after(this.#position);
    if (this.#askedAfter === undefined) {
      this.#askedAfter = this.#position;
      this.#options.read(this.#position);
    }
    return undefined;
  }

  #take(routed: RoutedEvent<Event>): void {
    const { message } = routed;
    this.#position = message.number;
    const queued = this.#queuedOf(routed);
    if (queued === undefined) return;
    this.#counts.matched++;
    this.#unfinished.set(message.number, queued.json.length);
    this.#unfinishedBytes += queued.json.length;
    this.#queue.push(queued);
  }

  /**
   * Undefined: it does not match. No message is known of which no event can be made; if there is
   * one all the same, the thread must not end of it, since it would meet it again at each start.
   */
  #queuedOf(routed: RoutedEvent<Event>): QueuedEvent | undefined {
    const { number, topic, receivedAtMs } = routed.message;
    try {
      const { event } = routed;
      if (!this.#options.matches(event)) return undefined;
      const { id, subject = topic } = event;
      return { id, subject, topic, json: event.json(), number, receivedAtMs };
    } catch (error) {
      this.#counts.dropped++;
      this.#options.log.bug(topic, error);
      return undefined;
    }
  }

  #newQueue(
    destination: Destination,
    handlers: Pick<
      ConstructorParameters<typeof DeliveryQueue>[0],
      'policy' | 'onDelivered' | 'onFailed' | 'onGivenUp'
    >,
  ): DeliveryQueue {
    const { clock, random } = this.#options;
    const onFault = (): void => {
      this.#options.onFault(this.#fault);
      this.#options.onProgress(true);
    };
    return new DeliveryQueue({ destination, clock, random, onFault, ...handlers });
  }

  #failed(): void {
    this.#counts.failed++;
    this.#options.onProgress(false);
  }

  #givenUp(event: QueuedEvent, why: GivenUp): void {
    if (this.#deadLetters === undefined) return this.#drop(event, why);
    const { subscription, clock, log } = this.#options;
    log.tell(event, why, 'it goes to the dead letter');
    // The dead letter has its own time, from now on.
    const letter = { ...deadLetterOf(event, subscription.name, why), receivedAtMs: clock.nowMs() };
    this.#deadLetters.push(letter);
    this.#deadLetters.pump();
  }

  #drop(event: QueuedEvent, why: GivenUp): void {
    this.#counts.dropped++;
    this.#options.log.tell(event, why, 'it is dropped');
    this.#finish(event);
  }

  #finish({ number }: QueuedEvent): void {
    this.#unfinishedBytes -= this.#unfinished.get(number) ?? 0;
    this.#unfinished.delete(number);
    this.#options.onProgress(false);
  }
}
