/** How exactly times are kept. */
export const TICK_MS = 10;
/** With a tick each, they reach some 1.3 s ahead; whoever waits longer is put in again. */
const SLOTS = 128;

/**
 * Who waits until when, however many they are, with one timer for all: Varghese and Lauck, 1987.
 */
export class TimingWheel<Item> {
  readonly #slots: Set<Item>[] = Array.from({ length: SLOTS }, () => new Set<Item>());
  /** The tick, counted from the epoch, up to which everything was taken out. */
  #tick = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item must not be in it. It comes out no earlier, unless the delay exceeds the wheel. */
  add(item: Item, nowMs: number, delayMs: number): void {
    if (this.#size === 0) this.#tick = Math.floor(nowMs / TICK_MS);
    const due = Math.ceil((nowMs + delayMs) / TICK_MS);
    const ahead = Math.min(Math.max(1, due - this.#tick), SLOTS - 1);
    this.#slots[(this.#tick + ahead) % SLOTS]!.add(item);
    this.#size++;
  }

  /** Takes out who is due. When the clock was set back, that is everyone. */
  takeDue(nowMs: number): Item[] {
    const now = Math.floor(nowMs / TICK_MS);
    if (now < this.#tick) return this.takeAll();
    const items: Item[] = [];
    const slots = Math.min(now - this.#tick, SLOTS);
    for (let ahead = 1; ahead <= slots; ahead++) {
      const slot = this.#slots[(this.#tick + ahead) % SLOTS]!;
      for (const item of slot) items.push(item);
      slot.clear();
    }
    this.#tick = now;
    this.#size -= items.length;
    return items;
  }

  takeAll(): Item[] {
    const items = this.#slots.flatMap((slot) => [...slot]);
    for (const slot of this.#slots) slot.clear();
    this.#size = 0;
    return items;
  }
}
