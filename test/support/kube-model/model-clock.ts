import type { Clock } from '../../../control/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** When models begin, in summer and on a full second, which is all that Kubernetes' times hold. */
export const MODEL_EPOCH_MS = Date.UTC(2026, 6, 1);

/**
 * Model time goes from one timer to the next, and what follows from a timer is over before the
 * next one is called: a run depends on nothing but its seed.
 */
export class ModelClock implements Clock {
  #nowMs = MODEL_EPOCH_MS;
  /** What is done elsewhere, as in the thread pool: model time waits for it. */
  #held = 0;
  /** In the order in which they are due; of two at once, the older first. */
  readonly #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    const next = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
    if (next === -1) this.#timers.push(timer);
    else this.#timers.splice(next, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at !== -1) this.#timers.splice(at, 1);
    };
  }

  /** Model time waits for it: it is done where no timer tells when it ends. */
  async hold<Value>(work: Promise<Value>): Promise<Value> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
    }
  }

  /** Goes on for `ms`, or until `isOver` says so, and answers whether it did. */
  async run(ms: number, isOver: () => boolean = () => false): Promise<boolean> {
    const endMs = this.#nowMs + Math.max(0, ms);
    for (;;) {
      do await turn();
      while (this.#held > 0);
      if (isOver()) return true;
      const [timer] = this.#timers;
      if (timer === undefined || timer.dueMs > endMs) break;
      this.#timers.shift();
      this.#nowMs = timer.dueMs;
      timer.callback();
    }
    this.#nowMs = endMs;
    return false;
  }
}

/** All promises that can settle do, before the event loop comes to this. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
