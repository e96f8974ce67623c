/** CRC-32C (Castagnoli; RFC 3720, appendix B.4), which node:zlib does not have. */

const POLYNOMIAL = 0x82f63b78;
/** Eight bytes a step: a third of the time of one byte a step. */
const SLICES = 8;

const TABLE = createTable();

function createTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1)
      value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    table[byte] = value;
  }
  for (let index = 256; index < table.length; index += 1) {
    const before = table[index - 256]!;
    table[index] = (before >>> 8) ^ table[before & 0xff]!;
  }
  return table;
}

/** Of the bytes from `start` to the end, as an unsigned integer. */
export function crc32c(bytes: Uint8Array, start = 0): number {
  let crc = -1;
  let at = start;
  for (const last = bytes.length - SLICES; at <= last; at += SLICES) {
    crc =
      TABLE[0x700 + ((crc ^ bytes[at]!) & 0xff)]! ^
      TABLE[0x600 + (((crc >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      TABLE[0x500 + (((crc >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      TABLE[0x400 + (((crc >>> 24) ^ bytes[at + 3]!) & 0xff)]! ^
      TABLE[0x300 + bytes[at + 4]!]! ^
      TABLE[0x200 + bytes[at + 5]!]! ^
      TABLE[0x100 + bytes[at + 6]!]! ^
      TABLE[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
