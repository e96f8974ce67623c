import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { FrameReader } from './frame-reader.ts';
import type { Delivery } from './message.ts';
import { layoutOf, Message, sharedDelivery } from './message.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { decodePublish, emptyPublishParts } from './publish-decoder.ts';

const VERSIONS = [4, 5] as const;
const RECEIVED_AT_MS = 1000;
const PADDING_BYTES = 30;

/** The message of a packet in the middle of a chunk, and one made of its parts alone. */
function messagesOf(packet: Buffer, version: ProtocolVersion): Message[] {
  const padding = Buffer.alloc(PADDING_BYTES, 0xc0);
  const bytes = Buffer.concat([padding, packet, padding]);
  const parts = emptyPublishParts();
  let bodyStart = 0;
  new FrameReader(1 << 28).push(packet, {
    open: true,
    receive(frame) {
      assert.equal(decodePublish(frame, version, parts), undefined);
      bodyStart = frame.body;
    },
  });
  assert.ok(bodyStart > 0);
  const shifted = (at: number): number => (at < 0 ? at : at + PADDING_BYTES);
  const topic = Buffer.from(packet.subarray(parts.topicStart, parts.topicEnd));
  const receipt = { topic, qos: parts.qos as 0 | 1, receivedAtMs: RECEIVED_AT_MS, number: 9 };
  const received = (): Message =>
    new Message({
      ...receipt,
      version,
      bytes: chunkOf(bytes),
      packetStart: PADDING_BYTES,
      propertiesStart: shifted(parts.propertiesStart),
      payloadStart: shifted(parts.payloadStart),
      end: bytes.length - PADDING_BYTES,
      messageExpiryStart: shifted(parts.messageExpiryStart),
    });
  const made = Message.of({
    ...receipt,
    payload: packet.subarray(parts.payloadStart),
    properties: packet.subarray(parts.propertiesStart, parts.propertiesEnd),
    messageExpiryStart:
      parts.messageExpiryStart < 0 ? -1 : parts.messageExpiryStart - parts.propertiesStart,
  });
  return [received(), received().own(), made, Message.of(received().parts)];
}

/** In memory of its own, as what comes from a socket. */
function chunkOf(bytes: Buffer): Buffer {
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(chunk);
  return chunk;
}

function publish(changes: Partial<mqttPacket.IPublishPacket>, version: ProtocolVersion): Buffer {
  const packet = {
    cmd: 'publish',
    topic: 'a/b',
    payload: 'payload',
    qos: 1,
    messageId: 7,
  } as const;
  return mqttPacket.generate(
    { ...packet, dup: false, retain: false, ...changes },
    { protocolVersion: version },
  );
}

/** Written in the middle of other bytes, which stay as they are. */
function written(message: Message, delivery: Delivery): Buffer {
  const length = message.packetBytes(delivery.layout);
  const target = Buffer.alloc(length + 2, 0xee);
  message.write(target, 1, delivery);
  assert.deepEqual([target[0], target[length + 1]], [0xee, 0xee]);
  return target.subarray(1, length + 1);
}

function parse(bytes: Buffer, protocolVersion: ProtocolVersion): mqttPacket.IPublishPacket {
  const parser = mqttPacket.parser({ protocolVersion });
  let parsed: mqttPacket.Packet | undefined;
  parser.on('packet', (packet: mqttPacket.Packet) => (parsed = packet));
  assert.equal(parser.parse(bytes), 0, 'bytes are left over');
  assert.equal(parsed?.cmd, 'publish');
  return parsed;
}

function atLeastOnce(version: ProtocolVersion, packetIdentifier: number, nowMs = 0): Delivery {
  return { layout: layoutOf(version, 1), packetIdentifier, duplicate: false, nowMs };
}

const arbitrary = fc.record({
  from: fc.constantFrom(...VERSIONS),
  to: fc.constantFrom(...VERSIONS),
  qos: fc.constantFrom<0 | 1>(0, 1),
  sentBefore: fc.boolean(),
  topic: fc.stringMatching(/^[a-z/]{1,200}$/),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  expirySeconds: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  userProperties: fc.option(fc.constant({ b: '1', a: '2' }), { nil: undefined }),
  packetIdentifier: fc.integer({ min: 1, max: 0xffff }),
  duplicate: fc.boolean(),
  laterMs: fc.integer({ min: 0, max: 70000 }),
});
type Given = typeof arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

