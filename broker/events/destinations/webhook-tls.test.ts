import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { issueServerCertificate } from '../../../certificates/issue.ts';
import type { Issued } from '../../../certificates/issue.ts';
import { createTestAuthority, testAuthority } from '../../../test/support/certificates.ts';
import { outboundEvents } from '../../../test/support/outbound-events.ts';
import { startWebhookReceiver } from '../../../test/support/webhook-receiver.ts';
import type { WebhookReceiver } from '../../../test/support/webhook-receiver.ts';
import { systemClock } from '../../clock.ts';
import type { Destination } from './destination.ts';
import { openWebhook } from './webhook.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY =
  'put the certificate of the authority that issued it into ca.crt of the Secret in caSecretName';

function serving(t: TestContext, { chainPem, privateKeyPem }: Issued): Promise<WebhookReceiver> {
  return startWebhookReceiver(t, { tls: { cert: chainPem, key: privateKeyPem } });
}

/** `ca` may change, as a mounted Secret does. */
function open(t: TestContext, url: string, ca?: { pem: string | undefined }): Destination {
  const read = (secret: string, key: string): Buffer | undefined =>
    secret === 'ca' && key === 'ca.crt' && ca?.pem !== undefined ? Buffer.from(ca.pem) : undefined;
  const declared = { url, ...(ca === undefined ? {} : { caSecretName: 'ca' }) };
  const destination = openWebhook(declared, { secrets: { read }, clock: systemClock });
  t.after(() => destination.close());
  return destination;
}

async function causeOf(destination: Destination, url: string): Promise<string | undefined> {
  const outcome = await destination.deliver(outboundEvents('1'), new AbortController().signal);
  if (outcome.type === 'Delivered') return undefined;
  assert.ok(outcome.type === 'Failed' && outcome.scope === 'Destination');
  assert.ok(outcome.cause.startsWith(`POST ${url}: `));
  return `${outcome.fault}: ${outcome.cause.slice(`POST ${url}: `.length)}`;
}

test('a receiver is verified against ca.crt, whose change takes effect at once', async (t) => {
  const authority = await testAuthority();
  const other = await createTestAuthority();
  const receiver = await serving(t, authority.server);
  const ca = { pem: authority.root.certificatePem as string | undefined };
  const destination = open(t, receiver.url, ca);
  assert.equal(await causeOf(destination, receiver.url), undefined);
  assert.equal(await causeOf(destination, receiver.url), undefined);
  assert.equal(receiver.connections(), 1);
  ca.pem = other.root.certificatePem;
  assert.match((await causeOf(destination, receiver.url))!, /unknown authority; put the cert/);
  ca.pem = `${other.root.certificatePem}\n${authority.root.certificatePem}`;
  assert.equal(await causeOf(destination, receiver.url), undefined);
  assert.equal(receiver.requests.length, 3);
});

test('a Secret without authorities is named, and nothing is connected to', async (t) => {
  const authority = await testAuthority();
  const receiver = await serving(t, authority.server);
  for (const [pem, cause] of [
    [undefined, 'Refused: there is no Secret ca with ca.crt; create it, or add ca.crt'],
    ['', 'Refused: ca.crt of Secret ca holds no certificate in PEM, or a broken one'],
    [
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'Refused: ca.crt of Secret ca holds no certificate in PEM, or a broken one',
    ],
  ] as const) {
    assert.equal(await causeOf(open(t, receiver.url, { pem }), receiver.url), cause);
  }
  assert.equal(receiver.connections(), 0);
});

test('a certificate that does not do is named with its remedy, and no event is sent', async (t) => {
  const authority = await testAuthority();
  const nowMs = Date.now();
  const issuer = authority.intermediate;
  const common = { issuer, commonName: 'localhost' };
  const hosts = ['localhost'];
  const expired = { notBeforeMs: nowMs - 9 * DAY_MS, notAfterMs: nowMs - DAY_MS };
  const early = { notBeforeMs: nowMs + DAY_MS, notAfterMs: nowMs + 9 * DAY_MS };
  const elsewhere = ['other.example'];
  for (const [certificate, cause] of [
    [
      await issueServerCertificate({ ...common, hosts, nowMs, ...expired }),
      'its certificate has expired; renew it, or check the clocks',
    ],
    [
      await issueServerCertificate({ ...common, hosts, nowMs, ...early }),
      'its certificate is not valid yet; check the clocks',
    ],
    [
      await issueServerCertificate({ ...common, hosts: elsewhere, nowMs }),
      'its certificate is for DNS:other.example; use a url with such a host, or issue one for ' +
        'this host',
    ],
    [
      (await createTestAuthority()).root,
      'its certificate is self-signed; put it into ca.crt of the Secret in caSecretName',
    ],
  ] as const) {
    const receiver = await serving(t, certificate);
    const destination = open(t, receiver.url, { pem: authority.root.certificatePem });
    assert.equal(await causeOf(destination, receiver.url), `Unreachable: ${cause}`);
    assert.equal(receiver.requests.length, 0);
  }
});

test('without ca.crt only the well-known authorities are trusted', async (t) => {
  const authority = await testAuthority();
  const receiver = await serving(t, authority.server);
  const cause = await causeOf(open(t, receiver.url), receiver.url);
  assert.match(cause!, /unknown authority/);
  assert.ok(cause!.endsWith(AUTHORITY));
});

test('TLS below 1.2, and no TLS at all, are told apart from a missing receiver', async (t) => {
  const authority = await testAuthority();
  const { chainPem: cert, privateKeyPem: key } = authority.server;
  const pem = authority.root.certificatePem;
  const old = { cert, key, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const outdated = await startWebhookReceiver(t, { tls: { ...old, ciphers } });
  const below = await causeOf(open(t, outdated.url, { pem }), outdated.url);
  assert.equal(below, 'Unreachable: it speaks no TLS that is allowed here: TLS 1.2 or newer');
  const plain = await startWebhookReceiver(t);
  const url = plain.url.replace('http:', 'https:');
  const none = await causeOf(open(t, url, { pem }), url);
  assert.match(none!, /^Unreachable: it does not speak TLS.*check that the url should be https$/);
});
