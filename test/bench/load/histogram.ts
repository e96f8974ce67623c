/** Latencies in buckets that each are 2 % wider than the one before, from a microsecond on. */

const GROWTH = 1.02;
const LOG_GROWTH = Math.log(GROWTH);
/** The last one holds whatever took longer than about ten minutes. */
const BUCKETS = 1024;
const MICROSECONDS = 1000;

export class Histogram {
  readonly #counts: Float64Array;

  constructor(counts: Float64Array = new Float64Array(BUCKETS)) {
    this.#counts = counts;
  }

  /** To be sent to another thread. */
  get counts(): Float64Array {
    return this.#counts;
  }

  add(milliseconds: number): void {
    const microseconds = Math.max(1, milliseconds * MICROSECONDS);
    this.#counts[Math.min(BUCKETS - 1, Math.floor(Math.log(microseconds) / LOG_GROWTH))]!++;
  }

  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#counts[bucket]! += other.#counts[bucket]!;
    }
  }

  /** Milliseconds that this part of all latencies does not exceed; undefined: there are none. */
  quantile(part: number): number | undefined {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return undefined;
    let seen = 0;
    const bucket = this.#counts.findIndex((count) => (seen += count) >= part * total);
    return GROWTH ** (bucket + 1) / MICROSECONDS;
  }
}