function packetOf({ from, topic, payload, qos, sentBefore, ...given }: Given): Buffer {
  const properties = {
    ...(given.expirySeconds !== undefined && { messageExpiryInterval: given.expirySeconds }),
    ...(given.userProperties !== undefined && { userProperties: given.userProperties }),
  };
  return publish({ topic, payload, qos, dup: sentBefore && qos === 1, properties }, from);
}

/** The properties that a receiver gets of it: MQTT 3.1.1 has none. */
function propertiesOf({ from, to, expirySeconds, userProperties }: Given): unknown {
  return from === 5 && to === 5 ? [expirySeconds, { ...userProperties }] : [undefined, {}];
}

function told({ properties }: mqttPacket.IPublishPacket): unknown {
  return [properties?.messageExpiryInterval, { ...properties?.userProperties }];
}

test('what is written reads in mqtt-packet as it came, in every layout', () => {
  const property = fc.property(arbitrary, (given) => {
    const { to, topic, payload, packetIdentifier, duplicate } = given;
    for (const message of messagesOf(packetOf(given), given.from)) {
      const once = parse(message.shared(to), to);
      assert.deepEqual([once.qos, once.dup, once.retain, once.topic], [0, false, false, topic]);
      assert.deepEqual(once.payload, payload);
      assert.deepEqual(told(once), propertiesOf(given));
      const packet = parse(
        written(message, { ...atLeastOnce(to, packetIdentifier), duplicate }),
        to,
      );
      assert.deepEqual([packet.qos, packet.dup, packet.retain], [1, duplicate, false]);
      assert.deepEqual([packet.messageId, packet.topic], [packetIdentifier, topic]);
      assert.deepEqual(packet.payload, payload);
      assert.deepEqual(told(packet), propertiesOf(given));
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('[MQTT-3.3.2-6] who gets it late is told what is left of its expiry', () => {
  const property = fc.property(arbitrary, (given) => {
    const { to, expirySeconds, laterMs, packetIdentifier } = given;
    const nowMs = RECEIVED_AT_MS + laterMs;
    const leftSeconds =
      expirySeconds && Math.max(0, Math.ceil((expirySeconds * 1000 - laterMs) / 1000));
    const expected = propertiesOf({ ...given, expirySeconds: leftSeconds });
    for (const message of messagesOf(packetOf(given), given.from)) {
      const atMostOnce = { ...sharedDelivery(to), nowMs };
      assert.deepEqual(told(parse(written(message, atMostOnce), to)), expected);
      const again = atLeastOnce(to, packetIdentifier, nowMs);
      assert.deepEqual(told(parse(written(message, again), to)), expected);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

for (const from of VERSIONS) {
  test(`a long packet of level ${from} keeps its identifier where it belongs`, () => {
    for (const length of [100, 117, 118, 119, 16370, 16371, 16372, 16373, 16374, 200000]) {
      const bytes = publish({ topic: 'topic', payload: Buffer.alloc(length, 0xff) }, from);
      for (const message of messagesOf(bytes, from)) {
        const packets = VERSIONS.map((to) => parse(written(message, atLeastOnce(to, 258)), to));
        for (const { messageId, payload } of packets) {
          assert.deepEqual([messageId, payload.length], [258, length]);
        }
      }
    }
  });
}

test('packets of their own never change the one that is shared', () => {
  for (const message of messagesOf(publish({ dup: true }, 4), 4)) {
    const shared = message.shared(4);
    const before = Buffer.from(shared);
    const delivery = { ...atLeastOnce(4, 1), duplicate: true };
    assert.equal(parse(written(message, delivery), 4).dup, true);
    assert.equal(parse(written(message, atLeastOnce(4, 2)), 4).dup, false);
    assert.deepEqual(shared, before);
  }
});

test('a message that waits keeps no chunk of a socket in memory', () => {
  const [received, owned] = messagesOf(publish({ qos: 0 }, 4), 4);
  const chunk = received!.parts.payload.buffer;
  assert.equal(received!.own(), received);
  assert.ok(received!.parts.payload.buffer !== chunk);
  assert.deepEqual(received!.parts, owned!.parts);
});
