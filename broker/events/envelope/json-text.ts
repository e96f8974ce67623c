/** JSON as somebody else wrote it: it is checked and passed on, never written anew. */

/**
 * How deep arrays and objects may lie within each other. The strictest of the parsers in wide use
 * (System.Text.Json) gives up beyond 64, and with it the whole batch; event and batch are two.
 */
export const NESTING_MAX = 62;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from('\u{feff}');

/** Undefined: it is no JSON, or nested too deeply. The bytes are UTF-8. */
export function parseJson(bytes: Buffer): { readonly value: unknown } | undefined {
  if (isNestedTooDeeply(bytes)) return undefined;
  try {
    return { value: JSON.parse(bytes.toString()) };
  } catch {
    return undefined;
  }
}

/** A parser may ignore what some editors and libraries put in front (RFC 8259, 8.1). */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  const has = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return has ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

function isNestedTooDeeply(bytes: Buffer): boolean {
  if (bytes.length <= 2 * NESTING_MAX) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = stringEnd(bytes, at) - 1;
    else depth += step(byte);
    if (depth > NESTING_MAX) return true;
  }
  return false;
}

/** What a byte outside of strings adds to the depth. */
function step(byte: number): number {
  if (byte === LEFT_BRACKET || byte === LEFT_BRACE) return 1;
  return byte === RIGHT_BRACKET || byte === RIGHT_BRACE ? -1 : 0;
}

/** Behind the string that begins at `at`, or the end where it has none. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let index = at + 1; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === QUOTE) return index + 1;
    if (byte === BACKSLASH) index++;
  }
  return bytes.length;
}

/** In valid JSON line breaks are between tokens only, where a space means the same. */
export function onOneLine(json: Buffer): Buffer {
  if (!json.includes(LINE_FEED) && !json.includes(CARRIAGE_RETURN)) return json;
  const line = Buffer.from(json);
  for (let at = 0; at < line.length; at++) {
    if (line[at] === LINE_FEED || line[at] === CARRIAGE_RETURN) line[at] = SPACE;
  }
  return line;
}

/**
 * The members of an object with their values as they are written, or undefined: it is no object,
 * or a name recurs, so that two readers may see two different things.
 */
export function membersOf(json: Buffer): Map<string, Buffer> | undefined {
  const members = new Map<string, Buffer>();
  let at = skipSpace(json, 0);
  if (json[at] !== LEFT_BRACE) return undefined;
  at = skipSpace(json, at + 1);
  while (at < json.length && json[at] !== RIGHT_BRACE) {
    const nameEnd = stringEnd(json, at);
    const name = JSON.parse(json.toString('utf8', at, nameEnd)) as string;
    if (members.has(name)) return undefined;
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = valueEnd(json, start);
    members.set(name, json.subarray(start, end));
    at = skipSpace(json, end);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return members;
}

/** Behind the value of a member: at the comma or the brace that follows, or at space before it. */
function valueEnd(json: Buffer, start: number): number {
  let depth = 0;
  let end = start;
  for (let at = start; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) at = stringEnd(json, at) - 1;
    else depth += step(byte);
    if (depth < 0 || (depth === 0 && byte === COMMA)) break;
    if (!isSpace(byte)) end = at + 1;
  }
  return end;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (at < json.length && isSpace(json[at]!)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
