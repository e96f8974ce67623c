/**
 * Numbers, texts and byte strings one after the other, so that they cross to another thread in one
 * piece without being copied. Numbers are unsigned and of six bytes, texts and byte strings have
 * their length in front.
 */

export const NUMBER_BYTES = 6;
export const LENGTH_BYTES = 4;
const BYTES_INITIAL = 16384;

const NOTHING = Buffer.alloc(0);

export class PackedWriter {
  readonly #bytesInitial: number;
  #bytes = NOTHING;
  #length = 0;

  /** Where the whole is no longer than `bytesInitial`, memory for it is taken once. */
  constructor(bytesInitial = BYTES_INITIAL) {
    this.#bytesInitial = bytesInitial;
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  number(value: number): this {
    this.#reserve(NUMBER_BYTES);
    this.#length = this.#bytes.writeUIntBE(value, this.#length, NUMBER_BYTES);
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value));
  }

  bytes(value: Uint8Array): this {
    this.#reserve(LENGTH_BYTES + value.length);
    this.#length = this.#bytes.writeUInt32BE(value.length, this.#length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** The bytes so far, in memory that the caller owns. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length === 0) return new Uint8Array(0);
    const finished = new Uint8Array(this.#bytes.buffer, 0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return finished;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const size = Math.max(needed, this.#bytesInitial, 2 * this.#bytes.length);
    const larger = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

export class PackedReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++]!;
  }

  number(): number {
    const value = this.#bytes.readUIntBE(this.#at, NUMBER_BYTES);
    this.#at += NUMBER_BYTES;
    return value;
  }

  text(): string {
    return this.bytes().toString();
  }

  /** A view: it is copied where it must outlive the whole. */
  bytes(): Buffer {
    const start = this.#at + LENGTH_BYTES;
    this.#at = start + this.#bytes.readUInt32BE(this.#at);
    return this.#bytes.subarray(start, this.#at);
  }
}
