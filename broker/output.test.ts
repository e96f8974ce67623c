import assert from 'node:assert/strict';
import type { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from './output.ts';
import { layoutOf, Message, sharedDelivery } from './packets/message.ts';
import type { ProtocolVersion } from './packets/packet-type.ts';

/** A socket that keeps what is written, and how often the system would be asked to write. */
class Sink {
  destroyed = false;
  writableLength = 0;
  writes = 0;
  readonly written: Buffer[] = [];
  #corked = false;

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    if (!this.#corked) this.writes++;
    return true;
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.writes++;
  }
}

function anOutput(): { sink: Sink; output: Output } {
  const sink = new Sink();
  return { sink, output: new Output(sink as unknown as TLSSocket) };
}

function aMessage(payload: Buffer): Message {
  return Message.of({
    topic: Buffer.from('t/x'),
    qos: 1,
    payload,
    properties: Buffer.alloc(0),
    messageExpiryStart: -1,
    receivedAtMs: 0,
  });
}

interface Pushed {
  readonly kind: 'packet' | 'puback' | 'shared' | 'own';
  readonly size: number;
  readonly identifier: number;
  readonly version: ProtocolVersion;
}

const pushed: fc.Arbitrary<Pushed> = fc.record({
  kind: fc.constantFrom('packet', 'puback', 'shared', 'own'),
  // Around where packets are no longer copied, and where gathering ends.
  size: fc.oneof(
    { weight: 6, arbitrary: fc.nat(300) },
    { weight: 1, arbitrary: fc.integer({ min: 16350, max: 16400 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60000, max: 140000 }) },
  ),
  identifier: fc.integer({ min: 1, max: 0xffff }),
  version: fc.constantFrom(4, 5),
});

/** Pushes it; answers the bytes that must leave. */
function push(output: Output, { kind, size, identifier, version }: Pushed): Buffer {
  if (kind === 'puback') {
    output.pushPuback(identifier);
    return Buffer.from([0x40, 2, identifier >> 8, identifier & 0xff]);
  }
  const content = Buffer.alloc(size + 1, identifier);
  if (kind === 'packet') {
    output.push(content);
    return content;
  }
  const message = aMessage(content);
  const own = { packetIdentifier: identifier, duplicate: true, nowMs: 0 };
  const delivery =
    kind === 'own' ? { ...own, layout: layoutOf(version, 1) } : sharedDelivery(version);
  const bytes = message.packetBytes(delivery.layout);
  const expected = Buffer.alloc(bytes);
  message.write(expected, 0, delivery);
  if (kind === 'own') output.pushMessage(message, bytes, delivery);
  else output.pushShared(message, bytes, version);
  return expected;
}

test('what is pushed in a turn leaves whole, in its order, in one write', () => {
  const property = fc.property(
    fc.array(fc.array(pushed, { maxLength: 30 }), { maxLength: 4 }),
    (turns) => {
      const { sink, output } = anOutput();
      const expected: Buffer[] = [];
      for (const turn of turns) {
        assert.equal(output.isEmpty, true);
        for (const each of turn) {
          expected.push(push(output, each));
          assert.equal(output.isEmpty, false);
        }
        const before = sink.writes;
        output.flush();
        assert.equal(sink.writes - before, Math.min(1, turn.length));
      }
      // Bytes of a turn that is over are not touched by the next ones.
      assert.ok(Buffer.concat(sink.written).equals(Buffer.concat(expected)));
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('a message that is alone in its turn is shared by all who get it', () => {
  const message = aMessage(Buffer.from('x'));
  const outputs = [anOutput(), anOutput()];
  for (const { output } of outputs) {
    output.pushShared(message, message.packetBytes(layoutOf(4, 0)), 4);
    output.flush();
  }
  const [one, two] = outputs.map(({ sink }) => sink.written);
  assert.equal(one!.length, 1);
  assert.ok(one![0] === two![0]);
});

test('what waits in this turn counts as well as what the socket holds', () => {
  const { sink, output } = anOutput();
  sink.writableLength = 1048576 - 100;
  output.push(Buffer.alloc(99));
  assert.equal(output.isFull, false);
  output.pushPuback(1);
  assert.equal(output.isFull, true);
});

test('nothing is written to a socket that is gone', () => {
  const { sink, output } = anOutput();
  output.push(Buffer.alloc(10));
  sink.destroyed = true;
  output.flush();
  assert.deepEqual([sink.written, output.isEmpty], [[], true]);
});
