import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import { murmur2, partitionOf } from './murmur2.ts';
import { recordBatch } from './record-batch.ts';

test('the checksum is that of RFC 3720, from any start', () => {
  assert.equal(crc32c(Buffer.alloc(0)), 0);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from('xx123456789'), 2), 0xe3069283);
});

test('a key is hashed as Kafka’s own producers do it', () => {
  // The table of Kafka's own test of its hash.
  const hashes: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of hashes) assert.equal(murmur2(Buffer.from(text)), hash, text);
  assert.equal(partitionOf(Buffer.from('21'), 10), (-973932308 & 0x7fffffff) % 10);
});

test('others read the records that were written, with their checksum', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const records = fc.array(fc.record({ key: bytes, value: bytes }, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 200,
  });
  const timestamps = fc.integer({ min: 0, max: Date.parse('2200-01-01') });
  fc.assert(
    fc.property(records, timestamps, (written, timestampMs) => {
      const batch = recordBatch(written, timestampMs);
      const read = readRecordsBatch(Reader.from(batch));
      assert.equal(read.length, batch.length - 12);
      assert.equal(read.crc, crc32c(batch, 21));
      assert.equal(read.lastOffsetDelta, written.length - 1);
      assert.equal(read.firstTimestamp, BigInt(timestampMs));
      assert.deepEqual(
        read.records.map(({ key, value }) => ({ key, value })),
        written,
      );
      for (const [index, { offsetDelta, headers }] of read.records.entries()) {
        assert.equal(offsetDelta, index);
        assert.equal(String(headers), 'content-type,application/cloudevents+json; charset=utf-8');
      }
    }),
  );
});
