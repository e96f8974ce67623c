import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorWithSubackPacket } from 'mqtt';
import type { IConnackPacket, IPublishPacket } from 'mqtt-packet';
import { startTestBroker } from '../test/support/broker.ts';

const NOT_AUTHORIZED = 0x87;
const VERSIONS = [4, 5] as const;

for (const version of VERSIONS) {
  test(`MQTT ${version}: what is published within the permissions is delivered`, async (t) => {
    const { connect } = await startTestBroker(t);
    const subscriber = await connect('subscriber', { protocolVersion: version });
    const publisher = await connect('publisher', { protocolVersion: version });
    const [granted] = await subscriber.client.subscribeAsync('telemetry/+/temperature', { qos: 1 });
    assert.equal(granted?.qos, 1);
    await publisher.client.publishAsync('telemetry/publisher/temperature', '21', { qos: 1 });
    await publisher.client.publishAsync('telemetry/publisher/humidity', '60', { qos: 1 });
    await publisher.client.publishAsync('telemetry/publisher/temperature', '22', { qos: 0 });
    assert.deepEqual(await subscriber.until(2), [
      'telemetry/publisher/temperature 21',
      'telemetry/publisher/temperature 22',
    ]);
    assert.deepEqual(
      subscriber.messages.map(({ qos }) => qos),
      [1, 0],
    );
    await subscriber.client.unsubscribeAsync('telemetry/+/temperature');
    await publisher.client.publishAsync('telemetry/publisher/temperature', '23', { qos: 1 });
    assert.equal(subscriber.messages.length, 2);
  });
}

test('MQTT 3.1.1: a refused PUBLISH closes the connection', async (t) => {
  const { connect, logs } = await startTestBroker(t);
  const publisher = await connect('publisher', { protocolVersion: 4 });
  publisher.client.publish('telemetry/other/temperature', 'x', { qos: 1 });
  await publisher.closed;
  const line = logs.find(({ operation }) => operation === 'publish');
  assert.match(line?.msg ?? '', /telemetry\/other\/temperature/);
});

