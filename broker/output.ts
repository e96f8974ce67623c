import type { TLSSocket } from 'node:tls';

/** Bytes that wait for a client to read them before nothing more is sent to it or read from it. */
const OUTPUT_BYTES_MAX = 1048576;
/** Output of one turn up to here is copied together and written as one TLS record or few. */
const CONCATENATED_BYTES_MAX = 65536;

/** The bytes out: gathered in a turn of the event loop and written at its end. */
export class Output {
  readonly #socket: TLSSocket;
  #packets: Buffer[] = [];
  #bytes = 0;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Whether the client must read before it is sent more. */
  get isFull(): boolean {
    return this.#socket.writableLength + this.#bytes >= OUTPUT_BYTES_MAX;
  }

  /** True: the first of this turn, so that somebody has to flush. Nobody changes the bytes. */
  push(bytes: Buffer): boolean {
    this.#packets.push(bytes);
    this.#bytes += bytes.length;
    return this.#packets.length === 1;
  }

  flush(): void {
    const packets = this.#packets;
    const bytes = this.#bytes;
    this.#packets = [];
    this.#bytes = 0;
    if (bytes === 0 || this.#socket.destroyed) return;
    if (packets.length === 1) this.#socket.write(packets[0]!);
    else if (bytes <= CONCATENATED_BYTES_MAX) this.#socket.write(Buffer.concat(packets, bytes));
    else this.#writeMany(packets);
  }

  #writeMany(packets: readonly Buffer[]): void {
    this.#socket.cork();
    for (const bytes of packets) this.#socket.write(bytes);
    this.#socket.uncork();
  }
}
