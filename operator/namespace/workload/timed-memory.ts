import type { Clock } from '../../../control/clock.ts';

/** What is worth knowing for a while. */
export class TimedMemory<Value> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #entries = new Map<string, { readonly value: Value; readonly untilMs: number }>();

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#clock.nowMs() < entry.untilMs ? entry.value : undefined;
  }

  /** As many are held as were set within the time that they are kept. */
  set(key: string, value: Value): void {
    const nowMs = this.#clock.nowMs();
    for (const [older, { untilMs }] of this.#entries) {
      // A Map is in the order of insertion, which is the order of expiry.
      if (nowMs < untilMs) break;
      this.#entries.delete(older);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: nowMs + this.#keptMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** What is known, or what `load` answers, which is then known. */
  async getOr(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = await load();
    this.set(key, value);
    return value;
  }
}
