/** Operators and broker pods, with everything between them: TLS, disks, and MQTT clients. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { updateMessages } from '../control/messages.ts';
import { changesBetween } from '../domain/snapshot-changes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { telemetrySketch } from './support/broker.ts';
import { createTestAuthority } from './support/certificates.ts';
import {
  aControlPlane,
  connectClient,
  get,
  inOrder,
  KEY,
  ready,
  UID,
} from './support/control-plane.ts';
import { aClient, aSnapshot } from './support/snapshots.ts';
import { eventually } from './support/within.ts';

const WAIT_MS = 15_000;
const telemetry = (): Promise<Snapshot> => inOrder(aSnapshot(telemetrySketch));

async function closedPort(): Promise<Snapshot> {
  const snapshot = await telemetry();
  return { ...snapshot, permissionBindings: [] };
}

test('a change is in force on two pods once they acknowledged it, on open connections too', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const first = publications.publish(KEY, UID, await telemetry());
  const pods = [await plane.pod('plant-0'), await plane.pod('plant-1')];
  await acknowledged(first, 2);
  for (const pod of pods) assert.equal(pod.unreadyReason, undefined);
  const client = await connectClient(t, pods[0]!, 'publisher');
  await client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
  const second = publications.publish(KEY, UID, await closedPort());
  await acknowledged(second, 2);
  const refused = client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
  await assert.rejects(refused, /Not authorized/i);
  assert.deepEqual([publications.counts.wholeSent, publications.counts.changesSent], [2, 2]);
});

test('a leader change: pods follow the new one, whose epoch is higher and counter lower', async (t) => {
  const plane = await aControlPlane(t);
  const one = await plane.operator('127.0.0.1');
  const two = await plane.operator('127.0.0.2');
  one.publications.lead(1);
  const content = await telemetry();
  one.publications.publish(KEY, UID, await closedPort());
  one.publications.publish(KEY, UID, content);
  const pods = [await plane.pod('plant-0'), await plane.pod('plant-1')];
  await one.acknowledged({ epoch: 1, counter: 2 }, 2);
  const client = await connectClient(t, pods[0]!, 'publisher');
  one.publications.follow();
  two.publications.lead(2);
  const version = two.publications.publish(KEY, UID, content);
  assert.deepEqual(version, { epoch: 2, counter: 1 });
  await two.acknowledged(version, 2);
  // They run it already.
  assert.deepEqual(
    [two.publications.counts.currentSent, two.publications.counts.wholeSent],
    [2, 0],
  );
  await client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
  const changed = two.publications.publish(KEY, UID, await closedPort());
  await two.acknowledged(changed, 2);
  assert.equal(two.publications.counts.changesSent, 2);
});

test('a leader that is behind what a pod runs is not followed until its epoch is raised', async (t) => {
  const plane = await aControlPlane(t);
  const one = await plane.operator('127.0.0.1');
  one.publications.lead(9);
  one.publications.publish(KEY, UID, await telemetry());
  await plane.pod('plant-0');
  await one.acknowledged({ epoch: 9, counter: 1 }, 1);
  const two = await plane.operator('127.0.0.2');
  // The Lease was made anew.
  two.publications.lead(0);
  two.publications.publish(KEY, UID, await closedPort());
  await one.close();
  plane.addresses.shift();
  await two.acknowledged({ epoch: 10, counter: 2 }, 1);
});

test('with the operator down a pod starts from its disk, serves, and catches up', async (t) => {
  const plane = await aControlPlane(t);
  const operator = await plane.operator('127.0.0.1');
  operator.publications.lead(1);
  const version = operator.publications.publish(KEY, UID, await telemetry());
  const before = await plane.pod('plant-0');
  await operator.acknowledged(version, 1);
  await before.close();
  await operator.close();
  plane.addresses.length = 0;

  const pod = await plane.pod('plant-0');
  const [healthPort, metricsPort] = pod.httpPorts;
  const [status, reason] = await get(healthPort, '/readyz');
  assert.equal(status, 503);
  assert.match(reason, /^it has no snapshot, and no operator: /);
  assert.deepEqual(await get(healthPort, '/healthz'), [200, 'ok\n']);
  await ready(pod);
  assert.deepEqual(await get(healthPort, '/readyz'), [200, 'ok\n']);
  const client = await connectClient(t, pod, 'publisher');
  await client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
  const [, metrics] = await get(metricsPort, '/metrics');
  assert.match(metrics, /^mqttgrid_broker_connections 1$/m);
  assert.match(metrics, /^mqttgrid_broker_publishes_received_total 1$/m);
  assert.match(metrics, /^mqttgrid_broker_operator_connected 0$/m);
  assert.match(metrics, /^mqttgrid_broker_snapshot_counter 1$/m);

  const again = await plane.operator('127.0.0.1');
  again.publications.lead(2);
  await again.acknowledged(again.publications.publish(KEY, UID, await telemetry()), 1);
  assert.equal(again.publications.counts.currentSent, 1);
});

test('without an operator and without a disk it does not listen, and says why', async (t) => {
  const plane = await aControlPlane(t);
  const operator = await plane.operator('127.0.0.1');
  const pod = await plane.pod('plant-0');
  await delay(3500);
  assert.equal(pod.broker, undefined);
  assert.match(pod.unreadyReason ?? '', /no operator: 127\.0\.0\.1: it does not lead/);
  operator.publications.lead(1);
  await eventually(WAIT_MS, 'a stream', () => operator.publications.standing(KEY)[0]);
  assert.equal(pod.unreadyReason, 'it waits for its snapshot from the operator');
  operator.publications.publish(KEY, UID, await telemetry());
  await ready(pod);
});

test('a snapshot that a broker cannot run is refused with its words, and the last one stays', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const good = await telemetry();
  const version = publications.publish(KEY, UID, good);
  const pod = await plane.pod('plant-0');
  await acknowledged(version, 1);
  const client = await connectClient(t, pod, 'publisher');
  const caCertificates = [{ name: 'root', certificate: 'AAAA' }];
  const bad = publications.publish(KEY, UID, { ...good, caCertificates, permissionBindings: [] });
  const refused = await eventually(WAIT_MS, 'a refusal', () => {
    return publications.standing(KEY)[0]?.refused;
  });
  assert.deepEqual(refused.version, bad);
  assert.ok(refused.message.length > 0);
  assert.deepEqual(publications.standing(KEY)[0]?.runs, version);
  await client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
  await connectClient(t, pod, 'subscriber');
  assert.equal(pod.unreadyReason, undefined);
  await acknowledged(publications.publish(KEY, UID, await closedPort()), 1);
});

test('a first snapshot that cannot be run leaves nothing behind that the next would trip over', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const good = await telemetry();
  const caCertificates = [{ name: 'root', certificate: 'AAAA' }];
  publications.publish(KEY, UID, { ...good, caCertificates });
  const pod = await plane.pod('plant-0');
  await eventually(WAIT_MS, 'a refusal', () => publications.standing(KEY)[0]?.refused);
  assert.match(pod.unreadyReason ?? '', /^it runs no snapshot: the last one was refused: /);
  await acknowledged(publications.publish(KEY, UID, good), 1);
  assert.equal(pod.unreadyReason, undefined);
});

test('a certificate that is replaced is shown to new connections, and disturbs no open one', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const pod = await plane.pod('plant-0');
  await acknowledged(publications.publish(KEY, UID, await telemetry()), 1);
  const client = await connectClient(t, pod, 'publisher');

  const other = await createTestAuthority();
  const folder = join(plane.folderOf('plant-0'), 'server');
  writeFileSync(join(folder, 'tls.crt'), other.server.chainPem);
  writeFileSync(join(folder, 'tls.key'), other.server.privateKeyPem);
  await eventually(WAIT_MS, 'the new certificate', () => {
    const uses = plane.logs.filter((line) => line.includes('is in use from now on'));
    return uses.length === 2 ? true : undefined;
  });
  await assert.rejects(
    connectClient(t, pod, 'subscriber'),
    /unable to get local issuer certificate/,
  );
  await client.publishAsync('telemetry/publisher/a', 'x', { qos: 1 });
});

test('a broker that ends tells its clients, and its sessions and snapshot are there afterwards', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const version = publications.publish(KEY, UID, await telemetry());
  const pod = await plane.pod('plant-0');
  await acknowledged(version, 1);
  const client = await connectClient(t, pod, 'publisher');
  const told = new Promise<number | undefined>((resolve) => {
    client.on('disconnect', ({ reasonCode }) => resolve(reasonCode));
  });
  await pod.close();
  assert.equal(await told, 0x8b);
  assert.equal(pod.unreadyReason, 'this broker ends');
  const again = await plane.pod('plant-0');
  await acknowledged(version, 1);
  assert.equal(again.unreadyReason, undefined);
  assert.equal(publications.counts.wholeSent, 1);
});

test('10,000 clients are delivered whole, then one changed client in a few bytes', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const attributes = { site: 's'.repeat(900) };
  const clients = Array.from({ length: 10_000 }, (_, index) => {
    return aClient(`client-${100_000 + index}`, { attributes });
  });
  const large = await inOrder(aSnapshot({ ...telemetrySketch, clients }));
  const version = publications.publish(KEY, UID, large);
  const pods = [await plane.pod('plant-0'), await plane.pod('plant-1')];
  await acknowledged(version, 2);
  await connectClient(t, pods[0]!, 'client-105000');
  const changed = clients.with(5000, { ...clients[5000]!, state: 'Disabled' });
  const next = { ...large, clients: changed };
  await acknowledged(publications.publish(KEY, UID, next), 2);
  await assert.rejects(connectClient(t, pods[1]!, 'client-105000'), /refused: Not authorized/i);
  const stamp = { version, hash: 'h'.repeat(43) };
  const messages = [...updateMessages(stamp, stamp, changesBetween(large, next))];
  const bytes = messages.reduce((sum, message) => sum + JSON.stringify(message).length + 1, 0);
  assert.ok(bytes < 10_000, String(bytes));
  assert.equal(publications.counts.changesSent, 2);
});
