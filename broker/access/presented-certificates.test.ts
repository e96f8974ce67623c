import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import type { SnapshotClient } from '../../domain/snapshot.ts';
import { aClient } from '../../test/support/snapshots.ts';
import { refuseCertificate } from './authentication.ts';
import type { PresentedCertificate } from './presented-certificates.ts';
import { PresentedCertificates } from './presented-certificates.ts';

const DAY_MS = 86400000;
const NOW_MS = Date.UTC(2026, 5, 1);
const period = { nowMs: NOW_MS, notBeforeMs: NOW_MS - 100 * DAY_MS };

const root = await issueCertificateAuthority({ ...period, commonName: 'root' });
const between = await issueCertificateAuthority({
  ...period,
  commonName: 'between',
  issuer: root,
  notAfterMs: NOW_MS + DAY_MS,
});
const issued = await Promise.all(['one', 'two'].map((commonName) => clientOf(commonName, between)));

function clientOf(commonName: string, issuer: Issued): Promise<Issued> {
  return issueClientCertificate({ ...period, issuer, subject: { commonName } });
}

function certificateOf({ certificatePem }: Issued): X509Certificate {
  return new X509Certificate(certificatePem);
}

/** As Node gives it: new objects for each connection, each with the one above it. */
function sent(client: Issued, ...above: Issued[]): X509Certificate {
  const leaf = certificateOf(client);
  let below = leaf;
  for (const each of above) {
    const issuerCertificate = certificateOf(each);
    Object.defineProperty(below, 'issuerCertificate', { value: issuerCertificate });
    below = issuerCertificate;
  }
  return leaf;
}

function declared(commonName: string): SnapshotClient {
  return aClient(commonName, {
    credential: { type: 'CertificateSubject', subject: { commonName } },
  });
}

test('what was read of a certificate is read once', (t) => {
  const certificates = new PresentedCertificates();
  const read = t.mock.method(X509Certificate.prototype, 'toLegacyObject');
  const first = certificates.present(sent(issued[0]!, between), false);
  const again = certificates.present(sent(issued[0]!, between), false);
  const other = certificates.present(sent(issued[1]!, between), false);
  assert.equal(read.mock.callCount(), 2);
  assert.equal(again.facts, first.facts);
  assert.equal(first.facts.subject.CN, 'one');
  assert.equal(other.facts.subject.CN, 'two');
});

test('a resumed session has the intermediates of the full handshake, a full one its own', () => {
  const certificates = new PresentedCertificates();
  const names = ({ intermediates }: PresentedCertificate): string[] =>
    intermediates.map(({ subject }) => subject);
  const full = certificates.present(sent(issued[0]!, between, root), false);
  assert.deepEqual(names(full), ['CN=between', 'CN=root']);
  const resumed = certificates.present(sent(issued[0]!), true);
  assert.deepEqual(names(resumed), ['CN=between', 'CN=root']);
  const without = certificates.present(sent(issued[0]!), false);
  assert.deepEqual(names(without), []);
  assert.deepEqual(names(certificates.present(sent(issued[0]!), true)), []);
  assert.deepEqual(names(full), ['CN=between', 'CN=root']);
});

test('clients share the objects of the intermediates that they send', () => {
  const certificates = new PresentedCertificates();
  const one = certificates.present(sent(issued[0]!, between), false);
  const two = certificates.present(sent(issued[1]!, between), false);
  assert.equal(one.intermediates.length, 1);
  assert.equal(one.intermediates[0], two.intermediates[0]);
});

test('a client that sends more above its certificate than a chain has is heard to nine', () => {
  const certificates = new PresentedCertificates();
  const above = Array.from({ length: 12 }, () => root);
  const { intermediates } = certificates.present(sent(issued[0]!, ...above), false);
  assert.equal(intermediates.length, 9);
});

