import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message } from '../packets/message.ts';
import { InFlight } from './in-flight.ts';

const message = Message.of({
  topic: Buffer.from('t'),
  qos: 1,
  payload: Buffer.alloc(0),
  properties: Buffer.alloc(0),
  messageExpiryStart: -1,
  receivedAtMs: 0,
});

test('[MQTT-2.2.1-3] packet identifiers run from 1 to 65535, past those in flight', () => {
  const inFlight = new InFlight();
  assert.equal(inFlight.add(message), 1);
  for (let expected = 2; expected <= 65535; expected++) {
    assert.equal(inFlight.add(message), expected);
    if (expected > 2) assert.equal(inFlight.acknowledge(expected), message);
  }
  // 1 and 2 were never acknowledged.
  assert.equal(inFlight.add(message), 3);
  assert.equal(inFlight.size, 3);
});

test('an identifier is acknowledged once', () => {
  const inFlight = new InFlight();
  const identifier = inFlight.add(message);
  assert.equal(inFlight.acknowledge(identifier), message);
  assert.equal(inFlight.acknowledge(identifier), undefined);
});
