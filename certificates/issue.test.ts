import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { createTestAuthority, testAuthority } from '../test/support/certificates.ts';
import { handshake } from '../test/support/tls-handshake.ts';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueSelfSigned,
  issueServerCertificate,
} from './issue.ts';
import type { Issued, KeyAlgorithm } from './issue.ts';
import { splitPem } from './issued.ts';
import { CLOCK_SKEW_MS } from './validity.ts';

const NOW_MS = Date.UTC(2031, 4, 6, 7, 8, 9, 123);
const NOW_SECONDS_MS = Date.UTC(2031, 4, 6, 7, 8, 9);
const DAY_MS = 24 * 60 * 60 * 1000;
const ALGORITHMS: readonly KeyAlgorithm[] = ['ecdsa-p256', 'rsa-2048'];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

const read = (issued: Issued): X509Certificate => new X509Certificate(issued.certificatePem);

function assertIssuedBy(issued: Issued, issuer: Issued): void {
  const certificate = read(issued);
  const authority = read(issuer);
  assert.ok(certificate.checkIssued(authority), 'names and key identifiers fit');
  assert.ok(certificate.verify(authority.publicKey), 'the signature verifies');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(issued.privateKeyPem)));
}

describe('issueCertificateAuthority', () => {
  it('issues a root that is its own issuer', async () => {
    const root = await issueCertificateAuthority({
      commonName: 'Root',
      organization: 'Contoso',
      nowMs: NOW_MS,
      validDays: 10,
    });
    const certificate = read(root);
    assertIssuedBy(root, root);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.subject, 'O=Contoso\nCN=Root');
    assert.equal(certificate.validFromDate.getTime(), NOW_SECONDS_MS - CLOCK_SKEW_MS);
    assert.equal(certificate.validToDate.getTime(), NOW_SECONDS_MS + 10 * DAY_MS);
  });

  it('issues an intermediate, and a leaf under it whose chain leaves the root out', async () => {
    const { root, intermediate, server } = await testAuthority();
    assertIssuedBy(intermediate, root);
    assert.equal(read(intermediate).ca, true);
    assertIssuedBy(server, intermediate);
    assert.equal(server.chainPem, server.certificatePem + intermediate.certificatePem);
    assert.equal(intermediate.chainPem, intermediate.certificatePem);
  });

  it('keeps every intermediate in the chain, also one that has the name of its root', async () => {
    const nowMs = NOW_MS;
    const root = await issueCertificateAuthority({ commonName: 'Same', nowMs });
    const first = await issueCertificateAuthority({ commonName: 'Same', issuer: root, nowMs });
    const second = await issueCertificateAuthority({ commonName: 'Two', issuer: first, nowMs });
    const leaf = await issueClientCertificate({
      issuer: second,
      subject: { commonName: 'leaf' },
      nowMs,
    });
    assert.deepEqual(splitPem(leaf.chainPem), [
      leaf.certificatePem,
      second.certificatePem,
      first.certificatePem,
    ]);
  });

  it('lets nothing be issued by a certificate that is no authority', async () => {
    const { server } = await testAuthority();
    await assert.rejects(
      issueClientCertificate({ issuer: server, subject: { commonName: 'x' }, nowMs: Date.now() }),
      /the issuer is not a certificate authority/,
    );
  });
});

describe('validity', () => {
  it('ends with the issuer, and does not begin before it', async () => {
    const root = await issueCertificateAuthority({ commonName: 'r', nowMs: NOW_MS, validDays: 2 });
    const client = await issueClientCertificate({
      issuer: root,
      subject: { commonName: 'c' },
      nowMs: NOW_MS,
      notBeforeMs: NOW_MS - DAY_MS,
      validDays: 3,
    });
    assert.equal(read(client).validFrom, read(root).validFrom);
    assert.equal(read(client).validTo, read(root).validTo);
  });

  it('is refused where nothing of it lies within the period of the issuer', async () => {
    const root = await issueCertificateAuthority({ commonName: 'r', nowMs: NOW_MS, validDays: 2 });
    const later = { nowMs: NOW_MS + 3 * DAY_MS, validDays: 1 };
    await assert.rejects(
      issueClientCertificate({ issuer: root, subject: { commonName: 'c' }, ...later }),
      /valid from 2031-05-09T07:03:09.123Z to 2031-05-10T.* within its issuer's 2031-05-06T.*/,
    );
  });

  it('may lie in the past, and beyond the years that UTCTime can say', async () => {
    const past = await issueSelfSigned({
      subject: { commonName: 'past' },
      nowMs: NOW_MS,
      notBeforeMs: Date.UTC(2020, 0, 1),
      notAfterMs: Date.UTC(2020, 0, 2),
    });
    const future = await issueSelfSigned({
      subject: { commonName: 'future' },
      nowMs: NOW_MS,
      notAfterMs: Date.UTC(2051, 1, 3),
    });
    assert.equal(read(past).validToDate.getTime(), Date.UTC(2020, 0, 2));
    assert.equal(read(future).validToDate.getTime(), Date.UTC(2051, 1, 3));
  });
});

