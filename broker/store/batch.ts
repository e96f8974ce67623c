/**
 * A batch of changes as bytes, so that it crosses to the store's thread in one piece without being
 * copied. Numbers are unsigned and of six bytes, texts and byte strings have their length in front.
 */
import type { MessageParts } from '../packets/message.ts';

export const Change = {
  PutSession: 1,
  SetExpiry: 2,
  DeleteSession: 3,
  PutSubscription: 4,
  DeleteSubscription: 5,
  Append: 6,
  Acknowledge: 7,
  Withdraw: 8,
} as const;

const NUMBER_BYTES = 6;
const LENGTH_BYTES = 4;
const BATCH_BYTES_INITIAL = 16384;

/** Stands for an expiry that is not set, and for a position that is not there. */
export const NONE = 2 ** 48 - 1;

export class BatchWriter {
  #bytes = Buffer.allocUnsafeSlow(BATCH_BYTES_INITIAL);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  change(kind: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = kind;
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

  bytes(value: Buffer): this {
    this.#reserve(LENGTH_BYTES + value.length);
    this.#length = this.#bytes.writeUInt32BE(value.length, this.#length);
    this.#length += value.copy(this.#bytes, this.#length);
    return this;
  }

  message(parts: MessageParts): this {
    return this.number(parts.number ?? 0)
      .bytes(parts.topic)
      .bytes(parts.payload)
      .bytes(parts.properties)
      .number(parts.messageExpiryStart < 0 ? NONE : parts.messageExpiryStart)
      .number(parts.receivedAtMs);
  }

  /** The bytes so far, in memory that the caller owns. */
  finish(): Uint8Array<ArrayBuffer> {
    const finished = new Uint8Array(this.#bytes.buffer, 0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(BATCH_BYTES_INITIAL);
    this.#length = 0;
    return finished;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

export class BatchReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  change(): number {
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

  /** A view: it is copied where it must outlive the batch. */
  bytes(): Buffer {
    const start = this.#at + LENGTH_BYTES;
    this.#at = start + this.#bytes.readUInt32BE(this.#at);
    return this.#bytes.subarray(start, this.#at);
  }
}
