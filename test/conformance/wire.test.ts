import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeWire, matchesWire } from './wire.ts';

const encodings: readonly (readonly [string, string])[] = [
  ['c0 00', 'c000'],
  ['82 .. 0001 () "a/b" 01', '820900010000' + '03612f6201'],
  [`30 .. "a" (01 01) 'x'`, '30070001610201' + '0178'],
  ['30 .. "" (26 "n" "") 41*130', '308b01' + '0000' + '06' + '2600016e0000' + '41'.repeat(130)],
];
for (const [text, hex] of encodings) {
  test(`${text} are these bytes`, () => assert.equal(encodeWire(text).toString('hex'), hex));
}

test('what is expected is matched to the last byte, unless it is left open', () => {
  const packet = Buffer.from('e0060082031f000161'.replace('0082', '8203').slice(0, 16), 'hex');
  assert.equal(packet.toString('hex'), 'e0068203031f0001');
  for (const [text, matches] of [
    ['e0 .. 82 *', true],
    ['e0 .. 82 ?? 03 1f *', true],
    ['e0 .. 82 03 03 1f 0001', true],
    ['e0 .. 82 03 03 1f 00', false],
    ['e0 .. 81 *', false],
    ['d0 .. 82 *', false],
  ] as const) {
    assert.equal(matchesWire(text, packet), matches, text);
  }
});

test('what is not understood is no packet', () => {
  for (const text of ['zz', '30 .. (01', 'e0 .. * 00']) assert.throws(() => encodeWire(text));
});
