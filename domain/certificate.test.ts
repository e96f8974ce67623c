import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { normalizeThumbprint } from './certificate.ts';

const SHA1 = 'a1'.repeat(20);
const SHA256 = 'b2'.repeat(32);

function withColons(text: string): string {
  return (text.match(/../g) ?? []).join(':');
}

suite('a thumbprint', () => {
  for (const digits of [SHA1, SHA256]) {
    const forms = [digits, digits.toUpperCase(), withColons(digits.toUpperCase())];
    for (const text of forms) {
      test(`is the same however it is written: ${text.slice(0, 12)}… of ${text.length}`, () => {
        assert.deepEqual(normalizeThumbprint(text), { ok: true, value: digits });
      });
    }
  }

  for (const text of ['', 'ab', SHA1.slice(1), `${SHA1}00`, `${SHA1.slice(1)}g`, `${SHA1} `]) {
    test(`is refused when it is ${JSON.stringify(text)}`, () => {
      const result = normalizeThumbprint(text);
      assert.ok(!result.ok);
      assert.match(result.fault.message, /40 \(SHA-1\) or 64 \(SHA-256\) hexadecimal digits/);
    });
  }
});
