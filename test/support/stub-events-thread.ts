/** Stands for the thread that delivers events where a test decides what becomes of them. */
import type { EventsThreadListener, StartEventsThread } from '../../broker/events/events-thread.ts';
import { unpackMessages } from '../../broker/events/message-pack.ts';
import type { RoutedMessage } from '../../broker/events/routed-message.ts';
import type {
  EventsThreadData,
  FromEvents,
  ToEvents,
} from '../../broker/events/thread-messages.ts';

export class StubEventsThread {
  readonly told: ToEvents[] = [];
  /** What came in `messages`, in order. */
  readonly messages: RoutedMessage[] = [];
  readonly data: EventsThreadData;
  readonly #listener: EventsThreadListener;
  /** It takes all that it is told at once. */
  takes = true;
  /** It says so when it was told to close. */
  closes = true;
  isTerminated = false;

  constructor(data: EventsThreadData, listener: EventsThreadListener) {
    this.data = data;
    this.#listener = listener;
  }

  tell(message: ToEvents): void {
    this.told.push(message);
    if (message.type === 'messages') {
      this.messages.push(...unpackMessages(message.bytes));
      if (this.takes) this.say({ type: 'taken', bytes: message.bytes.length });
    }
    if (message.type === 'close' && this.closes) setImmediate(() => this.say({ type: 'closed' }));
  }

  terminate(): void {
    this.isTerminated = true;
  }

  say(message: FromEvents): void {
    this.#listener.onTold(message);
  }

  /** All up to this number were delivered. */
  progress(name: string, doneUpTo: number, matched = 0): void {
    const counts = { matched, delivered: matched, failed: 0, deadLettered: 0, dropped: 0 };
    const standing = { name, ...counts, pending: 0 };
    const givenUpTo = this.told.findLast(({ type }) => type === 'giveUp');
    const counted = givenUpTo?.type === 'giveUp' ? givenUpTo.upTo : 0;
    this.say({
      type: 'progress',
      givenUpTo: counted,
      subscriptions: [{ doneUpTo, standing }],
    });
  }

  crash(): void {
    this.#listener.onEnded(new Error('a bug'));
  }

  last<Type extends ToEvents['type']>(type: Type): ToEvents & { type: Type } {
    return this.told.findLast((message) => message.type === type) as ToEvents & { type: Type };
  }
}

/** Threads in the order in which they were started. */
export function stubEventsThreads(): {
  readonly threads: StubEventsThread[];
  readonly startEventsThread: StartEventsThread;
} {
  const threads: StubEventsThread[] = [];
  return {
    threads,
    startEventsThread(data, listener) {
      const thread = new StubEventsThread(data, listener);
      threads.push(thread);
      return thread;
    },
  };
}
