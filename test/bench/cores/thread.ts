/** What threads of a floor are started with, and how they say where they listen. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:tls';
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import type { ChannelEnd } from './channel.ts';

export interface Starting {
  readonly certificates: string;
  readonly ticketKeys: Buffer;
  /** The port that all threads listen on; 0: this one is the first, and any will do. */
  readonly sharedPort: number;
  /** One for each other thread that this one hands anything to. */
  readonly ends: readonly ChannelEnd[];
  /** To the same threads, for who subscribed to what; none where one thread knows that. */
  readonly interests: readonly MessagePort[];
}

/** `own`: where clients find this thread and no other; both 0 where it has no sockets. */
export interface Listening {
  readonly shared: number;
  readonly own: number;
}

export function starting(): Starting {
  const given = workerData as Starting;
  // Structured cloning makes a Uint8Array of a Buffer.
  return { ...given, ticketKeys: Buffer.from(given.ticketKeys) };
}

export function tellListening(listening: Listening = { shared: 0, own: 0 }): void {
  parentPort!.postMessage(listening);
}

/** On the port that all threads share, where the kernel spreads clients, and on one of its own. */
export async function listenOn(newServer: () => Server): Promise<void> {
  const { sharedPort } = starting();
  const shared = await listening(newServer(), { port: sharedPort, reusePort: true });
  const own = await listening(newServer(), { port: 0 });
  tellListening({ shared, own });
}

async function listening(
  server: Server,
  options: { readonly port: number; readonly reusePort?: boolean },
): Promise<number> {
  server.listen({ ...options, host: '127.0.0.1' });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
