import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { Issued } from '../certificates/issue.ts';
import { systemClock } from '../control/clock.ts';
import { ControlServer } from '../operator/control-server/control-server.ts';
import { Publications } from '../operator/control-server/publications.ts';
import {
  brokerCertificate,
  CONTROL_HOST,
  controlAuthority,
  controlCertificate,
  KEY,
} from '../test/support/control-plane.ts';
import { ManualClock, settle } from '../test/support/manual-clock.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { eventually } from '../test/support/within.ts';
import { Follower } from './follower.ts';
import { OperatorConnection } from './operator-connection.ts';
import type { OperatorConnectionOptions } from './operator-connection.ts';

const WAIT_MS = 10_000;
const silent = pino({ level: 'silent' });

function writeCertificate(folder: string, issued: Issued, authority: Issued): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tls.crt'), issued.chainPem);
  writeFileSync(join(folder, 'tls.key'), issued.privateKeyPem);
  writeFileSync(join(folder, 'ca.crt'), authority.certificatePem);
}

function connect(t: TestContext, options: Partial<OperatorConnectionOptions>) {
  const logs: string[] = [];
  const follower = new Follower({
    pod: 'plant-0',
    saved: undefined,
    apply: () => undefined,
    onRuns: () => undefined,
    logger: silent,
  });
  const connection = new OperatorConnection({
    host: CONTROL_HOST,
    port: 1,
    certificateFolder: '/nonexistent',
    follower,
    clock: systemClock,
    logger: pino({ level: 'info' }, { write: (line) => void logs.push(line) }),
    random: () => 0.5,
    resolve: () => Promise.resolve(['127.0.0.1']),
    ...options,
  });
  t.after(() => connection.close());
  return { connection, follower, logs };
}

async function aLeader(t: TestContext, authority: Issued) {
  const publications = new Publications({
    clock: systemClock,
    logger: silent,
    onStanding: () => undefined,
    onDeliveries: () => undefined,
    onHigherEpoch: () => undefined,
  });
  publications.lead(1);
  const server = await ControlServer.open({
    host: '127.0.0.1',
    port: 0,
    certificate: await controlCertificate(authority),
    publications,
    keyOf: () => KEY,
    clock: systemClock,
    logger: silent,
  });
  t.after(() => server.close());
  return { publications, server };
}

test('a name that does not resolve is tried for ever, less and less often, and told once', async (t) => {
  const clock = new ManualClock();
  let tries = 0;
  const resolve = (): Promise<never> => {
    tries++;
    return Promise.reject(new Error('ENOTFOUND'));
  };
  const { connection, logs } = connect(t, { clock, resolve });
  await clock.advance(1000);
  // After 75, 150, 300 ms ..., and the first at once.
  assert.equal(tries, 4);
  await clock.advance(10 * 60 * 1000);
  assert.ok(tries > 390 && tries < 420, String(tries));
  assert.match(connection.fault ?? '', /mqttgrid-control\.mqttgrid-system\.svc cannot be resolved/);
  assert.equal(logs.length, 1);
});

test('a resolver that does not answer is given up, and asked again', async (t) => {
  const clock = new ManualClock();
  let tries = 0;
  const resolve = (): Promise<never> => {
    tries++;
    return new Promise(() => undefined);
  };
  const { connection } = connect(t, { clock, resolve });
  await clock.advance(5000);
  assert.match(connection.fault ?? '', /cannot be resolved: nothing came in 5000 ms/);
  await clock.advance(100);
  assert.equal(tries, 2);
  await connection.close();
  await settle();
  assert.equal(clock.pending, 0);
});

test('an operator of another authority, or for another name, is told nothing', async (t) => {
  const [authority, other] = [await controlAuthority(), await controlAuthority()];
  const { server, publications } = await aLeader(t, authority);
  const folder = temporaryFolder(t);
  writeCertificate(folder, await brokerCertificate(authority), other);
  const { port } = server;
  const untrusting = connect(t, { port, certificateFolder: folder });
  await eventually(WAIT_MS, 'a refusal', () => {
    return /self-signed certificate in certificate chain/.test(untrusting.connection.fault ?? '')
      ? true
      : undefined;
  });
  const trusted = temporaryFolder(t);
  writeCertificate(trusted, await brokerCertificate(authority), authority);
  const misled = connect(t, { port, certificateFolder: trusted, host: 'elsewhere.svc' });
  await eventually(WAIT_MS, 'a refusal', () => {
    return misled.connection.fault?.includes("does not match certificate's altnames")
      ? true
      : undefined;
  });
  assert.deepEqual(publications.standing(KEY), []);
});

test('the certificate that lies there at each try is the one that is shown', async (t) => {
  const [authority, old] = [await controlAuthority(), await controlAuthority()];
  const { server, publications } = await aLeader(t, authority);
  const folder = join(temporaryFolder(t), 'later');
  const { connection, follower } = connect(t, { port: server.port, certificateFolder: folder });
  await eventually(WAIT_MS, 'a fault', () => {
    return connection.fault?.includes('cannot be used: ENOENT') ? true : undefined;
  });
  writeCertificate(folder, await brokerCertificate(old), authority);
  // With TLS 1.3 a client learns after the handshake that its certificate was not taken.
  await eventually(WAIT_MS, 'a fault', () => {
    return /connection (broke|was closed)|closed the connection/.test(connection.fault ?? '')
      ? true
      : undefined;
  });
  writeCertificate(folder, await brokerCertificate(authority), authority);
  await eventually(WAIT_MS, 'the broker', () => publications.standing(KEY)[0]);
  assert.deepEqual([follower.isConnected, connection.fault], [true, undefined]);
});

test('all addresses are tried in one round, those that hang included', async (t) => {
  const authority = await controlAuthority();
  const { server, publications } = await aLeader(t, authority);
  const folder = temporaryFolder(t);
  writeCertificate(folder, await brokerCertificate(authority), authority);
  // Nobody listens at the first two.
  const resolve = (): Promise<string[]> => Promise.resolve(['127.0.0.8', '127.0.0.9', '127.0.0.1']);
  connect(t, { port: server.port, certificateFolder: folder, resolve, random: () => 0 });
  await eventually(WAIT_MS, 'the broker', () => publications.standing(KEY)[0]);
});
