import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { encodeConnack4, encodeControlPacket, markSessionPresent } from './control-packets.ts';

test('CONNACK of MQTT 3.1.1 is what mqtt-packet makes', () => {
  for (const sessionPresent of [false, true]) {
    for (let returnCode = 0; returnCode <= 5; returnCode++) {
      const packet = { cmd: 'connack', sessionPresent, returnCode } as const;
      const expected = mqttPacket.generate(packet, { protocolVersion: 4 });
      assert.deepEqual(encodeConnack4(sessionPresent, returnCode), expected);
    }
  }
});

test('CONNACK is marked as mqtt-packet would have made it, whatever its length', () => {
  const reasons = fc.string({ maxLength: 20000 });
  fc.assert(
    fc.property(reasons, fc.constantFrom(0, 0x87), (reasonString, reasonCode) => {
      const properties = { receiveMaximum: 100, maximumQoS: 1, reasonString };
      const packet = { cmd: 'connack', reasonCode, properties } as const;
      const marked = markSessionPresent(
        encodeControlPacket({ ...packet, sessionPresent: false }, 5),
      );
      assert.deepEqual(marked, encodeControlPacket({ ...packet, sessionPresent: true }, 5));
    }),
  );
  const connack = markSessionPresent(encodeConnack4(false, 0));
  assert.deepEqual(connack, encodeConnack4(true, 0));
});
