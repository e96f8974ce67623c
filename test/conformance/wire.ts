/**
 * Packets as they are on the wire, written so that people can read them:
 *
 *     82 .. 0001 () "a/b" 01          SUBSCRIBE to a/b
 *
 * Pairs of hexadecimal digits are bytes. `..` is the Remaining Length, `( )` are properties with
 * their length in front, "a/b" is a text with its length of two bytes in front, 'a/b' the same
 * characters and nothing else. `0102*9` repeats bytes. In what is expected, `*` at the end stands
 * for whatever else the packet holds, and `??` for any byte.
 */
import assert from 'node:assert/strict';

const TOKENS = [
  String.raw`(?<length>\.\.)`,
  String.raw`(?<bracket>[()])`,
  String.raw`"(?<text>[^"]*)"`,
  String.raw`'(?<characters>[^']*)'`,
  String.raw`(?<hex>(?:[0-9a-f]{2})+)(?:\*(?<times>\d+))?`,
  String.raw`(?<any>\?\?)`,
  String.raw`(?<rest>\*)`,
];
const TOKEN = new RegExp(String.raw`\s*(?:${TOKENS.join('|')})`, 'y');

/** Undefined is any byte. */
type Bytes = (number | undefined)[];

interface Parsed {
  readonly bytes: Readonly<Bytes>;
  /** Where the Remaining Length belongs; -1: it is written out. */
  readonly lengthAt: number;
  /** Whether more may follow. */
  readonly open: boolean;
}

export function encodeWire(text: string): Buffer {
  const parsed = parse(text);
  assert(!parsed.open, `${text}: only what is expected may be left open`);
  return Buffer.from(withLength(parsed) as number[]);
}

/** Whether the packet is the one that `text` describes. */
export function matchesWire(text: string, packet: Buffer): boolean {
  const parsed = parse(text);
  if (!parsed.open) return equal(withLength(parsed), packet, packet.length);
  const { bytes, lengthAt } = parsed;
  if (lengthAt < 0) return equal(bytes, packet, bytes.length);
  const header = 1 + variable(packet.length - 2).length;
  const body = bytes.slice(lengthAt);
  return packet[0] === bytes[0] && equal(body, packet.subarray(header), body.length);
}

function equal(bytes: Readonly<Bytes>, packet: Buffer, length: number): boolean {
  if (bytes.length !== length || packet.length < length) return false;
  return bytes.every((byte, index) => byte === undefined || byte === packet[index]);
}

function withLength({ bytes, lengthAt }: Parsed): Readonly<Bytes> {
  if (lengthAt < 0) return bytes;
  const body = bytes.slice(lengthAt);
  return [...bytes.slice(0, lengthAt), ...variable(body.length), ...body];
}

function parse(text: string): Parsed {
  /** The packet, and the properties that are open. */
  const stack: Bytes[] = [[]];
  let lengthAt = -1;
  let open = false;
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    assert(groups !== undefined && !open, `${text}: not understood from column ${at} on`);
    if (groups.length !== undefined) lengthAt = stack[0]!.length;
    else if (groups.rest !== undefined) open = true;
    else if (groups.bracket === '(') stack.push([]);
    else if (groups.bracket === ')') closeProperties(stack);
    else stack.at(-1)!.push(...bytesOf(groups));
  }
  assert.equal(stack.length, 1, `${text}: brackets do not match`);
  return { bytes: stack[0]!, lengthAt, open };
}

function closeProperties(stack: Bytes[]): void {
  const properties = stack.pop()!;
  assert(stack.length > 0, 'brackets do not match');
  stack.at(-1)!.push(...variable(properties.length), ...properties);
}

function bytesOf(groups: Readonly<Record<string, string | undefined>>): Bytes {
  const { text, characters, hex, times = '1' } = groups;
  if (text !== undefined) {
    const bytes = Buffer.from(text);
    return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
  }
  if (characters !== undefined) return [...Buffer.from(characters)];
  if (hex !== undefined) return [...Buffer.from(hex.repeat(Number(times)), 'hex')];
  return [undefined];
}

/** A variable byte integer; MQTT 5, section 1.5.5. */
function variable(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return bytes;
}
