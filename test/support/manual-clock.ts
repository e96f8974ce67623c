import { setImmediate as turn } from 'node:timers/promises';
import type { Clock as BrokerClock } from '../../broker/clock.ts';
import type { Clock } from '../../control/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that goes when it is told to, and lets promises settle wherever it stops. */
export class ManualClock implements Clock, BrokerClock {
  #nowMs = Date.parse('2026-01-01T00:00:00Z');
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(intervalMs: number, callback: () => void): () => void {
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = this.after(intervalMs, () => {
        again();
        callback();
      });
    };
    again();
    return () => cancel();
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Goes on by `ms`, and calls whatever becomes due on the way when it does. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers]
        .filter((timer) => timer.dueMs <= untilMs)
        .sort((left, right) => left.dueMs - right.dueMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Sets it, forwards or back, as an administrator may; timers keep their delays. */
  set(nowMs: number): void {
    const shiftMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    for (const timer of [...this.#timers]) {
      this.#timers.delete(timer);
      this.#timers.add({ ...timer, dueMs: timer.dueMs + shiftMs });
    }
  }
}

/** Until promises that wait for nothing else have settled. */
export async function settle(): Promise<void> {
  // Chains of some promises need several turns; none here needs more.
  for (let turns = 0; turns < 3; turns++) await turn();
}
