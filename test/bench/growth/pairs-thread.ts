import { parentPort, workerData } from 'node:worker_threads';
import { clientName } from '../certificates.ts';
import { LoadClient, PUBLISH } from '../load/client.ts';
import type { PairsOptions, ToPairs } from './pairs.ts';
import { TRAFFIC } from './world.ts';

const { port, certificates, pairs } = workerData as PairsOptions;
const PAYLOAD_BYTES = 128;
/** Messages of one publisher on their way: under every bound of a broker's output. */
const WINDOW = 32;
/** A broker that is done with half of them gets the next ones, in one write. */
const REFILL = WINDOW / 2;

const target = { port, certificates, level: 4 } as const;
let running = false;
let received = 0;

async function connected(number: number): Promise<LoadClient> {
  const client = await LoadClient.open(clientName(number), target);
  await client.connect(true);
  return client;
}

class Pair {
  readonly #number: number;
  readonly #publisher: LoadClient;
  #frames: readonly Buffer[] = [];
  #next = 0;
  #outstanding = 0;

  private constructor(number: number, publisher: LoadClient, subscriber: LoadClient) {
    this.#number = number;
    this.#publisher = publisher;
    const onLost = (reason: string): void => {
      throw new Error(`pair ${number}: ${reason}`);
    };
    publisher.listen({ onFrame: () => undefined, onLost });
    subscriber.listen({
      onFrame: (bytes, start) => {
        if (bytes[start]! >> 4 !== PUBLISH) return;
        received++;
        this.#outstanding--;
      },
      onChunk: () => this.#refill(),
      onLost,
    });
  }

  static async open(number: number): Promise<Pair> {
    const publisher = await connected(2 * number);
    const subscriber = await connected(2 * number + 1);
    await subscriber.subscribe(`${TRAFFIC}/${number}/#`, 0);
    return new Pair(number, publisher, subscriber);
  }

  run(topicsEach: number): void {
    if (this.#frames.length !== topicsEach) {
      this.#next = 0;
      this.#frames = Array.from({ length: topicsEach }, (_, topic) => {
        const name = `${TRAFFIC}/${this.#number}/topic-${topic}`;
        return this.#publisher.publish(name, 0, PAYLOAD_BYTES).bytes;
      });
    }
    this.#refill();
  }

  #refill(): void {
    if (!running || this.#outstanding > REFILL) return;
    const frames: Buffer[] = [];
    for (; this.#outstanding < WINDOW; this.#outstanding++) {
      frames.push(this.#frames[this.#next]!);
      this.#next = (this.#next + 1) % this.#frames.length;
    }
    this.#publisher.socket.write(Buffer.concat(frames));
  }
}

const all: Pair[] = [];
for (let number = 0; number < pairs; number++) all.push(await Pair.open(number));

parentPort!.on('message', (message: ToPairs) => {
  if (message.type === 'count') parentPort!.postMessage(received);
  running = message.type === 'pause' ? false : running || message.type === 'run';
  if (message.type !== 'run') return;
  received = 0;
  for (const pair of all) pair.run(message.topicsEach);
});
parentPort!.postMessage('ready');
