/** A floor of several threads. `node floor-process.ts CERTIFICATES SHAPE THREADS MEANS` */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { MessageChannel, MessagePort, Worker } from 'node:worker_threads';
import type { ChannelEnd, Means } from './channel.ts';
import { newChannel } from './channel.ts';
import type { Listening, Starting } from './thread.ts';

/**
 * `share`: each thread has clients of its own and all of the relay. `front`: each has clients and
 * their TLS, and one thread more has the relay.
 */
export type Shape = 'share' | 'front';

export interface Ready {
  readonly port: number;
  /** Of each thread with clients, beside the one that they share. */
  readonly ownPorts: readonly number[];
}

const FILES = {
  share: new URL('./share-thread.ts', import.meta.url),
  front: new URL('./front-thread.ts', import.meta.url),
  router: new URL('./router-thread.ts', import.meta.url),
};

const [certificates, shape, count, means] = process.argv.slice(2) as [string, Shape, string, Means];
const TICKET_KEY_BYTES = 48;
const ticketKeys = randomBytes(TICKET_KEY_BYTES);

interface Ends {
  readonly ends: ChannelEnd[];
  readonly interests: MessagePort[];
}

const threads: Ends[] = Array.from({ length: Number(count) }, () => ({ ends: [], interests: [] }));
const router: Ends = { ends: [], interests: [] };

function join(one: Ends, other: Ends): void {
  const [here, there] = newChannel(means);
  one.ends.push(here);
  other.ends.push(there);
}

function tellInterests(one: Ends, other: Ends): void {
  const { port1, port2 } = new MessageChannel();
  one.interests.push(port1);
  other.interests.push(port2);
}

async function start(file: URL, { ends, interests }: Ends, sharedPort = 0): Promise<Listening> {
  const workerData: Starting = { certificates, ticketKeys, sharedPort, ends, interests };
  const transferList = [...ends.filter((end) => end instanceof MessagePort), ...interests];
  const worker = new Worker(file, { workerData, transferList });
  worker.on('error', (error) => {
    throw error;
  });
  const [listening] = (await once(worker, 'message')) as [Listening];
  return listening;
}

if (shape === 'front') {
  for (const thread of threads) join(thread, router);
  await start(FILES.router, router);
} else {
  threads.forEach((thread, at) => {
    for (const other of threads.slice(at + 1)) {
      join(thread, other);
      tellInterests(thread, other);
    }
  });
}
const ownPorts: number[] = [];
let port = 0;
for (const thread of threads) {
  const listening = await start(FILES[shape], thread, port);
  port = listening.shared;
  ownPorts.push(listening.own);
}
process.on('disconnect', () => process.exit());
process.send?.({ port, ownPorts } satisfies Ready);