describe('subjects', () => {
  it('carry every field, in any script', async () => {
    const { intermediate, client } = await testAuthority();
    const issued = await client({
      commonName: 'vehicle-1 Ünïcode 車',
      organization: 'Contoso, "Ltd"',
      organizationUnit: 'IoT/x',
      countryCode: 'US',
    });
    assertIssuedBy(issued, intermediate);
    const { subject } = read(issued).toLegacyObject();
    assert.deepEqual(
      { ...subject },
      { C: 'US', O: 'Contoso, "Ltd"', OU: 'IoT/x', CN: 'vehicle-1 Ünïcode 車' },
    );
  });

  const refused: readonly [Record<string, string>, RegExp][] = [
    [{ commonName: '' }, /commonName "" .* 1 to 64 characters/],
    [{ commonName: 'x'.repeat(65) }, /commonName "x+" .* 1 to 64 characters/],
    [{ commonName: 'a\0b' }, /no NUL/],
    [{ commonName: 'a\ud800' }, /Unicode/],
    [{ organization: '' }, /^IssueError: organization ""/],
    [{ organizationUnit: 'y'.repeat(65) }, /organizationUnit/],
    [{ countryCode: 'USA' }, /countryCode "USA" .* two letters/],
    [{ countryCode: 'ü1' }, /two letters/],
  ];
  for (const [fields, message] of refused) {
    it(`are refused with ${JSON.stringify(fields).slice(0, 40)}`, async () => {
      const subject = { commonName: 'x', ...fields };
      await assert.rejects(issueSelfSigned({ subject, nowMs: NOW_MS }), message);
    });
  }
});

describe('issueServerCertificate', () => {
  it('covers DNS names, wildcards and addresses of both families', async () => {
    const { intermediate } = await testAuthority();
    const server = await issueServerCertificate({
      issuer: intermediate,
      commonName: 'broker',
      hosts: ['broker.example.com', '*.mqtt.example.com', '192.0.2.7', '2001:db8::1'],
      nowMs: Date.now(),
    });
    const certificate = read(server);
    assert.ok(certificate.checkHost('broker.example.com'));
    assert.ok(certificate.checkHost('a.mqtt.example.com'));
    assert.equal(certificate.checkHost('broker'), undefined);
    assert.ok(certificate.checkIP('192.0.2.7'));
    assert.ok(certificate.checkIP('2001:db8:0:0:0:0:0:1'));
    assert.equal(certificate.checkIP('192.0.2.8'), undefined);
    assert.deepEqual(certificate.keyUsage, [SERVER_AUTH]);
  });

  const refused = [
    '',
    'a b',
    'broker:8883',
    'a..b',
    '-a',
    'fe80::1%eth0',
    '*',
    '*.com',
    'x'.repeat(64),
  ];
  for (const host of refused) {
    it(`refuses the host ${JSON.stringify(host)}`, async () => {
      const { intermediate: issuer } = await testAuthority();
      await assert.rejects(
        issueServerCertificate({ issuer, commonName: 'b', hosts: [host], nowMs: Date.now() }),
        /is no host for a server's certificate/,
      );
    });
  }

  it('refuses to cover nothing', async () => {
    const { intermediate: issuer } = await testAuthority();
    await assert.rejects(
      issueServerCertificate({ issuer, commonName: 'b', hosts: [], nowMs: Date.now() }),
      /at least one host/,
    );
  });
});

