import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { IPublishPacket } from 'mqtt-packet';
import { startTestBroker } from '../test/support/broker.ts';

const VERSIONS = [4, 5] as const;

test('a persistent session gets what was published while it was away, in order', async (t) => {
  const rates = {
    inboundMessagesPerSecondPerConnection: 10000,
    outboundMessagesPerSecondPerConnection: 10000,
  };
  const { connect } = await startTestBroker(t, { limits: rates });
  for (const version of VERSIONS) {
    const options = {
      protocolVersion: version,
      clean: false,
      properties: { sessionExpiryInterval: 100 },
    } as const;
    const before = await connect('subscriber', options);
    await before.client.subscribeAsync('shared/#', { qos: 1 });
    await before.end();
    const publisher = await connect('publisher', { protocolVersion: version });
    for (let index = 0; index < 250; index++) {
      await publisher.client.publishAsync('shared/x', String(index), { qos: 1 });
    }
    await publisher.client.publishAsync('shared/x', 'lost', { qos: 0 });
    const after = await connect('subscriber', options);
    const expected = Array.from({ length: 250 }, (_, index) => `shared/x ${index}`);
    assert.deepEqual(await after.until(250), expected);
    await after.client.unsubscribeAsync('shared/#');
    await after.end();
    await publisher.end();
  }
});

test('a session that was to end with its connection does', async (t) => {
  const { connect } = await startTestBroker(t);
  const before = await connect('subscriber', { protocolVersion: 4, clean: true });
  await before.client.subscribeAsync('shared/#', { qos: 1 });
  await before.end();
  const publisher = await connect('publisher');
  await publisher.client.publishAsync('shared/x', 'missed', { qos: 1 });
  const after = await connect('subscriber', { protocolVersion: 4, clean: false });
  await publisher.client.publishAsync('shared/x', 'not subscribed', { qos: 1 });
  assert.deepEqual(after.received, []);
});

test('the newer connection takes over, and the older one is told', async (t) => {
  const { connect, broker } = await startTestBroker(t);
  const options = {
    protocolVersion: 5,
    clean: false,
    properties: { sessionExpiryInterval: 1 },
  } as const;
  const older = await connect('subscriber', options);
  await older.client.subscribeAsync('shared/#', { qos: 1 });
  const newer = await connect('subscriber', options);
  await older.closed;
  assert.equal(older.disconnected?.reasonCode, 0x8e);
  const publisher = await connect('publisher');
  await publisher.client.publishAsync('shared/x', 'once', { qos: 1 });
  assert.deepEqual(await newer.until(1), ['shared/x once']);
  assert.equal(broker.metrics.sessionsTakenOver, 1);
});

test('at most the Receive Maximum of a client is in flight', async (t) => {
  const { connect, raw } = await startTestBroker(t);
  const subscriber = await raw('subscriber', 5);
  subscriber.connect('subscriber', { properties: { receiveMaximum: 3 } });
  subscriber.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 'shared/#', qos: 1 }],
  });
  await subscriber.roundTrip();
  const publisher = await connect('publisher');
  for (let index = 0; index < 10; index++) {
    await publisher.client.publishAsync('shared/x', String(index), { qos: 1 });
  }
  const received: string[] = [];
  for (const expected of [3, 3, 3, 1]) {
    const packets = (await subscriber.roundTrip()) as IPublishPacket[];
    assert.equal(packets.length, expected);
    for (const { payload, messageId } of packets) {
      received.push(payload.toString());
      subscriber.send({ cmd: 'puback', messageId: messageId!, reasonCode: 0 });
    }
  }
  assert.deepEqual(received, [...'0123456789']);
});

test('what was not acknowledged is sent again with DUP, before what is new', async (t) => {
  const { connect, raw, logs } = await startTestBroker(t);
  const first = await raw('subscriber', 4);
  first.connect('subscriber', { clean: false });
  first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'shared/#', qos: 1 }] });
  await first.roundTrip();
  const publisher = await connect('publisher');
  await publisher.client.publishAsync('shared/x', '1', { qos: 1 });
  await first.roundTrip();
  first.destroy();
  while (!logs.some(({ msg }) => msg.startsWith('disconnected'))) await setImmediate();
  await publisher.client.publishAsync('shared/x', '2', { qos: 1 });
  const second = await raw('subscriber', 4);
  second.connect('subscriber', { clean: false });
  const [connack, ...packets] = await second.roundTrip();
  assert.equal(connack?.cmd === 'connack' && connack.sessionPresent, true);
  assert.deepEqual(
    (packets as IPublishPacket[]).map(({ payload, dup }) => `${payload.toString()} ${dup}`),
    ['1 true', '2 false'],
  );
});

test('a session whose queue reaches its bound is ended, logged and counted', async (t) => {
  const { connect, broker, logs } = await startTestBroker(t, {
    limits: { sessionQueueMessages: 5 },
  });
  const away = await connect('subscriber', { protocolVersion: 4, clean: false });
  await away.client.subscribeAsync('shared/#', { qos: 1 });
  await away.end();
  const publisher = await connect('publisher');
  for (let index = 0; index < 6; index++) {
    await publisher.client.publishAsync('shared/x', 'x', { qos: 1 });
  }
  assert.equal(broker.metrics.sessionsOverflowed, 1);
  assert.ok(logs.some(({ msg }) => /queue reached its bound of 5 messages/.test(msg)));
});
