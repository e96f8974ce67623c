import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { pino } from 'pino';
import { issueClientCertificate, issueSelfSigned } from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { systemClock } from '../../control/clock.ts';
import type { OperatorMessage } from '../../control/messages.ts';
import {
  brokerCertificate,
  CONTROL_HOST,
  controlAuthority,
  controlCertificate,
  KEY,
  NAMESPACE,
  UID,
} from '../../test/support/control-plane.ts';
import { aClient, aSnapshot } from '../../test/support/snapshots.ts';
import { eventually, within } from '../../test/support/within.ts';
import { ControlServer } from './control-server.ts';
import { Publications } from './publications.ts';

const WAIT_MS = 10_000;

async function aWorld(t: TestContext) {
  const logger = pino({ level: 'silent' });
  const publications = new Publications({
    clock: systemClock,
    logger,
    onStanding: () => undefined,
    onDeliveries: () => undefined,
    onHigherEpoch: () => undefined,
  });
  const authority = await controlAuthority();
  const server = await ControlServer.open({
    host: '127.0.0.1',
    port: 0,
    certificate: await controlCertificate(authority),
    publications,
    keyOf: (uid, namespace) => (uid === UID && namespace === NAMESPACE ? KEY : undefined),
    clock: systemClock,
    logger,
  });
  t.after(() => server.close());
  const connect = (client: Issued | undefined, ca = authority): Client => {
    const opened = new Client(server.port, client, ca);
    t.after(() => opened.socket.destroy());
    return opened;
  };
  return { publications, authority, server, connect };
}

class Client {
  readonly socket: tls.TLSSocket;
  readonly messages: OperatorMessage[] = [];
  readonly closed: Promise<void>;
  #text = '';

