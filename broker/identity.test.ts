import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestBroker } from '../test/support/broker.ts';
import { startTestBroker, telemetrySketch } from '../test/support/broker.ts';
import { createTestAuthority, testAuthority } from '../test/support/certificates.ts';
import { aClient } from '../test/support/snapshots.ts';

const NOT_AUTHORIZED = 0x87;
const NOT_AUTHORIZED_3 = 5;

const identities: [string, (broker: TestBroker) => Promise<unknown>, RegExp][] = [
  ['without a certificate', (b) => both(b, 'subscriber', {}), /no client certificate/],
  ['of a Client that is disabled', (b) => both(b, 'off'), /disabled/],
  ['of a Client that is not declared', (b) => both(b, 'nobody'), /no Client is named "nobody"/],
  [
    "with someone else's name",
    async (b) => both(b, 'subscriber', await optionsOf('publisher')),
    /CN is "publisher", declared is "subscriber"/,
  ],
  [
    'with a certificate of another authority',
    async (b) => {
      const other = await createTestAuthority();
      const { cert, key } = await other.clientOptions('subscriber');
      await both(b, 'subscriber', { cert, key });
    },
    /no registered CaCertificate issued/,
  ],
  [
    'with a certificate that expired',
    async (b) => {
      const authority = await testAuthority();
      const expired = await authority.client('subscriber', {
        notBeforeMs: Date.now() - 200 * 86400000,
        notAfterMs: Date.now() - 86400000,
      });
      await both(b, 'subscriber', authority.tlsOptions(expired));
    },
    /expired at/,
  ],
  [
    'with a certificate that signed itself',
    async (b) => {
      const authority = await testAuthority();
      const selfSigned = await authority.selfSigned('subscriber');
      await both(b, 'subscriber', authority.tlsOptions(selfSigned));
    },
    /no registered CaCertificate issued/,
  ],
  [
    'without the intermediate that issued its certificate',
    async (b) => {
      const authority = await testAuthority();
      const client = await authority.client('subscriber');
      await both(b, 'subscriber', authority.tlsOptions(client, 'leaf'));
    },
    /no registered CaCertificate issued/,
  ],
];

async function optionsOf(client: string): Promise<Partial<{ cert: string; key: string }>> {
  return (await testAuthority()).clientOptions(client);
}

async function both(
  { refusal }: TestBroker,
  client: string,
  tls?: Partial<{ cert: string; key: string }>,
): Promise<void> {
  const options = tls && { tls: { cert: undefined, key: undefined, ...tls } as never };
  assert.equal(await refusal(client, { ...options, protocolVersion: 4 }), NOT_AUTHORIZED_3);
  assert.equal(await refusal(client, { ...options, protocolVersion: 5 }), NOT_AUTHORIZED);
}

for (const [name, attempt, cause] of identities) {
  test(`a client ${name} is refused at CONNECT, and the log says why`, async (t) => {
    const broker = await startTestBroker(t);
    await attempt(broker);
    const causes = broker.logs.filter(({ operation }) => operation === 'connect');
    assert.equal(causes.length, 2);
    for (const line of causes) assert.match(line.cause ?? '', cause);
  });
}

test('a username that is not the name is refused, the name itself is not', async (t) => {
  const { connect, refusal } = await startTestBroker(t);
  const username = 'publisher';
  assert.equal(await refusal('subscriber', { protocolVersion: 5, username }), NOT_AUTHORIZED);
  await connect('publisher', { protocolVersion: 5, username, password: 'ignored' });
});

const unsupported: [string, object, number, number | 'closed'][] = [
  ['a Will', { will: { topic: 'a', payload: 'b', qos: 0, retain: false } }, 0x83, 'closed'],
  ['an Authentication Method', { properties: { authenticationMethod: 'x' } }, 0x8c, 0],
];
for (const [name, options, code, code3] of unsupported) {
  test(`CONNECT with ${name} is refused`, async (t) => {
    const { refusal } = await startTestBroker(t);
    assert.equal(await refusal('subscriber', { protocolVersion: 5, ...options }), code);
    if (code3 === 0) return;
    assert.equal(await refusal('subscriber', { protocolVersion: 4, ...options }), code3);
  });
}

test('a registered intermediate is enough for clients that send their leaf alone', async (t) => {
  const authority = await testAuthority();
  const caCertificates = [authority.intermediate.certificatePem];
  const { connect } = await startTestBroker(t, { caCertificates });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = await authority.client('subscriber');
    const tls = authority.tlsOptions(client, 'leaf');
    const versions = { minVersion: version, maxVersion: version };
    await (await connect('subscriber', { tls: { ...tls, ...versions } })).end();
  }
});

test('a thumbprint is enough for a certificate that signed itself', async (t) => {
  const authority = await testAuthority();
  const mine = await authority.selfSigned('anything');
  const other = await authority.selfSigned('anything');
  for (const thumbprint of [mine.thumbprintSha1, mine.thumbprintSha256]) {
    const credential = {
      type: 'CertificateThumbprint',
      thumbprints: [thumbprint.replaceAll(':', '').toLowerCase()],
    } as const;
    const { connect, refusal } = await startTestBroker(t, {
      clients: [aClient('device', { credential })],
    });
    await connect('device', { tls: authority.tlsOptions(mine) });
    const tls = authority.tlsOptions(other);
    assert.equal(await refusal('device', { tls, protocolVersion: 5 }), NOT_AUTHORIZED);
  }
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a resumed session of ${version} is checked like any other`, async (t) => {
    const { raw, broker, snapshot, logs } = await startTestBroker(t);
    const tls = { ...(await optionsOf('subscriber')), minVersion: version, maxVersion: version };
    const first = await raw('subscriber', 5, tls);
    const tickets: Buffer[] = [];
    first.socket.on('session', (ticket) => tickets.push(ticket));
    first.connect('subscriber');
    await first.roundTrip();
    const session = tickets.at(-1) ?? first.socket.getSession();
    const second = await raw('subscriber', 5, { ...tls, session });
    assert.equal(second.socket.isSessionReused(), true);
    second.connect('subscriber');
    const accepted = await second.next();
    assert.equal(accepted?.cmd === 'connack' && accepted.reasonCode, 0);
    broker.apply(snapshot({ ...telemetrySketch, caCertificates: [] }));
    const third = await raw('subscriber', 5, { ...tls, session });
    third.connect('subscriber');
    const refused = await third.next();
    assert.equal(refused?.cmd === 'connack' && refused.reasonCode, NOT_AUTHORIZED);
    assert.match(logs.findLast(({ cause }) => cause)?.cause ?? '', /no CaCertificate/);
  });
}
