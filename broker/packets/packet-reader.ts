import { findTextFault } from './encoded-text.ts';
import type { PacketFault } from './packet-fault.ts';
import { malformed } from './packet-fault.ts';
import type { Owner } from './properties.ts';
import { PropertyCursor } from './properties.ts';

/** Properties that were there, with what they hold where that is a number. */
export type ReadProperties = ReadonlyMap<number, number>;

const NO_PROPERTIES: ReadProperties = new Map();

/**
 * Reads the fields of one packet in their order. It never throws and never reads beyond the packet:
 * the first fault is kept, and whatever is read after it is empty. User Properties are checked and
 * skipped, so that a packet full of them costs no memory.
 */
export class PacketReader {
  fault: PacketFault | undefined;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Whether there is something left to read; never after a fault. */
  get more(): boolean {
    return this.fault === undefined && this.#at < this.#end;
  }

  fail(fault: PacketFault): void {
    this.fault ??= fault;
  }

  byte(what: string): number {
    return this.#take(1, what) ? this.#bytes[this.#at - 1]! : 0;
  }

  uint16(what: string): number {
    return this.#take(2, what) ? this.#bytes.readUInt16BE(this.#at - 2) : 0;
  }

  text(what: string): string {
    const length = this.uint16(what);
    if (!this.#take(length, what)) return '';
    const start = this.#at - length;
    const fault = findTextFault(this.#bytes, start, this.#at);
    if (fault !== undefined) this.fail(malformed(`${what} ${fault}`));
    return this.fault === undefined ? this.#bytes.toString('utf8', start, this.#at) : '';
  }

  skipBinary(what: string): void {
    this.#take(this.uint16(what), what);
  }

  properties(owner: Owner): ReadProperties {
    if (this.fault !== undefined) return NO_PROPERTIES;
    const cursor = new PropertyCursor();
    const found = new Map<number, number>();
    if (cursor.begin(this.#bytes, this.#at, this.#end, owner)) {
      while (cursor.next()) found.set(cursor.identifier, cursor.value);
    }
    this.fault = cursor.fault;
    this.#at = cursor.propertiesEnd;
    return found;
  }

  /** The packet must be over here. */
  finish(): void {
    if (this.more) this.fail(malformed(`${this.#end - this.#at} bytes are left over at its end`));
  }

  #take(bytes: number, what: string): boolean {
    if (this.fault !== undefined) return false;
    if (this.#at + bytes > this.#end) {
      this.fail(malformed(`${what} is cut off`));
      return false;
    }
    this.#at += bytes;
    return true;
  }
}
