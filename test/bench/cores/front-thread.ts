/** A thread that does nothing but TLS: what it decrypts is for the one thread that routes. */
import type { TLSSocket } from 'node:tls';
import { PackedReader } from '../../../broker/packed-bytes.ts';
import { newServer } from '../relay.ts';
import { listen, Outbound } from './channel.ts';
import { listenOn, starting } from './thread.ts';

const NOTHING = new Uint8Array(0);

const { certificates, ticketKeys, ends } = starting();
const [router] = ends;
const outbound = new Outbound(router!);
const sockets = new Map<number, TLSSocket>();
let opened = 0;

listen(router!, (bytes) => {
  const reader = new PackedReader(bytes);
  while (!reader.ended) {
    const number = reader.number();
    const chunk = reader.bytes();
    sockets.get(number)?.write(chunk);
  }
});

/** Its end is told by a chunk without bytes. */
function serve(socket: TLSSocket): void {
  const number = ++opened;
  sockets.set(number, socket);
  socket.on('data', (chunk: Buffer) => outbound.add(chunk, number));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    sockets.delete(number);
    outbound.add(NOTHING, number);
  });
}

await listenOn(() => newServer(certificates, serve, ticketKeys));
