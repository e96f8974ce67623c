/** What came is not what the protocol says. */
export class MalformedResponse extends Error {}

/** Reads a response as if a stranger had written it: nothing outside of it, nothing twice. */
export class ResponseReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4));
  }

  skip(bytes: number): void {
    this.#skip(bytes);
  }

  /** An absent one is empty. */
  string(): string {
    return this.#take(this.int16()).toString('utf8');
  }

  /** Absent ones are empty. */
  bytes(): Buffer {
    return this.#take(this.int32());
  }

  /**
   * As many as stand there, each by `read`. `elementBytes`: what each takes at least, so that a
   * count that is a lie costs nothing.
   */
  array<Element>(elementBytes: number, read: () => Element): Element[] {
    const count = Math.max(this.int32(), 0);
    if (count * elementBytes > this.#bytes.length - this.#at) {
      throw new MalformedResponse(`${count} elements in a response that is too short for them`);
    }
    const elements: Element[] = [];
    for (let index = 0; index < count; index += 1) elements.push(read());
    return elements;
  }

  #take(length: number): Buffer {
    const start = this.#skip(Math.max(length, 0));
    return this.#bytes.subarray(start, this.#at);
  }

  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) {
      throw new MalformedResponse(`a response of ${this.#bytes.length} B that is cut off`);
    }
    this.#at += length;
    return start;
  }
}
