/** Who may not connect: the right code to the client, and the cause in the log. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Issued } from '../certificates/issue.ts';
import { createTestAuthority } from './support/certificates.ts';
import { PeerClient } from './support/peer.ts';
import { REQUIRED_PEERS, startPeers } from './support/peers.ts';
import type { Peers } from './support/peers.ts';
import { REPOSITORY, startUp } from './support/up.ts';
import type { Up } from './support/up.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const SUBJECT = {
  commonName: 'pub-client.example.com',
  organization: 'Example',
  organizationUnit: 'IoT',
  countryCode: 'US',
};

interface Applicant {
  readonly title: string;
  readonly clientId: string;
  /** Of the files in `folder`; undefined: it presents none. */
  readonly certificate?: string;
  /** What the log must say. */
  readonly cause: RegExp;
}

const APPLICANTS: readonly Applicant[] = [
  {
    title: 'without a certificate',
    clientId: 'pub-client',
    cause: /no client certificate was presented/,
  },
  {
    title: 'with a certificate of another authority, though its subject is right',
    clientId: 'pub-client',
    certificate: 'foreign',
    cause: /not issued|no .*CA|authorit/i,
  },
  {
    title: 'with a certificate that expired yesterday',
    clientId: 'pub-client',
    certificate: 'expired',
    cause: /expired/,
  },
  {
    title: 'with a certificate that begins tomorrow',
    clientId: 'pub-client',
    certificate: 'future',
    cause: /is valid only from/,
  },
  {
    title: "under somebody else's name",
    clientId: 'sub-client',
    certificate: 'good',
    cause: /CN is \\?"pub-client\.example\.com\\?", declared is \\?"sub-client\.example\.com/,
  },
  {
    title: 'with a certificate that lacks a part of the declared subject',
    clientId: 'pub-client',
    certificate: 'without-organization',
    cause: /O is \\?"\\?", declared is \\?"Example/,
  },
  {
    title: 'that is not declared',
    clientId: 'nobody',
    certificate: 'good',
    cause: /no Client is named \\?"nobody/,
  },
  {
    title: 'that is disabled',
    clientId: 'disabled-client',
    certificate: 'good',
    cause: /the Client is disabled/,
  },
];

let folder: string;
let up: Up;
let peers: Peers;

function caManifest(certificatePem: string): string {
  const spec = { namespaceRef: { name: 'hello-world' }, encodedCertificate: certificatePem };
  const metadata = { name: 'test-root' };
  return JSON.stringify({ apiVersion: 'mqttgrid.io/v1', kind: 'CaCertificate', metadata, spec });
}

function disabledClient(): string {
  const spec = {
    namespaceRef: { name: 'hello-world' },
    state: 'Disabled',
    authentication: { certificateSubject: SUBJECT },
  };
  const metadata = { name: 'disabled-client' };
  return JSON.stringify({ apiVersion: 'mqttgrid.io/v1', kind: 'Client', metadata, spec });
}

async function writeCertificates(): Promise<void> {
  const [own, foreign] = [await createTestAuthority(), await createTestAuthority()];
  const nowMs = Date.now();
  const issued: Readonly<Record<string, Issued>> = {
    good: await own.client(SUBJECT),
    foreign: await foreign.client(SUBJECT),
    expired: await own.client(SUBJECT, {
      notBeforeMs: nowMs - 2 * DAY_MS,
      notAfterMs: nowMs - DAY_MS,
    }),
    future: await own.client(SUBJECT, { notBeforeMs: nowMs + DAY_MS }),
    'without-organization': await own.client({
      commonName: SUBJECT.commonName,
      organizationUnit: 'IoT',
      countryCode: 'US',
    }),
  };
  for (const [name, { chainPem, privateKeyPem }] of Object.entries(issued)) {
    writeFileSync(path.join(folder, `${name}.crt`), chainPem);
    writeFileSync(path.join(folder, `${name}.key`), privateKeyPem);
  }
  writeFileSync(path.join(folder, 'manifests', 'ca.json'), caManifest(own.root.certificatePem));
  writeFileSync(path.join(folder, 'manifests', 'disabled.json'), disabledClient());
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-refused-'));
  cpSync(path.join(REPOSITORY, 'examples/hello-world'), path.join(folder, 'manifests'), {
    recursive: true,
  });
  await writeCertificates();
  up = await startUp(path.join(folder, 'manifests'), path.join(folder, 'data'));
  peers = startPeers();
});
after(async () => {
  await peers.stop();
  await up.stop();
  rmSync(folder, { recursive: true });
});

/** The file of the certificate, or of its key. */
function fileOf(name: string | undefined, extension: string): string | undefined {
  return name === undefined ? undefined : path.join(folder, `${name}.${extension}`);
}

for (const name of REQUIRED_PEERS) {
  for (const version of [4, 5] as const) {
    const protocol = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
    const connect = (
      peer: NonNullable<ReturnType<Peers['find']>>,
      clientId: string,
      certificate: string | undefined,
    ): PeerClient =>
      new PeerClient(peer, {
        clientId,
        version,
        endpoint: up.endpoint('hello-world'),
        ca: path.join(up.certificates, 'ca.crt'),
        certificate: fileOf(certificate, 'crt'),
        key: fileOf(certificate, 'key'),
      });

    test(`${name}, ${protocol}: the declared client connects`, async (t) => {
      const peer = peers.find(name, t);
      if (peer === undefined) return;
      const client = connect(peer, 'pub-client', 'good');
      assert.equal(await client.connected(), 0, up.log());
      await client.end();
    });

    for (const { title, clientId, certificate, cause } of APPLICANTS) {
      test(`${name}, ${protocol}: refuses a client ${title}`, async (t) => {
        const peer = peers.find(name, t);
        if (peer === undefined) return;
        const logged = up.log().length;
        const client = connect(peer, clientId, certificate);
        assert.equal(await client.connected(), version === 5 ? 0x87 : 5);
        assert.deepEqual(await client.eventsBeforeClose(), []);
        await up.logged(cause, logged);
      });
    }
  }
}
