import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { FrameReader, type Frame } from './frame-reader.ts';

class Collector {
  open = true;
  readonly frames: string[] = [];

  receive(frame: Frame): boolean {
    this.frames.push(frame.bytes.toString('hex', frame.start, frame.end));
    return true;
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
    collector.open = false;
    return first(frame);
  };
  new FrameReader(100).push(Buffer.concat([packet(12, 0), packet(12, 0)]), collector);
  assert.equal(collector.frames.length, 1);
});

/** Takes a packet only when it is ready to, and notes whole packets. */
class Hesitant extends Collector {
  /** Whether the next ones are taken; all that follow are. */
  readonly #answers: boolean[];

  constructor(answers: readonly boolean[]) {
    super();
    this.#answers = [...answers];
  }

  override receive(frame: Frame): boolean {
    const takes = this.#answers.shift() ?? true;
    if (takes) super.receive(frame);
    return takes;
  }
}

for (const refused of [0, 1, 2, 3]) {
  for (const resumes of [0, 1]) {
    test(`packet ${refused} is not taken and comes again, wherever the stream is cut (${resumes})`, () => {
      const packets = [packet(3, 5), packet(12, 0), packet(3, 200), packet(4, 2)];
      const stream = Buffer.concat(packets);
      const expected = packets.map((bytes) => bytes.toString('hex'));
      for (let cut = 1; cut < stream.length; cut++) {
        const collector = new Hesitant(packets.map((_, index) => index !== refused));
        const reader = new FrameReader(1000);
        reader.push(stream.subarray(0, cut), collector);
        for (let times = 0; times < resumes; times++) reader.resume(collector);
        reader.push(stream.subarray(cut), collector);
        assert.deepEqual(collector.frames, reader.holding ? expected.slice(0, refused) : expected);
        reader.resume(collector);
        assert.equal(reader.holding, false);
        assert.deepEqual(collector.frames, expected, `cut at ${cut}`);
      }
    });
  }
}

test('packets keep their order, however often and whenever they are not taken', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 8 }),
      fc.array(fc.record({ length: fc.integer({ min: 1, max: 9000 }), resumes: fc.nat(2) }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.array(fc.boolean(), { maxLength: 30 }),
      (lengths, cuts, answers) => {
        const packets = lengths.map((length, index) => packet(1 + (index % 15), length));
        const stream = Buffer.concat(packets);
        const reader = new FrameReader(1 << 20);
        const collector = new Hesitant(answers);
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const { length, resumes } = cuts[turn % cuts.length]!;
          reader.push(stream.subarray(at, at + length), collector);
          for (let index = 0; index < resumes; index++) reader.resume(collector);
          at += length;
        }
        while (reader.holding) assert.equal(reader.resume(collector), ReasonCode.Success);
        assert.deepEqual(
          collector.frames,
          packets.map((bytes) => bytes.toString('hex')),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('a fault behind a packet that was not taken is found when that is', () => {
  const collector = new Hesitant([false]);
  const reader = new FrameReader(100);
  const stream = Buffer.concat([packet(12, 0), Buffer.from([0x30, 99])]);
  assert.equal(reader.push(stream, collector), ReasonCode.Success);
  assert.equal(reader.resume(collector), ReasonCode.PacketTooLarge);
  assert.equal(collector.frames.length, 1);
});
