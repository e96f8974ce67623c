import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { IConnackPacket, Packet } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import { SteppedClock } from '../../test/conformance/stepped-clock.ts';
import { startTestBroker, telemetrySketch } from '../../test/support/broker.ts';
import { aClient } from '../../test/support/snapshots.ts';
import {
  aClientOf,
  aSubscriber,
  aWorld,
  codesOf,
  numbers,
  payloadsOf,
  publish,
  send,
  take,
  UNLIMITED,
  until,
} from '../../test/support/stepped-broker.ts';

const INBOUND = [
  ['inboundMessagesPerSecondPerConnection', 'throttledInboundConnection'],
  ['inboundMessagesPerSecond', 'throttledInboundNamespace'],
] as const;

for (const [limit, metric] of INBOUND) {
  test(`${limit}: MQTT 5 at QoS 1 is told in PUBACK`, async (t) => {
    const world = await aWorld(t, { [limit]: 3 });
    const { broker, clock, logs } = world;
    const subscriber = await aSubscriber(world, 5, 1);
    const publisher = await aClientOf(world, 'publisher', 5);
    send(
      publisher,
      5,
      numbers(1, 5).map((number) => publish(number, 1)),
    );
    const answers = await take(publisher, 5);
    const [success, refused] = [
      ['puback', 0],
      ['puback', 0x97],
    ];
    assert.deepEqual(codesOf(answers), [success, success, success, refused, refused]);
    const reason = (answers[4] as { properties?: { reasonString?: string } }).properties;
    assert.match(reason?.reasonString ?? '', new RegExp(`${limit} \\(3\\)`));
    assert.equal(broker.metrics[metric], 2);
    assert.ok(logs.some(({ msg }) => msg.includes(limit)));
    clock.step(1000);
    publisher.send(publish(6, 1));
    assert.deepEqual(codesOf(await take(publisher, 1)), [success]);
    assert.deepEqual(payloadsOf(await take(subscriber, 4)), ['1', '2', '3', '6']);
  });

  for (const [version, qos] of [
    [4, 1],
    [4, 0],
    [5, 0],
  ] as const) {
    test(`${limit}: MQTT ${version} at QoS ${qos} is not read until there is room`, async (t) => {
      const world = await aWorld(t, { [limit]: 10 });
      const { broker, clock } = world;
      const subscriber = await aSubscriber(world, version, qos);
      const publisher = await aClientOf(world, 'publisher', version);
      const packets = numbers(1, 13).map((number) => publish(number, qos));
      send(publisher, version, [...packets, { cmd: 'pingreq' }]);
      await until(() => broker.metrics[metric] === 1);
      assert.deepEqual(payloadsOf(await take(subscriber, 10)), numbers(1, 10).map(String));
      for (const number of [11, 12, 13]) {
        assert.deepEqual(await subscriber.roundTrip(), []);
        clock.step(100);
        assert.deepEqual(payloadsOf(await take(subscriber, 1)), [String(number)]);
      }
      const answers = await take(publisher, 13 * qos + 1);
      assert.equal(answers.at(-1)?.cmd, 'pingresp');
      assert.equal(broker.metrics.publishesReceived, 13);
    });
  }
}

test('a message counts as the KiB of its packet, and may take the bucket into debt', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 4 });
  const publisher = await aClientOf(world, 'publisher', 5);
  const sizes = [1000, 6 * 1024, 1, 1];
  send(
    publisher,
    5,
    sizes.map((bytes, index) => publish(1 + index, 1, { payload: 'x'.repeat(bytes) })),
  );
  const codes = async (count: number): Promise<unknown[]> => {
    const answers = await take(publisher, count);
    return answers.map((packet) => 'reasonCode' in packet && packet.reasonCode);
  };
  assert.deepEqual(await codes(4), [0, 0, 0x97, 0x97]);
  // 1 and 7 of 4 leave a debt of 4.
  world.clock.step(1000);
  publisher.send(publish(5, 1));
  assert.deepEqual(await codes(1), [0x97]);
  world.clock.step(1);
  publisher.send(publish(6, 1));
  assert.deepEqual(await codes(1), [0]);
});

test('a topic alias of a message that is over the rate is known all the same', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 1 });
  const publisher = await aClientOf(world, 'publisher', 5);
  const properties = { topicAlias: 1 };
  send(publisher, 5, [publish(1, 1), publish(2, 1, { properties })]);
  await take(publisher, 2);
  world.clock.step(1000);
  publisher.send(publish(3, 1, { topic: '', properties }));
  assert.deepEqual(codesOf(await take(publisher, 1)), [['puback', 0]]);
});

test('what a client sends byte by byte waits as well, and nothing of it is lost', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 5 });
  const subscriber = await aSubscriber(world, 4, 0);
  const publisher = await aClientOf(world, 'publisher', 4);
  for (const number of numbers(1, 15)) {
    const bytes = mqttPacket.generate(publish(number, 0), { protocolVersion: 4 });
    for (const byte of bytes) {
      publisher.write(Buffer.from([byte]));
      await setImmediate();
    }
  }
  const received: string[] = payloadsOf(await take(subscriber, 5));
  while (received.length < 15) {
    await setImmediate();
    world.clock.step(20);
    received.push(...payloadsOf(await subscriber.roundTrip()));
  }
  assert.deepEqual(received, numbers(1, 15).map(String));
});

