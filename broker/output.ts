import type { TLSSocket } from 'node:tls';
import type { ProtocolVersion } from './packets/packet-type.ts';
import type { Delivery, Message } from './packets/message.ts';
import { sharedDelivery } from './packets/message.ts';

/** Bytes that wait for a client to read them before nothing more is sent to it or read from it. */
const OUTPUT_BYTES_MAX = 1048576;
/** Packets are copied together up to here; what one client gets in a turn is nearly always less. */
const GATHERED_BYTES_MAX = 262144;
/** Packets from here on leave as they are: copying them costs more than one more write. */
const COPIED_BYTES_MAX = 16384;
/** Room for a few acknowledgements, which is all that most turns send to most clients. */
const GATHERED_BYTES_MIN = 64;
const PUBACK_BYTES = 4;
const PUBACK_FIRST_BYTE = 0x40;

const NOTHING = Buffer.alloc(0);

/**
 * The bytes out: gathered in a turn of the event loop and written at its end. Packets are written
 * next to each other into memory of this turn's own, so that most of them never are an object.
 */
export class Output {
  readonly #socket: TLSSocket;
  /** What came before the bytes that are being gathered, in order. */
  #finished: Buffer | Buffer[] | undefined;
  #gathered = NOTHING;
  #length = 0;
  /** The first message of the turn: where none follows, its packet is shared with others. */
  #first: Message | undefined;
  #firstVersion: ProtocolVersion = 4;
  /** All bytes of this turn. */
  #bytes = 0;
  /** What turns gather at their end: of the last one, or half of what was expected of it. */
  #lengthExpected = 0;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Whether the client must read before it is sent more. */
  get isFull(): boolean {
    return this.#socket.writableLength + this.#bytes >= OUTPUT_BYTES_MAX;
  }

  /** Whether something was pushed in this turn, so that somebody has to flush. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Nobody changes the bytes. */
  push(packet: Buffer): void {
    if (packet.length >= COPIED_BYTES_MAX) {
      this.#finish();
      this.#pushFinished(packet);
      this.#bytes += packet.length;
      return;
    }
    const at = this.#reserve(packet.length);
    packet.copy(this.#gathered, at);
  }

  pushPuback(packetIdentifier: number): void {
    const at = this.#reserve(PUBACK_BYTES);
    const bytes = this.#gathered;
    bytes[at] = PUBACK_FIRST_BYTE;
    bytes[at + 1] = PUBACK_BYTES - 2;
    bytes[at + 2] = packetIdentifier >> 8;
    bytes[at + 3] = packetIdentifier & 0xff;
  }

  /** A packet of so many bytes of its own for this receiver. */
  pushMessage(message: Message, bytes: number, delivery: Delivery): void {
    if (bytes >= COPIED_BYTES_MAX) {
      const { payload } = message;
      const at = this.#reserve(bytes - payload.length);
      message.writeHead(this.#gathered, at, delivery);
      this.push(payload);
    } else {
      const at = this.#reserve(bytes);
      message.write(this.#gathered, at, delivery);
    }
  }

  /** At QoS 0, as others may get it as well. */
  pushShared(message: Message, bytes: number, version: ProtocolVersion): void {
    if (this.#bytes === 0) {
      this.#first = message;
      this.#firstVersion = version;
      this.#bytes = bytes;
    } else if (bytes >= COPIED_BYTES_MAX) {
      this.push(message.shared(version));
    } else {
      this.pushMessage(message, bytes, sharedDelivery(version));
    }
  }

  flush(): void {
    this.#lengthExpected = Math.max(this.#length, this.#lengthExpected >> 1);
    const socket = this.#socket;
    const first = this.#first;
    if (first === undefined) this.#finish();
    else this.#pushFinished(first.shared(this.#firstVersion));
    const finished = this.#finished;
    this.#first = undefined;
    this.#finished = undefined;
    this.#bytes = 0;
    if (finished === undefined || socket.destroyed) return;
    if (!Array.isArray(finished)) {
      socket.write(finished);
      return;
    }
    socket.cork();
    for (const bytes of finished) socket.write(bytes);
    socket.uncork();
  }

  #takeGathered(): Buffer {
    const gathered = this.#gathered;
    const length = this.#length;
    this.#gathered = NOTHING;
    this.#length = 0;
    return length === gathered.length ? gathered : gathered.subarray(0, length);
  }

  /** What was gathered so far takes its place after what is finished. */
  #finish(): void {
    if (this.#first !== undefined) this.#gatherFirst(this.#first);
    if (this.#length > 0) this.#pushFinished(this.#takeGathered());
  }

  #pushFinished(bytes: Buffer): void {
    const finished = this.#finished;
    if (finished === undefined) this.#finished = bytes;
    else if (Array.isArray(finished)) finished.push(bytes);
    else this.#finished = [finished, bytes];
  }

  #gatherFirst(first: Message): void {
    const bytes = this.#bytes;
    const version = this.#firstVersion;
    this.#first = undefined;
    this.#bytes = 0;
    if (bytes >= COPIED_BYTES_MAX) this.push(first.shared(version));
    else this.pushMessage(first, bytes, sharedDelivery(version));
  }

  /** Where so many bytes go that the caller writes at once. */
  #reserve(bytes: number): number {
    if (this.#first !== undefined) this.#gatherFirst(this.#first);
    this.#bytes += bytes;
    let at = this.#length;
    if (at + bytes > this.#gathered.length) {
      this.#makeRoom(bytes);
      at = this.#length;
    }
    this.#length = at + bytes;
    return at;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes > GATHERED_BYTES_MAX && this.#length > 0) this.#finish();
    const needed = this.#length + bytes;
    const usual = Math.max(2 * this.#gathered.length, this.#lengthExpected, GATHERED_BYTES_MIN);
    const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(usual, GATHERED_BYTES_MAX)));
    this.#gathered.copy(larger, 0, 0, this.#length);
    this.#gathered = larger;
  }
}
