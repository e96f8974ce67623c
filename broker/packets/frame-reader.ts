import { ReasonCode } from '../../domain/reason-codes.ts';

/** One whole packet within `bytes`, which the receiver may not keep without copying. */
export interface Frame {
  readonly bytes: Buffer;
  /** Where the first byte of the packet is. */
  readonly start: number;
  /** Where the variable header begins. */
  readonly body: number;
  /** One past the packet's last byte. */
  readonly end: number;
}

export interface FrameReceiver {
  /** Becomes false when nothing more is wanted, also while frames are being received. */
  readonly open: boolean;
  /** False: not now. It is received again, and then all that follows, when the reader resumes. */
  receive(frame: Frame): unknown;
}

const INCOMPLETE = -1;
const MALFORMED = -2;
/** A Remaining Length takes at most four bytes [MQTT-1.5.5]. */
const LENGTH_BYTES_MAX = 4;
const NO_BYTES = Buffer.alloc(0);
/** What is set aside at first for a packet that arrives in pieces, however long it says it is. */
const ASSEMBLY_BYTES_INITIAL = 4096;
/** What is set aside for more of it, for each byte that came: at most, and rarely copied again. */
const ASSEMBLY_GROWTH = 4;

/**
 * Cuts a byte stream into packets. A packet's announced size is checked before any of its body is
 * kept, and what is kept grows with what arrives, not with what was announced.
 */
export class FrameReader {
  /** Bytes of the largest packet to accept; the caller raises it once the client is known. */
  packetBytesMax: number;
  #assembly: Buffer | undefined;
  #assembled = 0;
  /** Bytes that the packet being assembled needs, or one more than there are. */
  #needed = 0;
  /** What came and was not taken, in its order; the first of them begins with a packet. */
  #held: Buffer[] = [];
  readonly #frame: { -readonly [Part in keyof Frame]: Frame[Part] } = {
    bytes: NO_BYTES,
    start: 0,
    body: 0,
    end: 0,
  };

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** Whether the next byte begins a packet. */
  get idle(): boolean {
    return this.#assembled === 0;
  }

  /** Whether the receiver did not take what came. No more should be read until it resumes. */
  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** Offers what was not taken once more; the answer is that of `push`. */
  resume(receiver: FrameReceiver): ReasonCode {
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) {
      const outcome = this.push(bytes, receiver);
      if (outcome !== ReasonCode.Success || !receiver.open) return outcome;
    }
    return ReasonCode.Success;
  }

  /** Success, or why the stream cannot go on: MalformedPacket or PacketTooLarge. */
  push(chunk: Buffer, receiver: FrameReceiver): ReasonCode {
    if (this.#held.length > 0) {
      this.#held.push(chunk);
      return ReasonCode.Success;
    }
    if (this.#assembled === 0) return this.#cut(chunk, receiver);
    let at = 0;
    while (at < chunk.length && this.#assembled > 0) {
      at = this.#assemble(chunk, at);
      if (this.#assembled < this.#needed) return ReasonCode.Success;
      const assembly = this.#assembly!.subarray(0, this.#assembled);
      this.#assembly = undefined;
      this.#assembled = 0;
      const outcome = this.#cut(assembly, receiver);
      if (outcome !== ReasonCode.Success || !receiver.open) return outcome;
    }
    return at < chunk.length ? this.push(chunk.subarray(at), receiver) : ReasonCode.Success;
  }

  /**
   * Takes from the chunk what the packet being assembled lacks; answers where the chunk goes on.
   */
  #assemble(chunk: Buffer, at: number): number {
    const taken = Math.min(chunk.length - at, this.#needed - this.#assembled);
    const size = this.#assembled + taken;
    const assembly = this.#assembly!;
    if (size > assembly.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(size, Math.min(ASSEMBLY_GROWTH * size, this.#needed)),
      );
      assembly.copy(larger, 0, 0, this.#assembled);
      this.#assembly = larger;
    }
    chunk.copy(this.#assembly!, this.#assembled, at, at + taken);
    this.#assembled = size;
    return at + taken;
  }

  #cut(bytes: Buffer, receiver: FrameReceiver): ReasonCode {
    let at = 0;
    while (at < bytes.length && receiver.open) {
      const length = readRemainingLength(bytes, at + 1);
      if (length === MALFORMED) return ReasonCode.MalformedPacket;
      if (length === INCOMPLETE) return this.#keep(bytes, at, bytes.length - at + 1);
      const body = at + 1 + remainingLengthBytes(length);
      const end = body + length;
      if (end - at > this.packetBytesMax) return ReasonCode.PacketTooLarge;
      if (end > bytes.length) return this.#keep(bytes, at, end - at);
      const frame = this.#frame;
      frame.bytes = bytes;
      frame.start = at;
      frame.body = body;
      frame.end = end;
      if (receiver.receive(frame) === false) {
        this.#held.push(bytes.subarray(at));
        return ReasonCode.Success;
      }
      at = end;
    }
    // A connection that falls silent does not hold on to what it received last.
    this.#frame.bytes = NO_BYTES;
    return ReasonCode.Success;
  }

  #keep(bytes: Buffer, at: number, needed: number): ReasonCode {
    const kept = bytes.length - at;
    this.#assembly = Buffer.allocUnsafeSlow(
      Math.max(kept, Math.min(needed, ASSEMBLY_BYTES_INITIAL)),
    );
    bytes.copy(this.#assembly, 0, at);
    this.#assembled = kept;
    this.#needed = needed;
    return ReasonCode.Success;
  }
}

/** The Remaining Length at `at`, INCOMPLETE or MALFORMED; no longer than needed [MQTT-1.5.5-1]. */
function readRemainingLength(bytes: Buffer, at: number): number {
  let length = 0;
  for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
    if (at + index >= bytes.length) return INCOMPLETE;
    const digit = bytes[at + index]!;
    length |= (digit & 0x7f) << (7 * index);
    if ((digit & 0x80) === 0) return index > 0 && digit === 0 ? MALFORMED : length;
  }
  return MALFORMED;
}

/** How many bytes a variable byte integer takes [MQTT-1.5.5]. */
export function remainingLengthBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}
