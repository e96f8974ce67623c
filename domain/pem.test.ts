import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { ENCODED_CERTIFICATE_BYTES_MAX } from './limits.ts';
import { decodePem } from './pem.ts';

const BODY = 'MIIBszCCAVmgAwIBAgIUY2VydGlmaWNhdGUwCgYIKoZIzj0EAwIwHzEdMBsGA1UE';
const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
const WHOLE = `${BEGIN}\n${BODY}\n${END}\n`;

suite('a certificate is read from PEM', () => {
  const forms: [string, string][] = [
    ['with normal line breaks', `${BEGIN}\n${BODY.slice(0, 32)}\n${BODY.slice(32)}\n${END}\n`],
    ['with CRLF', `${BEGIN}\r\n${BODY.slice(0, 32)}\r\n${BODY.slice(32)}\r\n${END}\r\n`],
    ['with its body on a single line', WHOLE],
    ['without any line break', `${BEGIN}${BODY}${END}`],
    ['with white space around it', `\n\t  ${WHOLE}  \n`],
    ['with the text that openssl prints before it', `subject=CN = a\n${WHOLE}`],
  ];
  for (const [title, text] of forms) {
    test(title, () => assert.deepEqual(decodePem(text), { ok: true, value: BODY }));
  }

  test('wherever line breaks stand in its body', () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: BODY.length }), { maxLength: 20 });
    const check = (positions: readonly number[]): void => {
      const body = [...BODY].map((c, i) => (positions.includes(i) ? `\n${c}` : c)).join('');
      assert.deepEqual(decodePem(BEGIN + body + END), { ok: true, value: BODY });
    };
    fc.assert(fc.property(places, check));
  });
});

suite('what is not one certificate is refused', () => {
  const secret = 'c2VjcmV0c2VjcmV0';
  const key = `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----\n`;
  const faults: [string, string, RegExp][] = [
    ['no PEM', 'hello', /is not PEM/],
    ['an empty text', ' \n', /^is empty$/],
    ['two certificates', WHOLE + WHOLE, /holds 2 PEM blocks/],
    ['a private key', key, /contains a private key/],
    ['a certificate with its private key', WHOLE + key, /contains a private key/],
    [
      'a certificate request',
      `-----BEGIN CERTIFICATE REQUEST-----\n${BODY}\n-----END CERTIFICATE REQUEST-----`,
      /is a PEM block of "CERTIFICATE REQUEST"/,
    ],
    ['a text that is cut off', `${BEGIN}\n${BODY}`, /is cut off/],
    ['a body that is not base64', `${BEGIN}\n${BODY.slice(0, -1)}!\n${END}`, /not base64/],
    ['a body that lacks characters', `${BEGIN}\n${BODY.slice(1)}\n${END}`, /not base64/],
    ['no body', `${BEGIN}\n${END}`, /not base64/],
    ['line breaks in two characters', `${BEGIN}\\n${BODY}\\n${END}`, /a backslash and an n/],
    ['too much', `${BEGIN}${'A'.repeat(ENCODED_CERTIFICATE_BYTES_MAX)}${END}`, /at most 65536/],
  ];
  for (const [title, text, message] of faults) {
    test(title, () => {
      const result = decodePem(text);
      assert.ok(!result.ok);
      assert.match(result.fault.message, message);
      assert.ok(!JSON.stringify(result).includes(secret), 'a key must never be repeated');
    });
  }
});