  constructor(port: number, client: Issued | undefined, ca: Issued) {
    this.socket = tls.connect({
      host: '127.0.0.1',
      port,
      servername: CONTROL_HOST,
      ca: ca.certificatePem,
      ...(client && { cert: client.chainPem, key: client.privateKeyPem }),
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
    this.socket.on('data', (chunk: Buffer) => {
      const lines = (this.#text + chunk.toString()).split('\n');
      this.#text = lines.pop()!;
      this.messages.push(...lines.map((line) => JSON.parse(line) as OperatorMessage));
    });
  }

  hello(): void {
    this.socket.write(`${JSON.stringify({ type: 'Hello', protocol: 1, pod: 'plant-0' })}\n`);
  }

  async until(type: OperatorMessage['type']): Promise<OperatorMessage> {
    return eventually(WAIT_MS, type, () => this.messages.find((each) => each.type === type));
  }

  /** Ended without a message. */
  async refused(): Promise<void> {
    await within(WAIT_MS, 'the end', this.closed);
    assert.deepEqual(this.messages, []);
  }
}

test('who has no certificate of the authority for clients gets nothing but the end', async (t) => {
  const { publications, authority, server, connect } = await aWorld(t);
  publications.lead(1);
  publications.publish(KEY, UID, aSnapshot({ clients: [aClient('a')], spaces: {} }));
  const subject = { commonName: UID, organization: NAMESPACE };
  const past = { nowMs: Date.now() - 2 * 24 * 60 * 60 * 1000, validDays: 1 };
  const wrong: readonly (Issued | undefined)[] = [
    undefined,
    await brokerCertificate(await controlAuthority()),
    await issueSelfSigned({ nowMs: Date.now(), subject }),
    // For servers alone: an operator's own certificate is no broker's.
    await serverCertificate(authority),
    await issueClientCertificate({ ...past, issuer: authority, subject }),
  ];
  for (const [index, certificate] of wrong.entries()) {
    const client = connect(certificate);
    client.hello();
    await client.refused();
    assert.equal(server.counts.handshakesFailed, index + 1);
  }
  assert.equal(server.counts.handshakesFailed, wrong.length);
  assert.equal(server.counts.accepted, 0);
  assert.deepEqual(publications.standing(KEY), []);
});

/** `once` would reject with the reset that is one way to be refused. */
function closing(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

async function serverCertificate(authority: Issued): Promise<Issued> {
  const { certificatePem, privateKeyPem } = await controlCertificate(authority);
  const issued = await brokerCertificate(authority);
  return { ...issued, certificatePem, chainPem: certificatePem, privateKeyPem };
}

test('a broker of no MqttNamespace that is declared is told to try later', async (t) => {
  const { publications, authority, server, connect } = await aWorld(t);
  publications.lead(1);
  const client = connect(await brokerCertificate(authority, 'uid-of-another'));
  const told = await client.until('TryLater');
  assert.ok(told.type === 'TryLater');
  assert.match(told.reason, /no MqttNamespace with the UID uid-of-another is declared in factory/);
  await within(WAIT_MS, 'the end', client.closed);
  assert.equal(server.counts.unknown, 1);
});

test('who does not lead says so to everybody, and does not look anything up', async (t) => {
  const { authority, server, connect } = await aWorld(t);
  const client = connect(await brokerCertificate(authority, 'uid-of-another'));
  assert.deepEqual(await client.until('NotLeader'), { type: 'NotLeader' });
  await within(WAIT_MS, 'the end', client.closed);
  assert.equal(server.counts.unknown, 0);
});

test('hostile bytes end their own connection only, before and after the handshake', async (t) => {
  const { publications, authority, server, connect } = await aWorld(t);
  publications.lead(1);
  publications.publish(KEY, UID, aSnapshot({ clients: [aClient('a')], spaces: {} }));
  const good = connect(await brokerCertificate(authority));
  good.hello();
  await good.until('UpdateEnd');
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff', '\0'.repeat(100_000)]) {
    const socket = net.connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => undefined);
    socket.write(bytes);
    socket.resume();
    await within(WAIT_MS, 'the end', closing(socket));
  }
  const lines = ['x\n', '{}\n', `${'['.repeat(20_000)}\n`, 'a'.repeat(1_000_000), '\xff\xfe\n'];
  for (const line of lines) {
    const client = connect(await brokerCertificate(authority));
    client.socket.write(line);
    await client.refused();
  }
  assert.equal(publications.standing(KEY).length, 1);
  assert.equal(good.socket.destroyed, false);
});

test('a broker that does not read holds up nobody, and little waits for it', async (t) => {
  const { publications, authority, connect } = await aWorld(t);
  publications.lead(1);
  const attributes = { text: 'x'.repeat(1000) };
  const clients = Array.from({ length: 5000 }, (_, index) => {
    return aClient(`client-${10_000 + index}`, { attributes });
  });
  publications.publish(KEY, UID, aSnapshot({ clients, spaces: {} }));
  const slow = connect(await brokerCertificate(authority));
  await once(slow.socket, 'secureConnect');
  slow.hello();
  slow.socket.pause();
  await eventually(WAIT_MS, 'the slow one', () => publications.standing(KEY)[0]);
  const fast = connect(await brokerCertificate(authority));
  fast.socket.write(`${JSON.stringify({ type: 'Hello', protocol: 1, pod: 'plant-1' })}\n`);
  await fast.until('UpdateEnd');
  assert.ok(!slow.messages.some(({ type }) => type === 'UpdateEnd'));
  slow.socket.resume();
  await slow.until('UpdateEnd');
});

test('certificates are replaced at run time: new connections see them, open ones stay', async (t) => {
  const { publications, authority, server, connect } = await aWorld(t);
  publications.lead(1);
  publications.publish(KEY, UID, aSnapshot({ clients: [aClient('a')], spaces: {} }));
  const open = connect(await brokerCertificate(authority));
  open.hello();
  await open.until('UpdateEnd');
  const next = await controlAuthority();
  server.setCertificate(await controlCertificate(next));
  const before = connect(await brokerCertificate(authority));
  await before.refused();
  const untrusted = connect(await brokerCertificate(authority), next);
  await untrusted.refused();
  const client = connect(await brokerCertificate(next), next);
  client.hello();
  await client.until('UpdateEnd');
  assert.equal(client.socket.getProtocol(), 'TLSv1.3');
  assert.throws(() => server.setCertificate({ ...emptyCertificate, privateKeyPem: 'no key' }));
  assert.equal(open.socket.destroyed, true, 'it made way for the newer stream of its pod');
  const again = connect(await brokerCertificate(next), next);
  again.hello();
  await again.until('UpdateEnd');
});

const emptyCertificate = { certificatePem: '', privateKeyPem: '', authoritiesPem: '' };

test('close ends streams, and handshakes that do not get anywhere', async (t) => {
  const { publications, authority, server, connect } = await aWorld(t);
  publications.lead(1);
  const client = connect(await brokerCertificate(authority));
  client.hello();
  const idle = net.connect({ host: '127.0.0.1', port: server.port });
  idle.on('error', () => undefined);
  const idleClosed = closing(idle);
  await eventually(WAIT_MS, 'the broker', () => publications.standing(KEY)[0]);
  await server.close();
  await within(WAIT_MS, 'the end', client.closed);
  await within(WAIT_MS, 'the end', idleClosed);
});
