/** What publishers see of routing, over real TLS and with the real store. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { TestBroker } from '../test/support/broker.ts';
import { startTestBroker, telemetrySketch } from '../test/support/broker.ts';
import type { SnapshotSketch } from '../test/support/snapshots.ts';
import type { StubEventsThread } from '../test/support/stub-events-thread.ts';
import { stubEventsThreads } from '../test/support/stub-events-thread.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';

const OWN = 'telemetry/publisher/temperature';
const routing: Partial<SnapshotSketch> = {
  ...telemetrySketch,
  route: { eventTopic: 'telemetry', outboxOverflow: 'RejectPublish' },
  eventSubscriptions: [
    {
      name: 'all',
      filter: {},
      destination: { file: { path: 'all.ndjson' } },
      maxDeliveryAttempts: 30,
      eventTimeToLiveMs: 86400000,
    },
  ],
};

interface World extends TestBroker {
  readonly thread: StubEventsThread;
}

async function start(t: TestContext, storePath: string, limits = {}): Promise<World> {
  const { threads, startEventsThread } = stubEventsThreads();
  const sketch = { ...routing, limits };
  const started = await startTestBroker(t, sketch, { storePath, startEventsThread });
  return { ...started, thread: threads[0]! };
}

const payloads = ({ thread }: World): string[] =>
  thread.messages.map(({ payload }) => payload.toString());

test('every accepted message is routed once, though nobody subscribes to it, and none that is refused', async (t) => {
  const world = await start(t, join(temporaryFolder(t), 'sessions.db'));
  const publisher = await world.connect('publisher', { protocolVersion: 5 });
  const subscriber = await world.connect('subscriber');
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const properties = { contentType: 'application/json', userProperties: { a: 'b' } };
  await publisher.client.publishAsync(OWN, '1', { qos: 1, properties });
  await publisher.client.publishAsync('shared/x', '2', { qos: 1 });
  await publisher.client.publishAsync('shared/x', '3', { qos: 0 });
  await assert.rejects(publisher.client.publishAsync('others', '4', { qos: 1 }));
  await publisher.closed;
  assert.deepEqual(await subscriber.until(2), ['shared/x 2', 'shared/x 3']);
  assert.deepEqual(payloads(world), ['1', '2', '3']);
  const [first] = world.thread.messages;
  assert.deepEqual([first!.topic, first!.qos], [OWN, 1]);
  assert.match(first!.properties.toString('latin1'), /application\/json/);
});

test('a message that was acknowledged is found again by the next process', async (t) => {
  const storePath = join(temporaryFolder(t), 'sessions.db');
  const world = await start(t, storePath);
  const publisher = await world.connect('publisher', { protocolVersion: 4 });
  await publisher.client.publishAsync(OWN, '1', { qos: 1 });
  const { storeId } = world.thread.data;
  const [{ doneUpTo } = { doneUpTo: -1 }] = world.thread.last('configure').subscriptions;
  await world.broker.close();
  const next = await start(t, storePath);
  const { subscriptions } = next.thread.last('configure');
  assert.deepEqual([subscriptions[0]?.doneUpTo, next.thread.data.storeId], [doneUpTo, storeId]);
  next.thread.say({ type: 'read', name: 'all', after: doneUpTo });
  const again = await next.connect('publisher', { protocolVersion: 4 });
  await again.client.publishAsync(OWN, '2', { qos: 1 });
  assert.ok(next.thread.last('page').bytes.length > 0);
  const [number] = next.thread.messages.map((message) => message.number);
  assert.ok(number! > world.thread.messages[0]!.number);
});

test('with the outbox full, MQTT 5 is told at QoS 1, and goes on when there is room', async (t) => {
  const storePath = join(temporaryFolder(t), 'sessions.db');
  const world = await start(t, storePath, { eventOutboxMessages: 1 });
  const publisher = await world.connect('publisher', { protocolVersion: 5 });
  await publisher.client.publishAsync(OWN, '1', { qos: 1 });
  const pubacks: Packet[] = [];
  publisher.client.on('packetreceive', (packet) => pubacks.push(packet));
  await assert.rejects(publisher.client.publishAsync(OWN, '2', { qos: 1 }));
  const [refused] = pubacks as (IPublishPacket & { reasonCode: number })[];
  assert.equal(refused?.reasonCode, 0x97);
  const reason = (refused as { properties?: { reasonString?: string } }).properties?.reasonString;
  assert.match(reason ?? '', /outbox of events for EventTopic telemetry is at its bound of 1/);
  await publisher.client.publishAsync(OWN, '3', { qos: 0 });
  await assert.rejects(publisher.client.publishAsync(OWN, 'after it', { qos: 1 }));
  world.thread.progress('all', world.thread.messages[0]!.number, 1);
  await publisher.client.publishAsync(OWN, '4', { qos: 1 });
  assert.deepEqual(payloads(world), ['1', '4']);
  assert.deepEqual(world.broker.deliveries[0]?.delivered, 1);
  const { exceededEventOutbox, messagesRouteDropped } = world.broker.metrics;
  assert.deepEqual([exceededEventOutbox, messagesRouteDropped], [2, 1]);
});

test('and MQTT 3.1.1 is closed', async (t) => {
  const storePath = join(temporaryFolder(t), 'sessions.db');
  const world = await start(t, storePath, { eventOutboxMessages: 1 });
  const publisher = await world.connect('publisher', { protocolVersion: 4 });
  await publisher.client.publishAsync(OWN, '1', { qos: 1 });
  publisher.client.publish(OWN, '2', { qos: 1 });
  await publisher.closed;
  assert.deepEqual(payloads(world), ['1']);
});