describe('issueClientCertificate and issueSelfSigned', () => {
  it('are for clients, and are no authorities', async () => {
    const { client, selfSigned } = await testAuthority();
    for (const issued of [await client('one'), await selfSigned('two')]) {
      assert.equal(read(issued).ca, false);
      assert.deepEqual(read(issued).keyUsage, [CLIENT_AUTH]);
    }
  });

  it('signs a self-signed certificate with its own key', async () => {
    const { selfSigned } = await testAuthority();
    const issued = await selfSigned('self');
    const certificate = read(issued);
    assert.equal(certificate.issuer, certificate.subject);
    assert.ok(certificate.verify(createPublicKey(issued.privateKeyPem)));
  });

  it('states both thumbprints as certificateThumbprint takes them', async () => {
    const { selfSigned } = await testAuthority();
    const issued = await selfSigned('self');
    const certificate = read(issued);
    assert.equal(issued.thumbprintSha256, certificate.fingerprint256.replaceAll(':', ''));
    assert.equal(issued.thumbprintSha1, certificate.fingerprint.replaceAll(':', ''));
    assert.match(issued.thumbprintSha256, /^[0-9A-F]{64}$/);
    assert.match(issued.thumbprintSha1, /^[0-9A-F]{40}$/);
  });
});

describe('serial numbers', () => {
  const drawn: readonly [number, string][] = [
    [0x00, `40${'00'.repeat(15)}`],
    [0xff, `7F${'FF'.repeat(15)}`],
  ];
  for (const [byte, serialNumber] of drawn) {
    it(`are positive and of 16 bytes where all that is drawn is ${byte}`, async () => {
      const issued = await issueSelfSigned({
        subject: { commonName: 'x' },
        nowMs: NOW_MS,
        randomBytes: (size) => new Uint8Array(size).fill(byte),
      });
      assert.equal(read(issued).serialNumber, serialNumber);
    });
  }

  it('differ from one certificate to the next', async () => {
    const { root, intermediate, server } = await testAuthority();
    const numbers = [root, intermediate, server].map((issued) => read(issued).serialNumber);
    assert.equal(new Set(numbers).size, 3);
  });
});

describe('a mutual TLS handshake', () => {
  for (const keyAlgorithm of ALGORITHMS) {
    it(`succeeds with ${keyAlgorithm} and chains from leaf to root`, async () => {
      const nowMs = Date.now();
      const root = await issueCertificateAuthority({ commonName: 'root', nowMs, keyAlgorithm });
      const issuer = await issueCertificateAuthority({
        commonName: 'intermediate',
        issuer: root,
        pathLength: 0,
        nowMs,
        keyAlgorithm,
      });
      const server = await issueServerCertificate({
        issuer,
        commonName: 'server',
        hosts: ['localhost'],
        nowMs,
        keyAlgorithm,
      });
      const subject = { commonName: 'client' };
      const client = await issueClientCertificate({ issuer, subject, nowMs, keyAlgorithm });
      const ca = root.certificatePem;
      for (const version of VERSIONS) {
        const result = await handshake(
          version,
          { cert: server.chainPem, key: server.privateKeyPem, ca },
          { cert: client.chainPem, key: client.privateKeyPem, ca },
        );
        assert.deepEqual(result, {
          protocol: version,
          clientCommonName: 'client',
          serverCommonName: 'server',
        });
      }
    });
  }

  for (const version of VERSIONS) {
    it(`fails over ${version} where the client's root is another one`, async () => {
      const ours = await testAuthority();
      const other = await createTestAuthority();
      await assert.rejects(
        handshake(version, ours.tlsOptions(ours.server), {
          ...(await other.clientOptions('x')),
          ca: ours.root.certificatePem,
        }),
        /^Error: UNABLE_TO_GET_ISSUER_CERT_LOCALLY$/,
      );
    });

    it(`fails over ${version} with a client's certificate that has expired`, async () => {
      const { client, server, tlsOptions } = await testAuthority();
      const expired = await client('late', { notAfterMs: Date.now() - 60_000 });
      await assert.rejects(
        handshake(version, tlsOptions(server), tlsOptions(expired)),
        /^Error: CERT_HAS_EXPIRED$/,
      );
    });

    it(`fails over ${version} where a server's certificate is used by a client`, async () => {
      const { server, tlsOptions } = await testAuthority();
      await assert.rejects(
        handshake(version, tlsOptions(server), tlsOptions(server)),
        /^Error: INVALID_PURPOSE$/,
      );
    });

    it(`fails over ${version} below a path length of 0`, async () => {
      const { intermediate, client, server, tlsOptions } = await testAuthority();
      const below = await issueCertificateAuthority({
        commonName: 'below',
        issuer: intermediate,
        nowMs: Date.now(),
      });
      await assert.rejects(
        handshake(version, tlsOptions(server), tlsOptions(await client('x', { issuer: below }))),
        /^Error: PATH_LENGTH_EXCEEDED$/,
      );
    });
  }
});
