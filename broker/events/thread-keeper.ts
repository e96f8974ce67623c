import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { after } from '../clock.ts';
import type { EventsThread, StartEventsThread } from './events-thread.ts';
import type { EventsThreadData, FromEvents } from './thread-messages.ts';

/** A thread that ends although it should not is started again after so long, then twice that. */
const RESTART_MS = 1000;
const RESTART_MS_MAX = 60000;
/** One that lived for so long is no longer held to have failed before. */
const SOUND_MS = 60000;
/** Destinations that do not let go hold nobody up for longer: what they have comes again. */
const CLOSE_TIMEOUT_MS = 1500;

export interface ThreadKeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly data: EventsThreadData;
  readonly start: StartEventsThread;
  /** It knows nothing yet. */
  readonly onStarted: () => void;
  readonly onTold: (message: FromEvents) => void;
}

/** Has the thread that delivers events run while it is wanted, one at a time. */
export class ThreadKeeper {
  readonly #options: ThreadKeeperOptions;
  #thread: EventsThread | undefined;
  #wanted = false;
  #closing: Promise<void> | undefined;
  /** Called when the thread is gone. */
  #gone: (() => void) | undefined;
  #failures = 0;
  #startedAtMs = 0;
  #cancelRestart: (() => void) | undefined;

  constructor(options: ThreadKeeperOptions) {
    this.#options = options;
  }

  /** Undefined: there is none that would listen. */
  get thread(): EventsThread | undefined {
    return this.#closing === undefined ? this.#thread : undefined;
  }

  /** Takes effect at once, or as soon as the one before has ended. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (!wanted) void this.#close();
    else if (this.#closing !== undefined) return;
    else if (this.#thread === undefined && this.#cancelRestart === undefined) this.#start();
  }

  /** The thread was told all that it will be told; it settles what it can in bounded time. */
  async close(): Promise<void> {
    this.#wanted = false;
    await this.#close();
  }

  #start(): void {
    const { clock, data, start, onStarted, onTold } = this.#options;
    this.#startedAtMs = clock.nowMs();
    const thread = start(data, {
      // What one says that was replaced is of no interest.
      onTold: (message) => {
        if (this.#thread !== thread) return;
        if (message.type === 'closed') this.#gone?.();
        else onTold(message);
      },
      onEnded: (error) => void (this.#thread === thread && this.#ended(error)),
    });
    this.#thread = thread;
    onStarted();
  }

  #close(): Promise<void> {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    if (this.#thread === undefined) return Promise.resolve();
    return (this.#closing ??= this.#end(this.#thread));
  }

  async #end(thread: EventsThread): Promise<void> {
    const gone = new Promise<void>((resolve) => (this.#gone = resolve));
    thread.tell({ type: 'close' });
    await Promise.race([gone, setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    if (this.#thread === thread) thread.terminate();
    this.#thread = undefined;
    this.#closing = undefined;
    if (this.#wanted) this.#start();
  }

  #ended(error: Error | undefined): void {
    this.#thread = undefined;
    if (this.#closing !== undefined) this.#gone?.();
    else this.#failed(error ?? new Error('it ended by itself'));
  }

  /** A bug: nothing that a client or a destination does may end it. */
  #failed(error: Error): void {
    const { clock, logger } = this.#options;
    this.#failures = clock.nowMs() - this.#startedAtMs >= SOUND_MS ? 0 : this.#failures;
    const waitMs = Math.min(RESTART_MS * 2 ** this.#failures, RESTART_MS_MAX);
    this.#failures = Math.min(this.#failures + 1, RESTART_MS_MAX / RESTART_MS);
    logger.error(
      { operation: 'route', err: error },
      `the thread that delivers events failed and is started again in ${waitMs / 1000} s; ` +
        'events of QoS 1 messages wait in the outbox. This is a bug: please report it',
    );
    this.#cancelRestart = after(clock, waitMs, () => {
      this.#cancelRestart = undefined;
      if (this.#wanted) this.#start();
    });
  }
}
