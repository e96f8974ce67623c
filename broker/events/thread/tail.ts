/**
 * The newest messages, held once for all subscriptions. Whoever is too slow for it reads what it
 * missed from the outbox.
 */
import type { RoutedMessage } from '../routed-message.ts';
import type { MemoryBounds } from './memory.ts';

/** A message as subscriptions see it. */
export interface RoutableEvent {
  readonly id: string;
  readonly subject: string | undefined;
  /** The MQTT topic. */
  readonly topic: string;
  /** In the JSON event format, on one line. */
  json(): Buffer;
}

/** A message, and the event that it becomes when a subscription first asks for it. */
export class RoutedEvent<Event extends RoutableEvent> {
  readonly message: RoutedMessage;
  readonly #toEvent: (message: RoutedMessage) => Event;
  #event: Event | undefined;

  constructor(message: RoutedMessage, toEvent: (message: RoutedMessage) => Event) {
    this.message = message;
    this.#toEvent = toEvent;
  }

  get event(): Event {
    return (this.#event ??= this.#toEvent(this.message));
  }
}

export class Tail<Event extends RoutableEvent> {
  /** By number, ascending; those before `#first` are gone. */
  #events: RoutedEvent<Event>[] = [];
  #first = 0;
  #bytes = 0;
  /** Messages of the outbox up to this number may be missing here. */
  #missingUpTo = 0;
  readonly #bounds: MemoryBounds;

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#events.length - this.#first;
  }

  /** Whoever is at this position finds all that follows here. */
  reaches(position: number): boolean {
    return position >= this.#missingUpTo;
  }

  /** What has numbers up to this one, and is not here, has to be read. */
  lacks(upTo: number): void {
    this.#missingUpTo = Math.max(this.#missingUpTo, upTo);
  }

  /**
   * Answers what has to go for it, which nobody finds here any more. The oldest go first; a
   * message that is larger than all the room has the room for itself.
   */
  push(event: RoutedEvent<Event>): RoutedEvent<Event>[] {
    this.#events.push(event);
    this.#bytes += bytesOf(event);
    const gone: RoutedEvent<Event>[] = [];
    const { tailMessages, tailBytes } = this.#bounds;
    while (this.length > 1 && (this.length > tailMessages || this.#bytes > tailBytes)) {
      gone.push(this.#shift());
    }
    const last = gone.findLast(({ message }) => message.qos === 1);
    if (last !== undefined) this.lacks(last.message.number);
    return gone;
  }

  /** The first one after the position, if it is here. */
  after(position: number): RoutedEvent<Event> | undefined {
    return this.#events[this.#indexAfter(position)];
  }

  /** What is here of those after the position, up to that number. */
  *between(position: number, upTo: number): Generator<RoutedEvent<Event>> {
    for (let index = this.#indexAfter(position); index < this.#events.length; index++) {
      const event = this.#events[index]!;
      if (event.message.number > upTo) return;
      yield event;
    }
  }

  #indexAfter(position: number): number {
    let [low, high] = [this.#first, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.message.number > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Nobody needs what has numbers up to this one, but who comes later may. */
  forget(upTo: number): void {
    while (this.length > 0 && this.#events[this.#first]!.message.number <= upTo) {
      this.lacks(this.#shift().message.number);
    }
  }

  #shift(): RoutedEvent<Event> {
    const event = this.#events[this.#first]!;
    this.#first++;
    this.#bytes -= bytesOf(event);
    // What is gone is let go of now and then, not each time: that would move all the others.
    if (this.#first >= this.#bounds.tailMessages || this.length === 0) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return event;
  }
}

function bytesOf({ message }: RoutedEvent<RoutableEvent>): number {
  return message.topic.length + message.payload.length + message.properties.length;
}
