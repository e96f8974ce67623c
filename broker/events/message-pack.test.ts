import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packedBytes, packMessages, unpackMessages } from './message-pack.ts';

const someBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const aMessage = fc.record(
  {
    number: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    qos: fc.constantFrom(0 as const, 1 as const),
    topic: fc.string({ unit: 'grapheme' }),
    payload: someBytes,
    properties: someBytes,
    receivedAtMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  },
  { noNullPrototype: true },
);

test('what was packed comes out as it was, and takes no more memory than was said', () => {
  fc.assert(
    fc.property(fc.array(aMessage), (messages) => {
      const parts = messages.map((message) => ({ ...message, topic: Buffer.from(message.topic) }));
      const bytes = packMessages(parts);
      assert.equal(
        bytes.buffer.byteLength,
        parts.reduce((sum, message) => sum + packedBytes(message), 0),
      );
      assert.deepEqual([...unpackMessages(bytes)], messages);
    }),
  );
});

test('payloads are views of the bytes that crossed', () => {
  const payload = Buffer.from('21.5');
  const parts = { topic: Buffer.from('t'), payload, properties: Buffer.alloc(0), receivedAtMs: 1 };
  const bytes = packMessages([{ number: 1, qos: 1, ...parts }]);
  const crossed = structuredClone(bytes, { transfer: [bytes.buffer] });
  const [message] = unpackMessages(crossed);
  assert.equal(message!.payload.buffer, crossed.buffer);
  assert.equal(message!.payload.toString(), '21.5');
});