test('MQTT 5: a refused PUBLISH at QoS 1 gets PUBACK and DISCONNECT that say why', async (t) => {
  const { connect } = await startTestBroker(t);
  const publisher = await connect('publisher', { protocolVersion: 5 });
  const refused = publisher.client.publishAsync('telemetry/other/temperature', 'x', { qos: 1 });
  await assert.rejects(refused, { code: NOT_AUTHORIZED });
  await publisher.closed;
  assert.equal(publisher.disconnected?.reasonCode, NOT_AUTHORIZED);
  const reason = publisher.disconnected?.properties?.reasonString ?? '';
  assert.match(reason, /telemetry\/other\/temperature/);
  assert.match(reason, /telemetry\/publisher\/#/);
  assert.doesNotMatch(reason, /reading|telemetry\/\+/);
});

test('MQTT 5: a refused PUBLISH at QoS 0 gets DISCONNECT', async (t) => {
  const { connect } = await startTestBroker(t);
  const publisher = await connect('publisher', { protocolVersion: 5 });
  publisher.client.publish('elsewhere', 'x');
  await publisher.closed;
  assert.equal(publisher.disconnected?.reasonCode, NOT_AUTHORIZED);
});

test('a refused filter costs that filter only', async (t) => {
  const { connect } = await startTestBroker(t);
  for (const [version, code] of [
    [4, 0x80],
    [5, NOT_AUTHORIZED],
  ] as const) {
    const { client } = await connect('subscriber', { protocolVersion: version });
    const filters = {
      '#': { qos: 1 },
      'shared/news': { qos: 1 },
      'telemetry/#': { qos: 0 },
    } as const;
    await assert.rejects(client.subscribeAsync(filters), (error: ErrorWithSubackPacket) => {
      assert.deepEqual(error.packet.granted, [code, 1, code]);
      return true;
    });
    assert.equal(client.connected, true);
    await client.endAsync();
  }
});

const packetRefusals: [string, { qos?: 0 | 1 | 2; retain?: boolean }, number][] = [
  ['a retained message', { retain: true }, 0x9a],
  ['QoS 2', { qos: 2 }, 0x9b],
];
for (const [name, options, code] of packetRefusals) {
  test(`${name} closes the connection`, async (t) => {
    const { connect } = await startTestBroker(t);
    for (const protocolVersion of VERSIONS) {
      const publisher = await connect('publisher', { protocolVersion });
      publisher.client.publish('shared/x', 'x', options);
      await publisher.closed;
      assert.equal(publisher.disconnected?.reasonCode, protocolVersion === 5 ? code : undefined);
    }
  });
}

test('CONNACK of MQTT 5 says what the server allows', async (t) => {
  const { connect } = await startTestBroker(t);
  const subscriber = await connect('subscriber', {
    protocolVersion: 5,
    keepalive: 5000,
    properties: { sessionExpiryInterval: 7 },
  });
  const reconnected = new Promise<IConnackPacket>((resolve) => {
    subscriber.client.once('connect', resolve);
  });
  subscriber.client.reconnect();
  const connack = await reconnected;
  assert.deepEqual(
    { ...connack.properties },
    {
      receiveMaximum: 100,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 524288,
      topicAliasMaximum: 10,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      sessionExpiryInterval: 3600,
      serverKeepAlive: 1160,
    },
  );
});

test('a client that sends PUBACK with an error code is disconnected', async (t) => {
  const { connect } = await startTestBroker(t);
  const subscriber = await connect('subscriber', {
    protocolVersion: 5,
    customHandleAcks: (_topic, _payload, _packet, done) => done(null as never, 0x83),
  });
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const publisher = await connect('publisher');
  await publisher.client.publishAsync('shared/x', 'x', { qos: 1 });
  await subscriber.closed;
  assert.equal(subscriber.disconnected?.reasonCode, 0x80);
});

test('properties are forwarded as they came, but for topic aliases', async (t) => {
  const { connect } = await startTestBroker(t);
  const subscriber = await connect('subscriber', { protocolVersion: 5 });
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const publisher = await connect('publisher', { protocolVersion: 5 });
  const properties = {
    topicAlias: 3,
    contentType: 'text/plain',
    responseTopic: 'shared/answer',
    correlationData: Buffer.from('7'),
    userProperties: { z: ['1', '2'], a: '3' },
  };
  await publisher.client.publishAsync('shared/x', 'with topic', { qos: 1, properties });
  await publisher.client.publishAsync('', 'with alias', { qos: 1, properties: { topicAlias: 3 } });
  assert.deepEqual(await subscriber.until(2), ['shared/x with topic', 'shared/x with alias']);
  const { topicAlias, ...forwarded } = properties;
  assert.equal(topicAlias, 3);
  assert.deepEqual(
    JSON.parse(JSON.stringify(subscriber.messages[0]?.properties)),
    JSON.parse(JSON.stringify(forwarded)),
  );
});

const aliases: [string, string, number, number][] = [
  ['beyond the Topic Alias Maximum', 'shared/x', 11, 0x94],
  ['that was never given a topic', '', 2, 0x82],
];
for (const [name, topic, topicAlias, code] of aliases) {
  test(`a topic alias ${name} closes the connection`, async (t) => {
    const { raw } = await startTestBroker(t);
    const publisher = await raw('publisher', 5);
    publisher.connect('publisher');
    await publisher.next();
    publisher.send({ ...publish(topic, 'x'), properties: { topicAlias } });
    const disconnect = await publisher.next();
    assert.deepEqual(
      [disconnect?.cmd, disconnect && 'reasonCode' in disconnect && disconnect.reasonCode],
      ['disconnect', code],
    );
  });
}

function publish(topic: string, payload: string): IPublishPacket {
  return { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false };
}

test('a subscriber over the number of subscriptions is refused the next one', async (t) => {
  const { connect } = await startTestBroker(t, { limits: { subscriptionsPerConnection: 2 } });
  const { client } = await connect('subscriber', { protocolVersion: 5 });
  const filters = ['shared/1', 'shared/2', 'shared/3'];
  await assert.rejects(
    client.subscribeAsync(filters, { qos: 1 }),
    (error: ErrorWithSubackPacket) => {
      assert.deepEqual(error.packet.granted, [1, 1, 0x97]);
      return true;
    },
  );
});

test('a closing broker tells its clients and frees its port', async (t) => {
  const { connect, broker } = await startTestBroker(t);
  const subscriber = await connect('subscriber', { protocolVersion: 5 });
  await broker.close();
  await subscriber.closed;
  assert.equal(subscriber.disconnected?.reasonCode, 0x8b);
});
