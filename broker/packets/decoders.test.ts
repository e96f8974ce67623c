import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { decodeDisconnect, decodePuback, findAuthFault } from './answer-decoder.ts';
import { decodeConnect, readProtocol } from './connect-decoder.ts';
import type { Frame } from './frame-reader.ts';
import { FrameReader } from './frame-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { PacketType } from './packet-type.ts';
import { decodePublish, emptyPublishParts } from './publish-decoder.ts';
import { decodeSubscribe, decodeUnsubscribe } from './subscribe-decoder.ts';

function frameOf(packet: Buffer): Frame {
  let found: Frame | undefined;
  new FrameReader(1 << 20).push(packet, {
    open: true,
    receive: (frame) => (found ??= { ...frame }),
  });
  assert(found);
  return found;
}

const versions = fc.constantFrom<ProtocolVersion>(4, 5);
const texts = fc.constantFrom('a', 'a/b', '+/€', 'dev-1', '#');
const userProperties = fc.constantFrom<mqttPacket.UserProperties>(
  { key: 'value' },
  { a: ['1', '2'], b: '' },
);
const identifiers = fc.integer({ min: 1, max: 0xffff });

const connects = fc.record({
  clientId: fc.constantFrom('', 'dev', 'räume'),
  clean: fc.boolean(),
  keepalive: fc.integer({ min: 0, max: 0xffff }),
  credentials: fc.constantFrom(
    {},
    { username: 'u' },
    { username: 'u', password: Buffer.from('p') },
  ),
  will: fc.option(fc.record({ topic: texts, payload: fc.constant(Buffer.from('x')) })),
  properties: fc.record(
    {
      sessionExpiryInterval: fc.integer({ min: 0, max: 0xffffffff }),
      receiveMaximum: identifiers,
      maximumPacketSize: fc.integer({ min: 1, max: 0xffffffff }),
      topicAliasMaximum: fc.integer({ min: 0, max: 0xffff }),
      requestProblemInformation: fc.boolean(),
      requestResponseInformation: fc.boolean(),
      authenticationMethod: texts,
      userProperties,
    },
    { requiredKeys: [] },
  ),
});

test('CONNECT as mqtt-packet writes it is read with the same content', () => {
  fc.assert(
    fc.property(connects, versions, (connect, version) => {
      const { clientId, clean, keepalive, credentials, will, properties } = connect;
      // Without a clean session mqtt-packet writes no empty client identifier.
      const options = { clientId, clean: clean || clientId === '', keepalive, ...credentials };
      const bytes = mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: version,
        ...options,
        ...(will !== null && { will: { ...will, qos: 1, retain: false } }),
        ...(version === 5 && { properties }),
      });
      const frame = frameOf(bytes);
      assert.equal(readProtocol(frame), version);
      const decoded = decodeConnect(frame, version);
      assert(decoded.ok, decoded.ok ? '' : decoded.fault.reason);
      const packet = decoded.value;
      assert.equal(packet.clientIdentifier, clientId);
      assert.equal(packet.cleanStart, options.clean);
      assert.equal(packet.keepAliveSeconds, keepalive);
      assert.equal(packet.hasWill, will !== null);
      assert.equal(packet.username, 'username' in credentials ? 'u' : undefined);
      if (version === 4) return;
      assert.equal(packet.sessionExpirySeconds, properties.sessionExpiryInterval);
      assert.equal(packet.receiveMaximum, properties.receiveMaximum);
      assert.equal(packet.maximumPacketBytes, properties.maximumPacketSize);
      assert.equal(packet.requestProblemInformation, properties.requestProblemInformation ?? true);
      assert.equal(packet.hasAuthenticationMethod, properties.authenticationMethod !== undefined);
    }),
  );
});

const subscribes = fc.record({
  messageId: identifiers,
  subscriptions: fc.array(
    fc.record({ topic: texts, qos: fc.constantFrom(0, 1, 2), nl: fc.boolean() }),
    { minLength: 1, maxLength: 5 },
  ),
  properties: fc.record({ userProperties }),
});

test('SUBSCRIBE and UNSUBSCRIBE as mqtt-packet writes them are read with the same content', () => {
  fc.assert(
    fc.property(subscribes, versions, ({ messageId, subscriptions, properties }, version) => {
      const options = { protocolVersion: version };
      const more = { messageId, properties };
      const subscribe = mqttPacket.generate({ cmd: 'subscribe', subscriptions, ...more }, options);
      const decoded = decodeSubscribe(frameOf(subscribe), version);
      assert(decoded.ok, decoded.ok ? '' : decoded.fault.reason);
      assert.equal(decoded.value.packetIdentifier, messageId);
      assert.deepEqual(
        decoded.value.requests,
        subscriptions.map(({ topic, qos, nl }) => {
          return { filter: topic, qos, noLocal: version === 5 && nl };
        }),
      );
      const unsubscriptions = subscriptions.map(({ topic }) => topic);
      const unsubscribe = mqttPacket.generate(
        { cmd: 'unsubscribe', unsubscriptions, ...more },
        options,
      );
      const read = decodeUnsubscribe(frameOf(unsubscribe), version);
      assert.deepEqual(read.ok && read.value, {
        packetIdentifier: messageId,
        filters: unsubscriptions,
      });
    }),
  );
});

