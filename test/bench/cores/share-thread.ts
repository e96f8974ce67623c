/** A floor thread with clients of its own, which hands to other threads what their clients want. */
import { PackedReader } from '../../../broker/packed-bytes.ts';
import { FrameCutter } from '../frames.ts';
import type { Receiver } from '../relay.ts';
import {
  listenForInterest,
  newServer,
  sendToOwn,
  serve,
  subscribe,
  unsubscribe,
} from '../relay.ts';
import type { ChannelEnd } from './channel.ts';
import { listen, Outbound } from './channel.ts';
import { listenOn, starting } from './thread.ts';

/** What threads tell each other beside messages. */
interface Interest {
  readonly filter: string;
  readonly wanted: boolean;
}

class Peer implements Receiver {
  readonly #outbound: Outbound;

  constructor(end: ChannelEnd) {
    this.#outbound = new Outbound(end);
  }

  send(frame: Buffer): void {
    this.#outbound.add(frame);
  }
}

const { certificates, ticketKeys, ends, interests } = starting();
const cutter = new FrameCutter();
for (const end of ends) {
  listen(end, (bytes) => {
    const reader = new PackedReader(bytes);
    while (!reader.ended) cutter.push(reader.bytes(), sendToOwn);
  });
}
interests.forEach((port, at) => {
  const peer = new Peer(ends[at]!);
  port.on('message', ({ filter, wanted }: Interest) => {
    if (wanted) subscribe(filter, peer);
    else unsubscribe(filter, peer);
  });
});
// SUBACK does not wait for the others, as it would have to: the load begins long after it.
listenForInterest((filter, wanted) => {
  for (const port of interests) port.postMessage({ filter, wanted } satisfies Interest);
});
await listenOn(() => newServer(certificates, serve, ticketKeys));
