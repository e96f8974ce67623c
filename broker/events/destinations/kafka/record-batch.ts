/** Kafka's record batch, magic 2 (Kafka protocol guide, "Record Batch"): since Kafka 0.11. */
import { crc32c } from './crc32c.ts';

export interface KafkaRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

const HEADER_BYTES = 61;
/** Where what the checksum covers begins. */
const ATTRIBUTES_AT = 21;
/** Of the first eight bytes (offset) and the length itself, which the length does not count. */
const UNCOUNTED_BYTES = 12;
const MAGIC = 2;
const NONE = -1;

/**
 * CloudEvents Kafka Protocol Binding 1.0, 3.3: structured mode, named by the content type.
 * Encoded once: a count of one, the name and the value, each after its length.
 */
const HEADERS = encodedHeaders('content-type', 'application/cloudevents+json; charset=utf-8');

function encodedHeaders(name: string, value: string): Buffer {
  const parts = [name, value].map((text) => Buffer.from(text));
  const bytes = Buffer.alloc(16 + parts[0]!.length + parts[1]!.length);
  let at = writeVarint(bytes, 1, 0);
  for (const part of parts) {
    at = writeVarint(bytes, part.length, at);
    at += part.copy(bytes, at);
  }
  return bytes.subarray(0, at);
}

/** One batch of at least one record, uncompressed, without a producer's identity. */
export function recordBatch(records: readonly KafkaRecord[], timestampMs: number): Buffer {
  const lengths = records.map((record, index) => recordLength(record, index));
  const size = lengths.reduce((sum, length) => sum + varintLength(length) + length, HEADER_BYTES);
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(size - UNCOUNTED_BYTES, 8);
  bytes.writeInt32BE(NONE, 12);
  bytes.writeInt8(MAGIC, 16);
  bytes.writeInt16BE(0, ATTRIBUTES_AT);
  bytes.writeInt32BE(records.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(timestampMs), 27);
  bytes.writeBigInt64BE(BigInt(timestampMs), 35);
  bytes.writeBigInt64BE(BigInt(NONE), 43);
  bytes.writeInt16BE(NONE, 51);
  bytes.writeInt32BE(NONE, 53);
  bytes.writeInt32BE(records.length, 57);
  let at = HEADER_BYTES;
  for (const [index, record] of records.entries()) {
    at = writeVarint(bytes, lengths[index]!, at);
    at = writeRecord(bytes, record, index, at);
  }
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), 17);
  return bytes;
}

/** Attributes and the difference of the timestamps are one byte each, both zero. */
function recordLength({ key, value }: KafkaRecord, index: number): number {
  const lengths = varintLength(index) + varintLength(key.length) + varintLength(value.length);
  return 2 + lengths + key.length + value.length + HEADERS.length;
}

function writeRecord(bytes: Buffer, record: KafkaRecord, index: number, start: number): number {
  bytes[start] = 0;
  bytes[start + 1] = 0;
  let at = writeVarint(bytes, index, start + 2);
  for (const part of [record.key, record.value]) {
    at = writeVarint(bytes, part.length, at);
    at += part.copy(bytes, at);
  }
  return at + HEADERS.copy(bytes, at);
}

/** Zigzag: a number that is not negative is doubled. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value * 2; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Answers where the next byte goes. */
function writeVarint(bytes: Buffer, value: number, start: number): number {
  let rest = value * 2;
  let at = start;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at] = rest;
  return at + 1;
}
