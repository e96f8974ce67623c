/** Tells of events that were given up: the first at once, those that follow soon as a number. */
import type { Clock } from '../../clock.ts';
import { after } from '../../clock.ts';
import type { FromEvents } from '../thread-messages.ts';
import type { GivenUp } from './delivery-queue.ts';
import type { QueuedEvent } from './lanes.ts';

/** A destination that is away for a day must not fill a disk with lines. */
const QUIET_MS = 10_000;

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
    if (this.#cancel !== undefined) {
      this.#untold++;
      return;
    }
    this.#warn(
      { id, topic, reason, attempts, cause },
      `an event was given up (${reason}): ${what}`,
    );
    this.#cancel = after(this.#clock, QUIET_MS, () => this.flush());
  }

  /** Whatever was not told yet. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#untold === 0) return;
    const events = this.#untold;
    this.#untold = 0;
    this.#warn({ events }, `${events} more events were given up`);
  }

  #warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    const about = { operation: 'deliver', eventSubscription: this.#subscription, ...fields };
    this.#tell({ type: 'log', level: 'warn', fields: about, message });
  }
}
