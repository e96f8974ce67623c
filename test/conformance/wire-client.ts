/** A client that sends bytes, and shows the packets that come as bytes. */
import { once } from 'node:events';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import tls from 'node:tls';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { FrameReader } from '../../broker/packets/frame-reader.ts';

/** The largest packet that anybody expects here. */
const PACKET_BYTES_MAX = 1 << 20;

export class WireClient {
  readonly #socket: TLSSocket;
  readonly #packets: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    const reader = new FrameReader(PACKET_BYTES_MAX);
    const packets = this.#packets;
    socket.on('data', (chunk: Buffer) => {
      const outcome = reader.push(chunk, {
        open: true,
        receive: ({ bytes, start, end }) => packets.push(Buffer.from(bytes.subarray(start, end))),
      });
      if (outcome !== ReasonCode.Success) socket.destroy(new Error('the server sent no packets'));
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  static async open(options: ConnectionOptions): Promise<WireClient> {
    const socket = tls.connect({ host: '127.0.0.1', ...options });
    const client = new WireClient(socket);
    await once(socket, 'secureConnect');
    return client;
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next packet; undefined: the server ended the connection. */
  async next(): Promise<Buffer | undefined> {
    while (this.#packets.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#packets.shift();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
