import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import forge from 'node-forge';
import { printViolation } from '../../../domain/violation.ts';
import { testAuthority } from '../../../test/support/certificates.ts';
import { encoded } from '../../authority/authority-secret.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import { tlsSecretViolations } from './tls-secret.ts';

const { server, root } = await testAuthority();
const NOW_MS = Date.now();
const YEARS_MS = 3 * 365 * 24 * 60 * 60 * 1000;

function secret(certificate: string, key: string, type = 'kubernetes.io/tls'): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'mine', namespace: 'plant' },
    type,
    data: encoded({ 'tls.crt': certificate, 'tls.key': key }),
  };
}

const GOOD = secret(server.chainPem, server.privateKeyPem);

const NO_PAIR =
  'spec.tls.secretName: names the Secret "mine", in which tls.crt and tls.key are not a ' +
  'certificate and its private key in PEM; put a valid pair of certificate and key in it';

const CASES: readonly (readonly [string, Secret | undefined, number, string, string | RegExp])[] = [
  [
    'that does not exist',
    undefined,
    NOW_MS,
    'RefNotFound',
    'spec.tls.secretName: names the Secret "mine", which does not exist in this Kubernetes ' +
      'namespace; create it, or remove the field to have the operator issue a certificate',
  ],
  [
    'of another type',
    { ...GOOD, type: 'Opaque' },
    NOW_MS,
    'InvalidCertificate',
    /type is "Opaque"/,
  ],
  ['without data', { ...GOOD, data: {} }, NOW_MS, 'InvalidCertificate', NO_PAIR],
  ['with text', secret('a', 'b'), NOW_MS, 'InvalidCertificate', NO_PAIR],
  [
    "with another certificate's key",
    secret(server.chainPem, root.privateKeyPem),
    NOW_MS,
    'InvalidCertificate',
    NO_PAIR,
  ],
  ['that has expired', GOOD, NOW_MS + YEARS_MS, 'InvalidCertificate', /has expired \(20/],
  ['of later', GOOD, NOW_MS - YEARS_MS, 'InvalidCertificate', /is not valid before 20/],
];

// OpenSSL serves with no RSA key below 2048 bits.
const WEAK = generateKeyPairSync('rsa', { modulusLength: 1024 });

test('a Secret with a key that is too weak is refused', () => {
  const issued = weaklyIssued();
  const [violation] = tlsSecretViolations('mine', issued, NOW_MS);
  assert.equal(violation?.reason, 'InvalidCertificate');
  assert.match(violation.message, /cannot serve TLS \(.*key too small/);
});

/** Such a certificate can only be had from others: here, node-forge. */
function weaklyIssued(): Secret {
  const key = WEAK.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(
    forge.pki.privateKeyFromPem(key).n,
    forge.pki.privateKeyFromPem(key).e,
  );
  certificate.validity.notBefore = new Date(NOW_MS - 1000);
  certificate.validity.notAfter = new Date(NOW_MS + 60_000);
  certificate.sign(forge.pki.privateKeyFromPem(key), forge.md.sha256.create());
  return secret(forge.pki.certificateToPem(certificate), key);
}

for (const [what, found, nowMs, reason, expected] of CASES) {
  test(`a Secret ${what} is refused, and none of it is told`, () => {
    const violations = tlsSecretViolations('mine', found, nowMs);
    assert.deepEqual(
      violations.map((violation) => violation.reason),
      [reason],
    );
    const [text = ''] = violations.map(printViolation);
    if (typeof expected === 'string') assert.equal(text, expected);
    else assert.match(text, expected);
    assert.doesNotMatch(text, /BEGIN|MII/);
  });
}

test('a Secret with a certificate, those above it, and its key is taken', () => {
  assert.deepEqual(tlsSecretViolations('mine', GOOD, NOW_MS), []);
});
