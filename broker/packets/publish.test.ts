import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Frame } from './frame-reader.ts';
import { FrameReader } from './frame-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import type { PublishParts } from './publish-decoder.ts';
import { decodePublish, emptyPublishParts } from './publish-decoder.ts';

interface Decoded {
  readonly code: ReasonCode;
  readonly parts: PublishParts;
  readonly bytes: Buffer;
}

function decode(bytes: Buffer, version: ProtocolVersion): Decoded {
  const parts = emptyPublishParts();
  let code: ReasonCode = ReasonCode.UnspecifiedError;
  const outcome = new FrameReader(1 << 20).push(bytes, {
    open: true,
    receive(frame: Frame) {
      code = decodePublish(frame, version, parts)?.code ?? ReasonCode.Success;
    },
  });
  assert.equal(outcome, ReasonCode.Success);
  return { code, parts, bytes };
}

function text(decoded: Decoded, start: number, end: number): string {
  return decoded.bytes.toString('utf8', start, end);
}

/** mqtt-packet knows no order between different names, so one name is used here. */
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.integer({ min: 0, max: 0xffffffff }),
    topicAlias: fc.integer({ min: 1, max: 0xffff }),
    responseTopic: fc.constantFrom('a', 'a/b', 'ü/€'),
    correlationData: fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data)),
    userProperties: fc
      .array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 5 })
      .map((values) =>
        // An empty list would be encoded as none at all.
        values.length === 0 ? { key: 'value' } : { key: values },
      ),
    contentType: fc.constantFrom('', 'application/json', 'naïve'),
  },
  { requiredKeys: [] },
);

const packets = fc.record({
  cmd: fc.constant('publish' as const),
  topic: fc.constantFrom('a', 'a/b/c', 'räume/€', 'x'.repeat(200)),
  payload: fc.uint8Array({ maxLength: 300 }).map((data) => Buffer.from(data)),
  qos: fc.constantFrom(0 as const, 1 as const),
  messageId: fc.integer({ min: 1, max: 0xffff }),
  retain: fc.boolean(),
});

test('what mqtt-packet encodes is decoded to the same parts', () => {
  fc.assert(
    fc.property(packets, properties, fc.constantFrom<ProtocolVersion>(4, 5), (packet, more, v) => {
      const whole = { ...packet, dup: false, ...(v === 5 && { properties: more }) };
      const decoded = decode(mqttPacket.generate(whole, { protocolVersion: v }), v);
      const { parts } = decoded;
      assert.equal(describeReasonCode(decoded.code), describeReasonCode(ReasonCode.Success));
      assert.equal(text(decoded, parts.topicStart, parts.topicEnd), packet.topic);
      assert.equal(parts.qos, packet.qos);
      assert.equal(parts.retain, packet.retain);
      assert.equal(parts.packetIdentifier, packet.qos === 1 ? packet.messageId : 0);
      assert.deepEqual(decoded.bytes.subarray(parts.payloadStart), packet.payload);
      if (v === 4) return;
      assert.equal(parts.topicAlias, more.topicAlias ?? 0);
      const expiry = parts.messageExpiryStart;
      assert.equal(
        expiry < 0 ? undefined : decoded.bytes.readUInt32BE(expiry),
        more.messageExpiryInterval,
      );
    }),
  );
});

const refused: [string, ProtocolVersion, string, ReasonCode][] = [
  ['[MQTT-3.3.1-4] QoS 3', 4, '36050001610001', ReasonCode.MalformedPacket],
  ['[MQTT-3.3.1-2] DUP at QoS 0', 4, '3803000161', ReasonCode.MalformedPacket],
  ['[MQTT-2.2.1-3] packet identifier 0', 4, '32050001610000', ReasonCode.ProtocolError],
  ['a topic that ends after the packet', 4, '3003000261', ReasonCode.MalformedPacket],
  ['no topic length', 4, '300100', ReasonCode.MalformedPacket],
  ['no packet identifier', 4, '3204000161ff', ReasonCode.MalformedPacket],
  ['no property length', 5, '3003000161', ReasonCode.MalformedPacket],
  ['properties that end after the packet', 5, '300400016105', ReasonCode.MalformedPacket],
  ['a property that ends after the properties', 5, '30060001610202ff', ReasonCode.MalformedPacket],
  ['an unknown property', 5, '300600016102ff00', ReasonCode.MalformedPacket],
  ['[MQTT-3.3.4-6] a subscription identifier', 5, '3006000161020b01', ReasonCode.ProtocolError],
  ['[MQTT-3.3.2-8] topic alias 0', 5, '300700016103230000', ReasonCode.TopicAliasInvalid],
  ['payload format indicator 2', 5, '30060001610201 02'.replace(' ', ''), ReasonCode.ProtocolError],
  ['one property twice', 5, '3008000161040101' + '0101', ReasonCode.ProtocolError],
  [
    '[MQTT-1.5.4-1] a surrogate',
    5,
    '300a000161' + '06' + '030003eda080',
    ReasonCode.MalformedPacket,
  ],
  ['[MQTT-1.5.4-2] a NUL', 5, '3008000161' + '04' + '03000100', ReasonCode.MalformedPacket],
  [
    '[MQTT-3.3.2-14] a wildcard to respond to',
    5,
    '300800016104080001' + '2b',
    ReasonCode.ProtocolError,
  ],
  ['a user property without its value', 5, '300800016104' + '26000161', ReasonCode.MalformedPacket],
];
for (const [name, version, hex, code] of refused) {
  test(`refuses ${name}`, () => {
    const decoded = decode(Buffer.from(hex, 'hex'), version);
    assert.equal(describeReasonCode(decoded.code), describeReasonCode(code));
  });
}

test('no bytes make the decoder throw or read beyond the packet', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.constantFrom<ProtocolVersion>(4, 5),
      (b, v) => {
        const bytes = Buffer.from([0x32, b.length, ...b]);
        if (b.length > 127) return;
        const { code, parts } = decode(bytes, v);
        if (code !== ReasonCode.Success) return;
        assert.ok(parts.topicEnd <= bytes.length && parts.payloadStart <= bytes.length);
      },
    ),
    { numRuns: 2000 },
  );
});
