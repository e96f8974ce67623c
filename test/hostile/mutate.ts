/** Valid packets made a little wrong. */
import type { Random } from './random.ts';

type Mutation = (packet: Buffer, random: Random) => Buffer;

const ILL_FORMED_TEXTS = [
  [0x00],
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
].map((bytes) => Buffer.from(bytes));

const flipBits: Mutation = (packet, random) => {
  const changed = Buffer.from(packet);
  for (let flips = 1 + random.below(4); flips > 0; flips--) {
    const at = random.below(changed.length);
    changed[at] = changed[at]! ^ (1 << random.below(8));
  }
  return changed;
};

const truncate: Mutation = (packet, random) => packet.subarray(0, random.below(packet.length));

/** Cut short, with a Remaining Length that agrees. */
const shorten: Mutation = (packet, random) => {
  const body = bodyOf(packet);
  return withLength(packet[0]!, body.subarray(0, random.below(body.length + 1)));
};

const lieOfLength: Mutation = (packet, random) => {
  const lies = [0, 1, 127, 128, 16383, 16384, 524288, 2097151, 268435455];
  const length = random.pick([...lies, packet.length + random.below(5)]);
  return Buffer.concat([Buffer.from([packet[0]!]), variableByteInteger(length), bodyOf(packet)]);
};

const tooLongLength: Mutation = (packet, random) => {
  const digits = random.pick([
    [0x80, 0x80, 0x80, 0x80, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0xff],
    [0x82, 0x00],
  ]);
  return Buffer.concat([packet.subarray(0, 1), Buffer.from(digits), bodyOf(packet)]);
};

/** A length of a text, or of the properties, or anything else that is two bytes. */
const lieInside: Mutation = (packet, random) => {
  const changed = Buffer.from(packet);
  if (changed.length < 4) return changed;
  changed.writeUInt16BE(random.pick([0, 1, 0x7fff, 0xffff]), 2 + random.below(changed.length - 3));
  return changed;
};

/** Something of it comes twice: a property, if it strikes there. */
const duplicate: Mutation = (packet, random) => {
  const body = bodyOf(packet);
  const start = random.below(body.length + 1);
  const end = start + random.below(body.length - start + 1);
  const twice = [body.subarray(0, end), body.subarray(start)];
  return withLength(packet[0]!, Buffer.concat(twice));
};

const insert: Mutation = (packet, random) => {
  const body = bodyOf(packet);
  const at = random.below(body.length + 1);
  const inserted = random.pick([...ILL_FORMED_TEXTS, random.bytes(1 + random.below(8))]);
  return withLength(packet[0]!, Buffer.concat([body.subarray(0, at), inserted, body.subarray(at)]));
};

const replace: Mutation = (packet, random) => {
  const changed = Buffer.from(packet);
  random.pick(ILL_FORMED_TEXTS).copy(changed, random.below(changed.length));
  return changed;
};

const changeType: Mutation = (packet, random) => {
  const changed = Buffer.from(packet);
  changed[0] = random.below(256);
  return changed;
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  truncate,
  shorten,
  lieOfLength,
  tooLongLength,
  lieInside,
  duplicate,
  insert,
  replace,
  changeType,
];

export function mutate(packet: Buffer, random: Random): Buffer {
  let mutated = packet;
  for (let times = 1 + random.below(2); times > 0 && mutated.length > 0; times--) {
    mutated = random.pick(MUTATIONS)(mutated, random);
  }
  return mutated;
}

function bodyOf(packet: Buffer): Buffer {
  let at = 1;
  while (at < Math.min(5, packet.length) && (packet[at]! & 0x80) !== 0) at++;
  return packet.subarray(at + 1);
}

export function variableByteInteger(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(digits);
}

/** A packet with this first byte and body, whose Remaining Length is true. */
export function withLength(firstByte: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([firstByte]), variableByteInteger(body.length), body]);
}
