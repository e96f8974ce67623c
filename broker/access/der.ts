/** A reader of DER (ITU-T X.690): tags of one byte, definite lengths, nothing beyond its end. */

export const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  Sequence: 0x30,
} as const;

/** Bits of a tag that say it goes on in further bytes, which nothing in a certificate does. */
const LONG_TAG = 0x1f;
/** A length of more bytes than this is that of no certificate. */
const LENGTH_BYTES_MAX = 4;

/**
 * Goes through the values of one level, from one to the next. What a value holds is read by a
 * reader of its own. It throws a TypeError where there is no DER.
 */
export class DerReader {
  readonly bytes: Buffer;
  /** Of the value that `next` went to: 0 before the first. */
  tag = 0;
  /** Where its content begins and ends. */
  start: number;
  end: number;
  readonly #limit: number;

  constructor(bytes: Buffer, start = 0, limit = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = start;
    this.#limit = limit;
  }

  /** False: there are no more values. */
  next(): boolean {
    if (this.end === this.#limit) return false;
    const tag = this.#byte(this.end);
    if ((tag & LONG_TAG) === LONG_TAG) throw new TypeError('a tag has more than one byte');
    this.tag = tag;
    const first = this.#byte(this.end + 1);
    this.start = this.end + 2;
    const length = first < 0x80 ? first : this.#longLength(first & 0x7f);
    this.end = this.start + length;
    if (this.end > this.#limit) throw new TypeError('a value is cut off');
    return true;
  }

  /** Goes to the next value, which must have this tag. */
  expect(tag: number): this {
    if (!this.next() || this.tag !== tag) throw new TypeError(`a value of tag ${tag} is missing`);
    return this;
  }

  /** There must be no more values. */
  finish(): void {
    if (this.end !== this.#limit) throw new TypeError('something is left over');
  }

  /** Reads the values within this one. */
  inner(): DerReader {
    return new DerReader(this.bytes, this.start, this.end);
  }

  get isTrue(): boolean {
    if (this.end !== this.start + 1) throw new TypeError('a BOOLEAN is not one byte');
    return this.bytes[this.start] !== 0;
  }

  /** An INTEGER that is not negative; one that is too large for a number is not exact. */
  get unsigned(): number {
    if (this.end === this.start || this.bytes[this.start]! >= 0x80) {
      throw new TypeError('an INTEGER is empty or negative');
    }
    let value = 0;
    for (let at = this.start; at < this.end; at++) value = value * 256 + this.bytes[at]!;
    return value;
  }

  /** With dots. Parts that are too large for a number are imprecise. */
  get objectIdentifier(): string {
    const parts: number[] = [];
    let part = 0;
    let begins = true;
    for (let at = this.start; at < this.end; at++) {
      const byte = this.bytes[at]!;
      if (begins && byte === 0x80) throw new TypeError('an OBJECT IDENTIFIER is padded');
      part = part * 128 + (byte & 0x7f);
      begins = byte < 0x80;
      if (!begins) continue;
      if (parts.length === 0) {
        // The first two in one: the first is 0, 1 or 2, and below 2 the second is under 40.
        const root = Math.min(2, Math.floor(part / 40));
        parts.push(root);
        part -= root * 40;
      }
      parts.push(part);
      part = 0;
    }
    if (!begins || parts.length === 0) throw new TypeError('an OBJECT IDENTIFIER is cut off');
    return parts.join('.');
  }

  #byte(at: number): number {
    if (at >= this.#limit) throw new TypeError('a value is cut off');
    return this.bytes[at]!;
  }

  /** Of so many bytes; 0 would be an end that is found later, which is not DER. */
  #longLength(size: number): number {
    if (size === 0 || size > LENGTH_BYTES_MAX) throw new TypeError('a length is not of DER');
    let length = 0;
    for (let at = this.start; at < this.start + size; at++) length = length * 256 + this.#byte(at);
    this.start += size;
    return length;
  }
}
