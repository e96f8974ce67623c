import type { Clock } from '../../broker/clock.ts';

interface Interval {
  readonly ms: number;
  readonly callback: () => void;
  dueMs: number;
}

/** A clock that goes when it is told to. It begins now, since certificates are valid now. */
export class SteppedClock implements Clock {
  #nowMs = Date.now();
  readonly #intervals = new Set<Interval>();

  nowMs(): number {
    return this.#nowMs;
  }

  every(ms: number, callback: () => void): () => void {
    const interval = { ms, callback, dueMs: this.#nowMs + ms };
    this.#intervals.add(interval);
    return () => this.#intervals.delete(interval);
  }

  /** Goes on, and calls nobody: what became due is so at the next step. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** Goes on; an interval that is due several times is called once, as on a busy machine. */
  step(ms: number): void {
    this.#nowMs += ms;
    for (const interval of this.#intervals) {
      if (interval.dueMs > this.#nowMs) continue;
      interval.dueMs = this.#nowMs + interval.ms;
      interval.callback();
    }
  }
}
