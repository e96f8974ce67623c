/** Tells of events that were given up: the first at once, those that follow soon as a number. */
import type { Clock } from '../../clock.ts';
import { after } from '../../clock.ts';
import type { FromEvents } from '../thread-messages.ts';
import type { GivenUp } from './delivery-queue.ts';
import type { QueuedEvent } from './lanes.ts';

/** A destination that is away for a day must not fill a disk with lines. */
const QUIET_MS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

export class GivenUpLog {
  readonly #subscription: string;
  readonly #clock: Clock;
  readonly #tell: (log: FromEvents & { type: 'log' }) => void;
  #untold = 0;
  #cancel: (() => void) | undefined;

  constructor(
    subscription: string,
    clock: Clock,
    tell: (log: FromEvents & { type: 'log' }) => void,
  ) {
    this.#subscription = subscription;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `what` becomes of it. */
  tell({ id, topic }: QueuedEvent, { reason, attempts, cause }: GivenUp, what: string): void {
    const about = { id, topic, reason, attempts, cause };
    this.#tellNow('warn', about, `an event was given up (${reason}): ${what}`);
  }

  /** A message that is no event, although every message is one. */
  bug(topic: string, error: unknown): void {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = 'no event could be made of a message: it is dropped. This is a bug: report it';
    this.#tellNow('error', { topic, cause }, message);
  }

  /** Whatever was not told yet. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#untold === 0) return;
    const events = this.#untold;
    this.#untold = 0;
    this.#log('warn', { events }, `${events} more events were given up`);
  }

  #tellNow(level: 'warn' | 'error', about: Fields, message: string): void {
    if (this.#cancel !== undefined) {
      this.#untold++;
      return;
    }
    this.#log(level, about, message);
    this.#cancel = after(this.#clock, QUIET_MS, () => this.flush());
  }

  #log(level: 'warn' | 'error', about: Fields, message: string): void {
    const fields = { operation: 'deliver', eventSubscription: this.#subscription, ...about };
    this.#tell({ type: 'log', level, fields, message });
  }
}
