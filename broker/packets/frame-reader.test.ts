import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { FrameReader, type Frame } from './frame-reader.ts';

class Collector {
  open = true;
  readonly frames: string[] = [];

  receive(frame: Frame): void {
    this.frames.push(frame.bytes.toString('hex', frame.start, frame.end));
  }
}

function packet(type: number, bodyBytes: number): Buffer {
  const header: number[] = [type << 4];
  let rest = bodyBytes;
  do {
    header.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bodyBytes, type)]);
}

test('packets come out whole, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 0, max: 20000 })), {
        maxLength: 8,
      }),
      fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }),
      (shapes, cuts) => {
        const packets = shapes.map(([type, length]) => packet(type, length));
        const stream = Buffer.concat(packets);
        const reader = new FrameReader(1 << 20);
        const collector = new Collector();
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length]!;
          const outcome = reader.push(stream.subarray(at, at + length), collector);
          assert.equal(outcome, ReasonCode.Success);
          at += length;
        }
        assert.deepEqual(
          collector.frames,
          packets.map((bytes) => bytes.toString('hex')),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('packets come out whole when every byte arrives alone', () => {
  const packets = [packet(12, 0), packet(3, 300), packet(4, 2)];
  const reader = new FrameReader(1000);
  const collector = new Collector();
  for (const byte of Buffer.concat(packets)) {
    assert.equal(reader.push(Buffer.from([byte]), collector), ReasonCode.Success);
  }
  assert.deepEqual(
    collector.frames,
    packets.map((bytes) => bytes.toString('hex')),
  );
});

const refusals: [string, number[], ReasonCode][] = [
  ['a length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01], ReasonCode.MalformedPacket],
  ['a length longer than needed', [0x30, 0x80, 0x00], ReasonCode.MalformedPacket],
  ['a packet one byte over the limit', [0x30, 99], ReasonCode.PacketTooLarge],
  ['256 MiB announced', [0x30, 0xff, 0xff, 0xff, 0x7f], ReasonCode.PacketTooLarge],
];
for (const [name, bytes, code] of refusals) {
  test(`refuses ${name} before its body arrives`, () => {
    const collector = new Collector();
    assert.equal(new FrameReader(100).push(Buffer.from(bytes), collector), code);
    assert.deepEqual(collector.frames, []);
  });
}

test('a packet of exactly the limit passes', () => {
  const collector = new Collector();
  assert.equal(new FrameReader(100).push(packet(3, 98), collector), ReasonCode.Success);
  assert.equal(collector.frames.length, 1);
});

test('nothing more is received once the receiver closes', () => {
  const collector = new Collector();
  const first = collector.receive.bind(collector);
  collector.receive = (frame) => {
    first(frame);
    collector.open = false;
  };
  new FrameReader(100).push(Buffer.concat([packet(12, 0), packet(12, 0)]), collector);
  assert.equal(collector.frames.length, 1);
});
