/** "A message is counted in 1 KiB increments": specification, "MQTT Messages Limits", note. */
const MESSAGE_UNIT_BYTES = 1024;

/** What a packet counts as, by all of its bytes, header included: 6 KiB count as 6; at least 1. */
export function messageUnits(packetBytes: number): number {
  return packetBytes <= MESSAGE_UNIT_BYTES ? 1 : Math.ceil(packetBytes / MESSAGE_UNIT_BYTES);
}

/** Shared by all buckets that it fills, so that a change reaches every one of them at once. */
export interface Rate {
  /** Units a second, an integer from 1 on; also the most that a bucket holds. */
  readonly perSecond: number;
}

/** Callers may be so late with the time they know; beyond it the clock was set back. */
const LATENESS_MS_MAX = 1000;

/**
 * Units that may be used now: full at first, refilled continuously, a second's worth at most. Who
 * finds it positive may take more than it holds, and the debt is refilled first.
 */
export class TokenBucket {
  readonly #rate: Rate;
  /** In thousandths of a unit, which is what a rate of 1 refills in a millisecond: exact. */
  #level: number;
  #refilledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.perSecond * 1000;
    this.#refilledAtMs = nowMs;
  }

  isPositive(nowMs: number): boolean {
    if (nowMs !== this.#refilledAtMs) this.#refill(nowMs);
    return this.#level > 0;
  }

  spend(units: number): void {
    this.#level -= units * 1000;
  }

  /** Milliseconds until it is positive if nothing more is spent; 0: it is. */
  waitMs(nowMs: number): number {
    if (this.isPositive(nowMs)) return 0;
    return Math.floor(-this.#level / this.#rate.perSecond) + 1;
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#refilledAtMs;
    if (elapsedMs > 0) {
      const { perSecond } = this.#rate;
      this.#level = Math.min(perSecond * 1000, this.#level + elapsedMs * perSecond);
    } else if (elapsedMs >= -LATENESS_MS_MAX) return;
    this.#refilledAtMs = nowMs;
  }
}