/** One packet of every type that is read, of both versions, with most of what it may hold. */
const SEEDS: readonly Buffer[] = ([4, 5] as const).flatMap((protocolVersion) => {
  const more = { messageId: 7, properties: { userProperties: { a: '1', b: ['2', '3'] } } };
  const answer = { reasonString: 'why', userProperties: { a: '1' } };
  const packets: object[] = [
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion,
      clientId: 'dev',
      clean: true,
      keepalive: 10,
      username: 'dev',
      password: Buffer.from('p'),
      will: { topic: 'a', payload: Buffer.from('x'), qos: 1, retain: true },
      properties: { sessionExpiryInterval: 5, receiveMaximum: 3, authenticationMethod: 'm' },
    },
    {
      cmd: 'publish',
      topic: 'a/b',
      payload: 'x',
      qos: 1,
      dup: false,
      retain: false,
      messageId: 7,
      properties: { topicAlias: 3, responseTopic: 'r', messageExpiryInterval: 9, contentType: 'c' },
    },
    {
      cmd: 'subscribe',
      subscriptions: [
        { topic: 'a/+', qos: 1 },
        { topic: '#', qos: 0 },
      ],
      ...more,
    },
    { cmd: 'unsubscribe', unsubscriptions: ['a/+', '#'], ...more },
    { cmd: 'puback', messageId: 7, reasonCode: 0x10, properties: answer },
    { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 5, ...answer } },
    { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'm', ...answer } },
  ];
  return packets
    .filter((packet) => protocolVersion === 5 || !('cmd' in packet && packet.cmd === 'auth'))
    .map((packet) => mqttPacket.generate(packet as mqttPacket.Packet, { protocolVersion }));
});

const parts = emptyPublishParts();
const DECODERS = new Map<number, (frame: Frame, version: ProtocolVersion) => unknown>([
  [PacketType.CONNECT, (frame, version) => [readProtocol(frame), decodeConnect(frame, version)]],
  [PacketType.PUBLISH, (frame, version) => [decodePublish(frame, version, parts), { ...parts }]],
  [PacketType.SUBSCRIBE, decodeSubscribe],
  [PacketType.UNSUBSCRIBE, decodeUnsubscribe],
  [PacketType.PUBACK, decodePuback],
  [PacketType.DISCONNECT, decodeDisconnect],
  [PacketType.AUTH, findAuthFault],
]);

type Mutation = readonly [kind: 'set' | 'insert' | 'remove' | 'cut', at: number, byte: number];

function mutate(body: readonly number[], mutations: readonly Mutation[]): number[] {
  const bytes = [...body];
  for (const [kind, place, byte] of mutations) {
    const at = place % (bytes.length + 1);
    if (kind === 'set') bytes[Math.min(at, bytes.length)] = byte;
    else if (kind === 'insert') bytes.splice(at, 0, byte);
    else if (kind === 'remove') bytes.splice(at, 1);
    else bytes.length = at;
  }
  return bytes;
}

const mutations = fc.array(
  fc.tuple(
    fc.constantFrom<Mutation[0]>('set', 'insert', 'remove', 'cut'),
    fc.nat({ max: 200 }),
    fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x26), fc.integer({ min: 0, max: 255 })),
  ),
  { maxLength: 6 },
);

test('no bytes make a decoder throw, or read what is beyond the packet', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), mutations, versions, (seed, changes, version) => {
      const type = seed[0]! >> 4;
      const { body, end } = frameOf(seed);
      const mutated = mutate([...seed.subarray(body, end)], changes);
      const [alone, amid] = [[], [0xff, 0x01, 0x26]].map((surroundings) => {
        const bytes = Buffer.from([...surroundings, seed[0]!, 0, ...mutated, ...surroundings]);
        const start = surroundings.length;
        const frame = { bytes, start, body: start + 2, end: start + 2 + mutated.length };
        const outcome = DECODERS.get(type)!(frame, version);
        return type === PacketType.PUBLISH ? (outcome as unknown[])[0] : outcome;
      });
      assert.deepEqual(alone, amid);
    }),
    { numRuns: 10000 },
  );
});
