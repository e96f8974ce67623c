/** Taken slots in front that are let stand before the array is compacted. */
const COMPACT_SLOTS_MIN = 256;

/** First in, first out, with no copy of the rest for each that is taken. It has no bound. */
export class Fifo<Value> {
  #values: Value[] = [];
  #head = 0;

  get length(): number {
    return this.#values.length - this.#head;
  }

  get first(): Value | undefined {
    return this.#values[this.#head];
  }

  push(value: Value): void {
    this.#values.push(value);
  }

  shift(): Value | undefined {
    if (this.length === 0) return undefined;
    const value = this.#values[this.#head++];
    if (this.length === 0) this.clear();
    else if (this.#head >= COMPACT_SLOTS_MIN && this.#head >= this.length)
      this.#replace(this.rest());
    return value;
  }

  clear(): void {
    this.#replace([]);
  }

  /** Drops what is not to be kept; answers how many. */
  filter(isKept: (value: Value) => boolean): number {
    const before = this.length;
    this.#replace(this.rest().filter(isKept));
    return before - this.length;
  }

  /** What waits, oldest first. */
  rest(): Value[] {
    return this.#values.slice(this.#head);
  }

  #replace(values: Value[]): void {
    this.#values = values;
    this.#head = 0;
  }
}
