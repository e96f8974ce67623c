/** A relay between clients and a broker that counts the TLS records which the broker sends. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

const HEADER_BYTES = 5;
/** Type, version and, at this place, two bytes of length: RFC 8446, 5.1. */
const LENGTH_AT = 3;

export interface RecordCounter {
  readonly port: number;
  /** Records that the client with this port of its own was sent so far. */
  readonly records: (clientPort: number) => number;
  readonly close: () => void;
}

export async function countRecords(brokerPort: number): Promise<RecordCounter> {
  const counts = new Map<number, number>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    const key = client.remotePort!;
    const cut = recordCutter(() => counts.set(key, (counts.get(key) ?? 0) + 1));
    broker.on('data', cut);
    client.pipe(broker).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    records: (clientPort) => counts.get(clientPort) ?? 0,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Calls back at every header of a record, however the stream is cut into chunks. */
function recordCutter(onRecord: () => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let bodyBytes = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (bodyBytes > 0) {
        const skipped = Math.min(bodyBytes, chunk.length - at);
        bodyBytes -= skipped;
        at += skipped;
        continue;
      }
      header[headerBytes++] = chunk[at++]!;
      if (headerBytes < HEADER_BYTES) continue;
      headerBytes = 0;
      bodyBytes = header.readUInt16BE(LENGTH_AT);
      onRecord();
    }
  };
}
