import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueSelfSigned,
} from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { findPath } from './certificate-path.ts';

const DAY_MS = 86400000;
const NOW_MS = Date.UTC(2026, 5, 1);
const period = { nowMs: NOW_MS, notBeforeMs: NOW_MS - 100 * DAY_MS };

function authority(
  commonName: string,
  options: { issuer?: Issued; pathLength?: number; notAfterMs?: number } = {},
): Promise<Issued> {
  return issueCertificateAuthority({ ...period, commonName, ...options });
}

function leafOf(issuer: Issued): Promise<Issued> {
  return issueClientCertificate({ ...period, issuer, subject: { commonName: 'leaf' } });
}

/** What the client sends; `issuerCertificate` plays no part here. */
function chain(...certificates: Issued[]): X509Certificate[] {
  return certificates.map(({ certificatePem }) => new X509Certificate(certificatePem));
}

const root = await authority('root');
const upper = await authority('upper', { issuer: root });
const lower = await authority('lower', { issuer: upper });
const leaf = await leafOf(lower);

const accepted: [string, X509Certificate[], X509Certificate[]][] = [
  ['the direct issuer is registered', chain(leaf), chain(lower)],
  [
    'the root is registered and both intermediates are sent',
    chain(leaf, lower, upper),
    chain(root),
  ],
  ['an intermediate is registered and the one below is sent', chain(leaf, lower), chain(upper)],
  ['intermediates come in any order, with strangers', chain(leaf, upper, root, lower), chain(root)],
  ['one of several registered authorities issued it', chain(leaf), chain(root, upper, lower)],
];
for (const [name, sent, registered] of accepted) {
  test(`there is a path where ${name}`, () => {
    assert.equal(findPath(sent, registered, NOW_MS), undefined);
  });
}

const refused: [string, X509Certificate[], X509Certificate[], RegExp][] = [
  ['nothing is registered', chain(leaf), [], /no CaCertificate is registered/],
  ['an intermediate is missing', chain(leaf, lower), chain(root), /no registered CaCertificate/],
  ['only the leaf itself is registered', chain(leaf), chain(leaf), /no registered CaCertificate/],
  ['only another root is registered', chain(leaf), chain(await authority('x')), /no registered/],
];
for (const [name, sent, registered, why] of refused) {
  test(`there is no path where ${name}`, () => {
    assert.match(findPath(sent, registered, NOW_MS) ?? 'accepted', why);
  });
}

test('an authority with the same name and another key issued nothing', async () => {
  const impostor = await authority('root');
  const sent = chain(leaf, lower, upper);
  assert.match(findPath(sent, chain(impostor), NOW_MS) ?? 'accepted', /no registered/);
});

test('a client cannot issue certificates with its own', async () => {
  const forged = await issueSelfSigned({ ...period, subject: { commonName: 'leaf' } });
  const asAuthority = { ...leaf, certificatePem: root.certificatePem };
  const below = await issueClientCertificate({
    ...period,
    issuer: { ...asAuthority, privateKeyPem: leaf.privateKeyPem },
    subject: { commonName: 'victim' },
  });
  for (const sent of [chain(below, leaf, lower, upper), chain(forged, leaf, lower, upper)]) {
    assert.notEqual(findPath(sent, chain(root), NOW_MS), undefined);
  }
});

test('an authority that expired, or is not yet valid, issues nothing', async () => {
  const old = await authority('old', { notAfterMs: NOW_MS + DAY_MS });
  const young = await leafOf(old);
  assert.equal(findPath(chain(young), chain(old), NOW_MS), undefined);
  const later = findPath(chain(young), chain(old), NOW_MS + 2 * DAY_MS);
  assert.match(later ?? 'accepted', /"CN=old" expired at 2026-06-02T00:00:00.000Z/);
  const before = findPath(chain(young), chain(old), NOW_MS - 101 * DAY_MS);
  assert.match(before ?? 'accepted', /valid only from/);
});

test('no more intermediates than an authority allows stand below it', async () => {
  const strict = await authority('strict', { pathLength: 0 });
  const between = await authority('between', { issuer: strict });
  assert.equal(findPath(chain(await leafOf(strict)), chain(strict), NOW_MS), undefined);
  const refusal = findPath(chain(await leafOf(between), between), chain(strict), NOW_MS);
  assert.match(refusal ?? 'accepted', /allows 0 intermediates below itself/);
});

test('a path is short: a fifth intermediate is one too many', async () => {
  const intermediates: Issued[] = [];
  let issuer = root;
  for (let depth = 1; depth <= 5; depth++) {
    issuer = await authority(`level ${depth}`, { issuer });
    intermediates.unshift(issuer);
    const sent = chain(await leafOf(issuer), ...intermediates);
    assert.equal(findPath(sent, chain(root), NOW_MS) === undefined, depth <= 4, `depth ${depth}`);
  }
});

test('authorities that issue each other end the search at its bound', async () => {
  // Same names, same key: every one of them seems to have issued every other.
  const twins: Issued[] = [root];
  for (let count = 0; count < 7; count++) {
    const twin = await authority('root', { issuer: root });
    twins.push({ ...twin, certificatePem: twin.certificatePem });
  }
  const sent = chain(await leafOf(root), ...twins);
  const refusal = findPath(sent, chain(await authority('elsewhere')), NOW_MS);
  assert.notEqual(refusal, undefined);
});
