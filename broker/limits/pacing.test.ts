import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { telemetrySketch } from '../../test/support/broker.ts';
import {
  aClientOf,
  aSubscriber,
  aWorld,
  numbers,
  payloadsOf,
  publish,
  send,
  take,
  UNLIMITED,
} from '../../test/support/stepped-broker.ts';

const OUTBOUND = [
  ['outboundMessagesPerSecondPerConnection', 'throttledOutboundConnection'],
  ['outboundMessagesPerSecond', 'throttledOutboundNamespace'],
] as const;

for (const [limit, metric] of OUTBOUND) {
  for (const version of [4, 5] as const) {
    test(`${limit}: MQTT ${version} at QoS 1 waits in the session`, async (t) => {
      const world = await aWorld(t, { [limit]: 10 });
      const subscriber = await aSubscriber(world, version, 1);
      const publisher = await aClientOf(world, 'publisher', version);
      send(
        publisher,
        version,
        numbers(1, 30).map((number) => publish(number, 1)),
      );
      assert.equal((await take(publisher, 30)).length, 30);
      assert.deepEqual(payloadsOf(await take(subscriber, 10)), numbers(1, 10).map(String));
      assert.ok(world.broker.metrics[metric] > 0);
      for (const number of numbers(11, 30)) {
        assert.deepEqual(await subscriber.roundTrip(), []);
        world.clock.step(100);
        assert.deepEqual(payloadsOf(await take(subscriber, 1)), [String(number)]);
      }
    });

    test(`${limit}: MQTT ${version} at QoS 0 waits, 100 messages of it`, async (t) => {
      const world = await aWorld(t, { [limit]: 10 });
      const subscriber = await aSubscriber(world, version, 0);
      const publisher = await aClientOf(world, 'publisher', version);
      send(
        publisher,
        version,
        numbers(1, 150).map((number) => publish(number, 0)),
      );
      await publisher.roundTrip();
      assert.equal(world.broker.metrics.messagesDroppedOutboundRate, 40);
      const received = payloadsOf(await take(subscriber, 10));
      while (received.length < 110) {
        world.clock.step(100);
        received.push(...payloadsOf(await take(subscriber, 1)));
      }
      assert.deepEqual(received, numbers(1, 110).map(String));
      assert.equal(world.broker.metrics.messagesDelivered, 110);
      world.clock.step(100);
      publisher.send(publish(151, 0));
      assert.deepEqual(payloadsOf(await take(subscriber, 1)), ['151']);
    });
  }
}

test('large QoS 0 messages wait up to 128 KiB', async (t) => {
  const world = await aWorld(t, { outboundMessagesPerSecondPerConnection: 1 });
  await aSubscriber(world, 5, 0);
  const publisher = await aClientOf(world, 'publisher', 5);
  const payload = 'x'.repeat(50 * 1024);
  send(
    publisher,
    5,
    numbers(1, 5).map((number) => publish(number, 0, { payload })),
  );
  await publisher.roundTrip();
  assert.equal(world.broker.metrics.messagesDroppedOutboundRate, 2);
});

test('a message that waited tells what is left of its expiry, and is dropped after it', async (t) => {
  const world = await aWorld(t, { outboundMessagesPerSecondPerConnection: 1 });
  const subscriber = await aSubscriber(world, 5, 0);
  const publisher = await aClientOf(world, 'publisher', 5);
  const userProperties = { key: 'value' };
  const expiring = (seconds: number): Partial<IPublishPacket> => ({
    properties: { messageExpiryInterval: seconds, userProperties },
  });
  send(publisher, 5, [
    publish(1, 0, expiring(9)),
    publish(2, 0, expiring(9)),
    publish(3, 0, expiring(1)),
    publish(4, 0, expiring(9)),
  ]);
  await publisher.roundTrip();
  const received: Packet[] = await take(subscriber, 1);
  for (let steps = 0; steps < 40; steps++) {
    world.clock.step(100);
    received.push(...(await subscriber.roundTrip()));
  }
  const intervals = (received as IPublishPacket[]).map(({ payload, properties }) => {
    assert.deepEqual({ ...properties?.userProperties }, userProperties);
    return `${payload.toString()} ${properties?.messageExpiryInterval}`;
  });
  // The second leaves at 0.1 s, the third would at 1.1 s.
  assert.deepEqual(intervals, ['1 9', '2 9', '4 8']);
  assert.equal(world.broker.metrics.messagesDroppedExpired, 1);
});

test('a revoked permission takes back QoS 0 messages that wait', async (t) => {
  const limits = { ...UNLIMITED, outboundMessagesPerSecondPerConnection: 1 };
  const world = await aWorld(t, limits);
  const subscriber = await aSubscriber(world, 4, 0);
  const publisher = await aClientOf(world, 'publisher', 4);
  send(publisher, 4, [publish(1, 0), publish(2, 0), publish(3, 0)]);
  await publisher.roundTrip();
  const { telemetry } = telemetrySketch.spaces;
  world.broker.apply(
    world.snapshot({ ...telemetrySketch, limits, spaces: { telemetry: telemetry! } }),
  );
  assert.equal(world.broker.metrics.messagesDroppedNotAuthorized, 2);
  world.clock.step(1000);
  assert.deepEqual(payloadsOf(await subscriber.roundTrip()), ['1']);
});
