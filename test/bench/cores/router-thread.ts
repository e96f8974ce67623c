/** The one thread that routes, behind those that do TLS: it has no sockets. */
import { PackedReader } from '../../../broker/packed-bytes.ts';
import { Client } from '../relay.ts';
import type { ChannelEnd } from './channel.ts';
import { listen, Outbound } from './channel.ts';
import { starting, tellListening } from './thread.ts';

function serveFront(end: ChannelEnd): void {
  const outbound = new Outbound(end);
  const clients = new Map<number, Client>();
  const newClient = (number: number): Client => {
    const client = new Client((bytes) => outbound.add(bytes, number));
    clients.set(number, client);
    return client;
  };
  listen(end, (packed) => {
    const reader = new PackedReader(packed);
    while (!reader.ended) {
      const number = reader.number();
      const bytes = reader.bytes();
      const client = clients.get(number) ?? newClient(number);
      if (bytes.length > 0) client.push(bytes);
      else {
        client.left();
        clients.delete(number);
      }
    }
  });
}

starting().ends.forEach(serveFront);
tellListening();
