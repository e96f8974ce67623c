import type { Clock } from '../control/clock.ts';
import { UnreachableError } from './kube-api.ts';

export interface CallLimits {
  /** Calls that wait for an answer at the same time. A watch is none of them. */
  readonly inFlightMax: number;
  readonly writesPerSecond: number;
  /** Writes that may go at once after a quiet time. */
  readonly writesBurst: number;
}

/**
 * 16 calls keep two cores of an API server busy: more only wait there. Such a server takes 600 to
 * 700 writes a second, so 400 leave a third of it to everybody else; the burst is two seconds.
 */
export const CALL_LIMITS_DEFAULT: CallLimits = {
  inFlightMax: 16,
  writesPerSecond: 400,
  writesBurst: 800,
};

/** Twice the clients that a MqttNamespace may have, which all change status at once. */
const WAITING_MAX = 20_000;

/** Tokens are given in portions of this time: a timer for each would cost more than the call. */
const PORTION_MS = 5;

interface Waiting {
  readonly go: () => void;
  readonly fail: (error: Error) => void;
}

/** Bounds how many calls are under way, and how many writes are begun in a second. */
export class CallLimiter {
  readonly #limits: CallLimits;
  readonly #clock: Clock;
  readonly #forSlot: Waiting[] = [];
  readonly #forToken: Waiting[] = [];
  #inFlight = 0;
  #tokens: number;
  #refilledMs: number;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(limits: CallLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.writesBurst;
    this.#refilledMs = clock.nowMs();
  }

  /** @throws UnreachableError where the call was not begun: too many wait, or it is closed */
  async run<Answer>(isWrite: boolean, call: () => Promise<Answer>): Promise<Answer> {
    if (isWrite) await this.#token();
    await this.#slot();
    try {
      return await call();
    } finally {
      this.#inFlight--;
      if (this.#forSlot.length > 0) {
        this.#inFlight++;
        this.#forSlot.shift()?.go();
      }
    }
  }

  /** What waits is refused, and so is whatever comes. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    const error = new UnreachableError('not sent: the client is closed');
    for (const { fail } of [...this.#forToken.splice(0), ...this.#forSlot.splice(0)]) fail(error);
  }

  #slot(): Promise<void> | undefined {
    if (!this.#closed && this.#inFlight < this.#limits.inFlightMax) {
      this.#inFlight++;
      return undefined;
    }
    return this.#wait(this.#forSlot);
  }

  #token(): Promise<void> | undefined {
    this.#refill();
    if (!this.#closed && this.#forToken.length === 0 && this.#tokens >= 1) {
      this.#tokens--;
      return undefined;
    }
    const waiting = this.#wait(this.#forToken);
    this.#schedule();
    return waiting;
  }

  #wait(queue: Waiting[]): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new UnreachableError('not sent: the client is closed'));
    }
    if (queue.length >= WAITING_MAX) {
      const message = `not sent: ${WAITING_MAX} calls wait already`;
      return Promise.reject(new UnreachableError(message));
    }
    return new Promise((go, fail) => queue.push({ go, fail }));
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs();
    // A clock that was set back gives nothing, and goes on from there.
    const elapsedMs = Math.max(0, nowMs - this.#refilledMs);
    const { writesPerSecond, writesBurst } = this.#limits;
    this.#tokens = Math.min(writesBurst, this.#tokens + (elapsedMs * writesPerSecond) / 1000);
    this.#refilledMs = nowMs;
  }

  #schedule(): void {
    if (this.#cancelTimer !== undefined || this.#forToken.length === 0) return;
    const oneMs = ((1 - this.#tokens) * 1000) / this.#limits.writesPerSecond;
    this.#cancelTimer = this.#clock.after(Math.max(PORTION_MS, Math.ceil(oneMs)), () => {
      this.#cancelTimer = undefined;
      this.#refill();
      while (this.#tokens >= 1 && this.#forToken.length > 0) {
        this.#tokens--;
        this.#forToken.shift()?.go();
      }
      this.#schedule();
    });
  }
}