test('what a client sent before it left is taken as the rate has room for it', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 5 });
  const subscriber = await aSubscriber(world, 4, 0);
  const publisher = await aClientOf(world, 'publisher', 4);
  const packets = numbers(1, 12).map((number) => publish(number, 0));
  send(publisher, 4, [...packets, { cmd: 'disconnect' }]);
  publisher.socket.end();
  const received = payloadsOf(await take(subscriber, 5));
  while (received.length < 12) {
    world.clock.step(200);
    received.push(...payloadsOf(await subscriber.roundTrip()));
  }
  assert.deepEqual(received, numbers(1, 12).map(String));
  await until(() => world.logs.some(({ msg }) => msg.includes('client sent DISCONNECT')));
});

test('a client that is not read is not taken for silent', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 1 });
  const publisher = await world.raw('publisher', 4);
  publisher.connect('publisher', { keepalive: 10 });
  const large = publish(1, 1, { payload: 'x'.repeat(100 * 1024) });
  send(publisher, 4, [large, publish(2, 1)]);
  await until(() => world.broker.metrics.throttledInboundConnection === 1);
  for (let seconds = 0; seconds < 90; seconds++) world.clock.step(1000);
  assert.deepEqual(codesOf(await take(publisher, 2)), [
    ['connack', false],
    ['puback', false],
  ]);
  for (let seconds = 90; seconds < 101; seconds++) world.clock.step(1000);
  assert.equal((await publisher.next())?.cmd, 'puback');
  for (let seconds = 0; seconds < 16; seconds++) world.clock.step(1000);
  assert.equal(await publisher.next(), undefined);
});

test('a raised limit reaches those that wait at once', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 1 });
  const publisher = await aClientOf(world, 'publisher', 4);
  send(
    publisher,
    4,
    numbers(1, 50).map((number) => publish(number, 1)),
  );
  await until(() => world.broker.metrics.throttledInboundConnection === 1);
  world.broker.apply(world.snapshot({ ...telemetrySketch, limits: UNLIMITED }));
  world.clock.step(10);
  assert.equal((await take(publisher, 50)).length, 50);
});

test('a closing broker tells a client that waits', async (t) => {
  const world = await aWorld(t, { inboundMessagesPerSecondPerConnection: 1 });
  const publisher = await aClientOf(world, 'publisher', 5);
  send(publisher, 5, [publish(1, 0), publish(2, 0)]);
  await until(() => world.broker.metrics.throttledInboundConnection === 1);
  const closed = world.broker.close();
  assert.deepEqual(codesOf(await take(publisher, 1)), [['disconnect', 0x8b]]);
  publisher.socket.end();
  await closed;
});

test('connectsPerSecond: 0x9F for MQTT 5, 3 for MQTT 3.1.1, and the connection closes', async (t) => {
  const world = await aWorld(t, { connectsPerSecond: 1 });
  await aClientOf(world, 'publisher', 5);
  for (const [version, code] of [
    [5, 0x9f],
    [4, 3],
  ] as const) {
    const refused = await world.raw('subscriber', version);
    refused.connect('subscriber');
    const connack = (await refused.next()) as IConnackPacket;
    assert.equal(version === 5 ? connack.reasonCode : connack.returnCode, code);
    assert.equal(await refused.next(), undefined);
  }
  assert.equal(world.broker.metrics.throttledConnects, 2);
  assert.ok(world.logs.some(({ msg }) => msg.includes('connectsPerSecond (1)')));
  world.clock.step(1001);
  await aClientOf(world, 'subscriber', 5);
});

for (const [version, refused] of [
  [4, 0x80],
  [5, 0x97],
] as const) {
  test(`subscribesPerSecond: MQTT ${version} gets ${refused} for each filter over it`, async (t) => {
    const world = await aWorld(t, { subscribesPerSecond: 2 });
    const subscriber = await aClientOf(world, 'subscriber', version);
    const topics = ['shared/1', 'shared/2', 'shared/3', 'shared/4'];
    const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
    subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    const suback = (await subscriber.next()) as Packet & { granted?: unknown };
    assert.deepEqual(suback.granted, [1, 1, refused, refused]);
    if (version === 5) assert.match(JSON.stringify(suback), /subscribesPerSecond \(2\)/);
    assert.equal(world.broker.metrics.throttledSubscribes, 2);
    world.clock.step(1001);
    subscriber.send({ cmd: 'subscribe', messageId: 2, subscriptions: subscriptions.slice(2) });
    const later = (await subscriber.next()) as Packet & { granted?: unknown };
    assert.deepEqual(later.granted, [1, 1]);
  });
}

test('rates are of one connection each, and of nobody else', async (t) => {
  const clock = new SteppedClock();
  const limits = { ...UNLIMITED, inboundMessagesPerSecondPerConnection: 2 };
  const names = ['publisher', 'second'];
  const sketch = {
    clients: names.map((name) => aClient(name)),
    spaces: { all: { templates: ['#'] } },
    limits,
  };
  const world = { ...(await startTestBroker(t, { ...sketch, groups: {} }, { clock })), clock };
  for (const name of names) {
    const publisher = await aClientOf(world, name, 5);
    send(publisher, 5, [publish(1, 1), publish(2, 1)]);
    assert.deepEqual(codesOf(await take(publisher, 2)), [
      ['puback', 0],
      ['puback', 0],
    ]);
  }
});
