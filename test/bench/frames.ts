/** MQTT frames as the floor and the load generator see them: no more than where each one ends. */

/** One whole packet: its first byte, its body and its end within `bytes`. */
export type OnFrame = (bytes: Buffer, start: number, body: number, end: number) => void;

const UNKNOWN = -1;

/** Cuts a stream into packets; a packet that arrives in pieces is joined once, when it is whole. */
export class FrameCutter {
  #pieces: Buffer[] = [];
  #kept = 0;
  /** Bytes that must be there before it is worth looking again. */
  #needed = 0;

  push(chunk: Buffer, onFrame: OnFrame): void {
    let bytes = chunk;
    if (this.#kept > 0) {
      this.#pieces.push(chunk);
      this.#kept += chunk.length;
      if (this.#kept < this.#needed) return;
      bytes = Buffer.concat(this.#pieces, this.#kept);
      this.#pieces = [];
      this.#kept = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const body = bodyOf(bytes, at);
      const end = body === UNKNOWN ? UNKNOWN : body + remainingLength(bytes, at + 1, body);
      if (end === UNKNOWN || end > bytes.length) {
        this.#keep(bytes.subarray(at), end === UNKNOWN ? bytes.length - at + 1 : end - at);
        return;
      }
      onFrame(bytes, at, body, end);
      at = end;
    }
  }

  #keep(rest: Buffer, needed: number): void {
    this.#pieces.push(rest);
    this.#kept = rest.length;
    this.#needed = needed;
  }
}

/** Where the body begins, or UNKNOWN while the Remaining Length is not all there. */
function bodyOf(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) if (bytes[at]! < 0x80) return at + 1;
  return UNKNOWN;
}

function remainingLength(bytes: Buffer, from: number, to: number): number {
  let length = 0;
  for (let at = to - 1; at >= from; at--) length = length * 128 + (bytes[at]! & 0x7f);
  return length;
}

/** A packet of a first byte and parts of a body. */
export function packet(firstByte: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [firstByte];
  let rest = body.length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? digit + 128 : digit);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

/** A text with its length in front. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
