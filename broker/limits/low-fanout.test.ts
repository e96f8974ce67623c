import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Packet } from 'mqtt-packet';
import { startTestBroker } from '../../test/support/broker.ts';
import type { TestBroker } from '../../test/support/broker.ts';
import type { RawClient } from '../../test/support/raw-client.ts';
import type { SnapshotSketch, SpaceSketch } from '../../test/support/snapshots.ts';
import { aClient } from '../../test/support/snapshots.ts';

const TEN = Array.from({ length: 10 }, (_, index) => `monitor${index}`);
const LAST = 'last';
const SPACE: SpaceSketch = { templates: ['vehicles/#'], support: 'LowFanout' };
const SKETCH: SnapshotSketch = {
  clients: [...TEN, LAST].map((name) => aClient(name)),
  groups: { others: "name <> 'monitor0'" },
  spaces: { vehicles: SPACE },
};

/** CONNECT of a session that outlives its connection. */
const PERSISTENT = { clean: false, properties: { sessionExpiryInterval: 3600 } };

async function connect(broker: TestBroker, name: string, version: 4 | 5 = 5): Promise<RawClient> {
  const client = await broker.raw(name, version);
  client.connect(name, version === 5 ? PERSISTENT : { clean: false });
  assert.equal((await client.next())?.cmd, 'connack');
  return client;
}

async function subscribe(client: RawClient, ...topics: string[]): Promise<Packet> {
  const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  const suback = await client.next();
  assert.equal(suback?.cmd, 'suback');
  return suback;
}

function grantedOf(suback: Packet): unknown {
  return 'granted' in suback && suback.granted;
}

/** Ten who subscribed, and one who did not yet. */
async function tenMonitors(
  broker: TestBroker,
  filter: string,
): Promise<{ readonly ten: RawClient[]; readonly last: RawClient }> {
  const ten: RawClient[] = [];
  for (const name of TEN) {
    const client = await connect(broker, name);
    assert.deepEqual(grantedOf(await subscribe(client, filter)), [1]);
    ten.push(client);
  }
  return { ten, last: await connect(broker, LAST) };
}

async function start(
  t: TestContext,
  more: Parameters<typeof startTestBroker>[2] = {},
): Promise<TestBroker> {
  return startTestBroker(t, SKETCH, more);
}

test('MQTT 5: the eleventh subscriber of a topic gets 0x97, the connection stays', async (t) => {
  const broker = await start(t);
  const { last } = await tenMonitors(broker, 'vehicles/+/position');
  const suback = await subscribe(last, 'vehicles/car1/position', 'vehicles/car1/speed');
  assert.deepEqual(grantedOf(suback), [0x97, 1]);
  const reason = JSON.stringify(suback);
  assert.match(reason, /vehicles\/car1\/position.*10 subscribers.*LowFanout/);
  assert.doesNotMatch(reason, /monitor/);
  assert.equal(broker.broker.metrics.exceededLowFanout, 1);
  assert.deepEqual(await last.roundTrip(), []);
});

test('MQTT 3.1.1: the eleventh subscriber of a topic gets 0x80', async (t) => {
  const broker = await start(t);
  await tenMonitors(broker, 'vehicles/car1/position');
  const last = await connect(broker, LAST, 4);
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/+/position')), [0x80]);
});

test('the log shows a topic that is full, the client only what it asked for', async (t) => {
  const broker = await start(t);
  const { last } = await tenMonitors(broker, 'vehicles/car17/position');
  const suback = await subscribe(last, 'vehicles/#');
  assert.doesNotMatch(JSON.stringify(suback), /car17/);
  assert.ok(broker.logs.some(({ cause }) => cause?.includes('"vehicles/car17/position"')));
});

test('a client that subscribes again, or to more of the same, is not one more', async (t) => {
  const broker = await start(t);
  const { ten, last } = await tenMonitors(broker, 'vehicles/+/position');
  const again = ['vehicles/+/position', 'vehicles/car1/position', 'vehicles/#'];
  assert.deepEqual(grantedOf(await subscribe(ten[0]!, ...again)), [1, 1, 1]);
  const fewer = ['vehicles/car1/speed', 'vehicles/+/speed', 'vehicles/+/+'];
  assert.deepEqual(grantedOf(await subscribe(last, ...fewer)), [1, 1, 0x97]);
});

test('a place is free when its subscriber unsubscribes, or its session ends', async (t) => {
  const broker = await start(t);
  const { ten, last } = await tenMonitors(broker, 'vehicles/+/position');
  ten[0]!.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['vehicles/+/position'] });
  assert.equal((await ten[0]!.next())?.cmd, 'unsuback');
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/#')), [1]);
  assert.deepEqual(grantedOf(await subscribe(ten[0]!, 'vehicles/+/position')), [0x97]);
  const restarted = await broker.raw(TEN[1]!, 5);
  restarted.connect(TEN[1]!, { clean: true });
  assert.equal((await restarted.next())?.cmd, 'connack');
  assert.deepEqual(grantedOf(await subscribe(ten[0]!, 'vehicles/+/position')), [1]);
});

test('who is away keeps the place, and coming back is never refused', async (t) => {
  const broker = await start(t);
  const { ten, last } = await tenMonitors(broker, 'vehicles/+/position');
  ten[0]!.send({ cmd: 'disconnect', reasonCode: 0 });
  await ten[0]!.closed;
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/#')), [0x97]);
  const back = await connect(broker, TEN[0]!);
  assert.deepEqual(grantedOf(await subscribe(back, 'vehicles/+/position')), [1]);
});

test('a revoked permission frees the place; given back, nobody is dropped for it', async (t) => {
  const broker = await start(t);
  const { ten, last } = await tenMonitors(broker, 'vehicles/+/position');
  const onlyOthers = { ...SPACE, subscribers: ['others'] };
  broker.broker.apply(broker.snapshot({ ...SKETCH, spaces: { vehicles: onlyOthers } }));
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/+/position')), [1]);
  broker.broker.apply(broker.snapshot(SKETCH));
  last.send({ cmd: 'publish', topic: 'vehicles/a/position', payload: 'x', ...AT_MOST_ONCE });
  await last.roundTrip();
  for (const client of ten) {
    const packets = await client.roundTrip();
    assert.deepEqual(
      packets.map(({ cmd }) => cmd),
      ['publish'],
    );
  }
});

const AT_MOST_ONCE = { qos: 0, dup: false, retain: false } as const;

test('a HighFanout topic space that becomes LowFanout keeps who is there, and no more', async (t) => {
  const broker = await start(t);
  const high: SpaceSketch = { ...SPACE, support: 'HighFanout' };
  broker.broker.apply(broker.snapshot({ ...SKETCH, spaces: { vehicles: high } }));
  const { ten, last } = await tenMonitors(broker, 'vehicles/+/position');
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/car1/position')), [1]);
  broker.broker.apply(broker.snapshot(SKETCH));
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/+/position')), [0x97]);
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/car1/position')), [1]);
  assert.deepEqual(grantedOf(await subscribe(ten[0]!, 'vehicles/+/position')), [1]);
});

test('stored subscriptions count after a restart', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-fanout-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const storePath = path.join(folder, 'sessions.db');
  const before = await start(t, { storePath });
  await tenMonitors(before, 'vehicles/+/position');
  await before.broker.close();
  const after = await start(t, { storePath });
  const last = await connect(after, LAST);
  assert.deepEqual(grantedOf(await subscribe(last, 'vehicles/car1/position')), [0x97]);
  const back = await connect(after, TEN[0]!);
  assert.deepEqual(grantedOf(await subscribe(back, 'vehicles/+/position')), [1]);
});
