/** Lines that may be written at once: a broker of a thousand devices that all come back. */
const LINES_BURST = 1000;
/** Lines in the long run: some 40 KB/s, which any collector of logs takes. */
const LINES_PER_SECOND = 100;
/** How often it is told that lines were left out. */
const TELL_INTERVAL_MS = 10000;

/** How many lines of one category may be written, so that no client can fill a disk. */
export class LogBudget {
  #lines = LINES_BURST;
  #refilledAtMs: number;
  #suppressed = 0;
  #toldAtMs = -Infinity;

  constructor(nowMs: number) {
    this.#refilledAtMs = nowMs;
  }

  /** False: the line is to be left out. */
  take(nowMs: number): boolean {
    // A clock that is set back refills nothing.
    const elapsedMs = Math.max(0, nowMs - this.#refilledAtMs);
    this.#refilledAtMs = nowMs;
    this.#lines = Math.min(LINES_BURST, this.#lines + (elapsedMs * LINES_PER_SECOND) / 1000);
    if (this.#lines < 1) {
      this.#suppressed++;
      return false;
    }
    this.#lines--;
    return true;
  }

  /** How many lines were left out since this last said so; 0 also while it is too early to. */
  suppressed(nowMs: number): number {
    if (this.#suppressed === 0 || nowMs - this.#toldAtMs < TELL_INTERVAL_MS) return 0;
    this.#toldAtMs = nowMs;
    const count = this.#suppressed;
    this.#suppressed = 0;
    return count;
  }
}
