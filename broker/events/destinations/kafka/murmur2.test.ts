import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compatibilityPartitioner } from '@platformatic/kafka';
import fc from 'fast-check';
import { murmur2, partitionHash } from './murmur2.ts';

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
  assert.equal(partitionHash(Buffer.from('21')), -973932308 & 0x7fffffff);
});

test('a key is hashed as others do it who want to be compatible', () => {
  const keys = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(keys, (key) => {
      assert.equal(partitionHash(key), compatibilityPartitioner({ topic: 't' }, key));
    }),
  );
});