test('of a certificate of more than 16 KiB nothing but its intermediates is remembered', async (t) => {
  const hosts = Array.from({ length: 1000 }, (_, number) => `host-${number}.example.org`);
  const large = await issueServerCertificate({ ...period, issuer: root, commonName: 'x', hosts });
  const certificates = new PresentedCertificates();
  const read = t.mock.method(X509Certificate.prototype, 'toLegacyObject');
  const first = certificates.present(sent(large, root), false);
  assert(first.facts.bytes > 16384);
  const resumed = certificates.present(sent(large), true);
  assert.equal(read.mock.callCount(), 2);
  assert.deepEqual(resumed.intermediates, first.intermediates);
});

interface Judge {
  readonly refusal: (
    client: Issued,
    authorities: readonly X509Certificate[],
    nowMs?: number,
  ) => string | undefined;
  readonly signatureChecks: () => number;
}

function startJudging(t: TestContext): Judge {
  const certificates = new PresentedCertificates();
  const verify = t.mock.method(X509Certificate.prototype, 'verify');
  return {
    refusal(client, authorities, nowMs = NOW_MS) {
      const leaf = sent(client, between);
      const presented = certificates.present(leaf, false);
      return refuseCertificate(declared('one'), leaf, presented, { authorities, nowMs });
    },
    signatureChecks: () => verify.mock.callCount(),
  };
}

test('a signature is checked once for each certificate under each authority', (t) => {
  const { refusal, signatureChecks } = startJudging(t);
  const direct = [certificateOf(between)];
  assert.equal(refusal(issued[0]!, direct), undefined);
  assert.equal(refusal(issued[0]!, direct), undefined);
  assert.equal(signatureChecks(), 1);
  assert.match(refusal(issued[1]!, direct) ?? '', /CN is "two"/);
  // A snapshot with other authorities has other objects, even where a certificate is the same.
  assert.equal(refusal(issued[0]!, [certificateOf(between)]), undefined);
  assert.equal(signatureChecks(), 2);
});

test('a whole path is checked once, whoever comes by it', async (t) => {
  const { refusal, signatureChecks } = startJudging(t);
  const authorities = [certificateOf(root)];
  assert.equal(refusal(issued[0]!, authorities), undefined);
  assert.equal(signatureChecks(), 2);
  assert.equal(refusal(issued[0]!, authorities), undefined);
  assert.equal(signatureChecks(), 2);
  assert.equal(refusal(await clientOf('one', between), authorities), undefined);
  assert.equal(signatureChecks(), 3);
});

test('a signature that was checked does not replace what else is judged', async (t) => {
  const { refusal } = startJudging(t);
  const authorities = [certificateOf(between)];
  assert.equal(refusal(issued[0]!, authorities), undefined);
  assert.match(refusal(issued[0]!, []) ?? '', /no CaCertificate is registered/);
  const impostor = await issueCertificateAuthority({ ...period, commonName: 'between' });
  assert.match(refusal(issued[0]!, [certificateOf(impostor)]) ?? '', /no registered CaCert/);
  assert.equal(refusal(issued[0]!, authorities), undefined);
  const later = NOW_MS + 2 * DAY_MS;
  assert.match(refusal(issued[0]!, authorities, later) ?? '', /client's certificate expired at/);
  const earlier = NOW_MS - 101 * DAY_MS;
  assert.match(refusal(issued[0]!, authorities, earlier) ?? '', /certificate is valid only from/);
});

test('an authority that expired since it was found to be the signer issues nothing', () => {
  const authorities = [certificateOf(between)];
  const leaf = certificateOf(issued[0]!);
  const { facts, intermediates } = new PresentedCertificates().present(leaf, false);
  // Issuing gives no certificate more time than its authority has.
  const lasting = { ...facts, validity: { fromMs: 0, toMs: Infinity } };
  const refusal = (nowMs: number): string | undefined =>
    refuseCertificate(
      declared('one'),
      leaf,
      { facts: lasting, intermediates },
      { authorities, nowMs },
    );
  assert.equal(refusal(NOW_MS), undefined);
  assert.equal(lasting.signer, authorities[0]);
  assert.match(refusal(NOW_MS + 2 * DAY_MS) ?? '', /"CN=between" expired at/);
});
