import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { findTextFault } from './encoded-text.ts';

function findFault(bytes: Buffer): string | undefined {
  return findTextFault(bytes, 0, bytes.length);
}

const accepted = ['', 'a/b', 'räume/€', '\u{2a6d4}', '\ufeffa', '\ufffd', 'space here', '~'];
for (const text of accepted) {
  test(`${JSON.stringify(text)} is a text`, () => {
    assert.equal(findFault(Buffer.from(text)), undefined);
  });
}

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['U+0000', '6100', /U\+0000/],
  ['a line feed', '0a', /U\+000A/],
  ['DELETE', '617f', /U\+007F/],
  ['a control character of two bytes', 'c285', /U\+0085/],
  ['a non-character', 'efb790', /U\+FDD0/],
  ['the last code point of a plane', 'f09fbfbf', /U\+1FFFF/],
  ['half of a surrogate pair', 'eda080', /UTF-8/],
  ['both halves of one', 'eda081edb080', /UTF-8/],
  ['an overlong form', 'c0af', /UTF-8/],
  ['a character that is cut off', '61e282', /UTF-8/],
  ['a byte that only goes on', '80', /UTF-8/],
  ['a code point beyond Unicode', 'f4908080', /UTF-8/],
];
for (const [name, hex, message] of refused) {
  test(`${name} is none`, () => {
    assert.match(findFault(Buffer.from(hex, 'hex')) ?? '', message);
  });
}

test('what is accepted is UTF-8 without control characters, and the reverse', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array)),
    fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (text) => {
      const isText =
        isUtf8(text) &&
        [...text.toString()].every((character) => {
          const codePoint = character.codePointAt(0)!;
          const isControl = codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0xa0);
          const isNoCharacter =
            (codePoint & 0xfffe) === 0xfffe || (codePoint >= 0xfdd0 && codePoint <= 0xfdef);
          return !isControl && !isNoCharacter;
        });
      assert.equal(findFault(text) === undefined, isText);
    }),
    { numRuns: 3000 },
  );
});
