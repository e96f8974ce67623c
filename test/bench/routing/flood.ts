/** Publishers of QoS 1 to nobody but the EventTopic. */
import { setTimeout as delay } from 'node:timers/promises';
import { clientName } from '../certificates.ts';
import { LoadClient, openAll, PUBACK } from '../load/client.ts';
import { ROOT } from '../load/job.ts';
import { PAYLOAD_BYTES } from './measure.ts';
import type { Place } from './measure.ts';

export const PUBLISHERS = 8;
/** Of each publisher, written and not acknowledged. */
const WINDOW = 64;
/** Messages that publishers are ahead of deliveries, which are told a few times a second. */
const AHEAD_MAX = 50_000;
const LOOK_MS = 50;
const PACKET_IDENTIFIER_MAX = 0xffff;

class FloodPublisher {
  readonly #client: LoadClient;
  readonly #topic: string;
  #sent = 0;
  #acknowledged = 0;

  constructor(client: LoadClient, onProgress: () => void, onLost: (reason: string) => void) {
    this.#client = client;
    this.#topic = `${ROOT}/in/${client.name}`;
    client.listen({
      onFrame: (bytes, start) => {
        if (bytes[start]! >> 4 === PUBACK) this.#acknowledged++;
      },
      onChunk: onProgress,
      onLost,
    });
  }

  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** In one write. Answers how many, as far as the window lets. */
  send(atMost: number): number {
    const count = Math.min(atMost, WINDOW - (this.#sent - this.#acknowledged));
    if (count <= 0) return 0;
    const frames: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      const { bytes, identifierAt } = this.#client.publish(this.#topic, 1, PAYLOAD_BYTES);
      bytes.writeUInt16BE(1 + (this.#sent++ % PACKET_IDENTIFIER_MAX), identifierAt);
      frames.push(bytes);
    }
    this.#client.socket.write(Buffer.concat(frames));
    return count;
  }

  disconnect(): Promise<void> {
    return this.#client.disconnect();
  }
}

export class Flood {
  readonly #publishers: readonly FloodPublisher[];
  readonly #rate: number | undefined;
  readonly #beganMs = performance.now();
  #delivered = 0;
  #fault: string | undefined;
  #closed = false;

  private constructor(clients: readonly LoadClient[], rate: number | undefined) {
    this.#rate = rate;
    const onLost = (reason: string): void => void (this.#fault ??= reason);
    this.#publishers = clients.map(
      (client) => new FloodPublisher(client, () => this.#send(), onLost),
    );
    void this.#tick();
  }

  /** @param rate messages a second of all; by default as fast as events are delivered */
  static async open(place: Place, port: number, rate?: number): Promise<Flood> {
    const target = { port, certificates: place.certificates, level: 4 } as const;
    const names = Array.from({ length: PUBLISHERS }, (_, number) => clientName(number));
    const clients = await openAll(names, async (name) => {
      const client = await LoadClient.open(name, target);
      await client.connect(true);
      return client;
    });
    return new Flood(clients, rate);
  }

  /** Acknowledged: they are the broker's. */
  get published(): number {
    return this.#publishers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Until it is closed. @throws where a publisher was disconnected */
  async followEvents(delivered: () => Promise<number>): Promise<void> {
    while (!this.#closed) {
      this.#delivered = await delivered();
      this.#send();
      await delay(LOOK_MS);
    }
    if (this.#fault !== undefined) throw new Error(this.#fault);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#publishers.map((publisher) => publisher.disconnect()));
    if (this.#fault !== undefined) throw new Error(this.#fault);
  }

  get #allowance(): number {
    const sent = this.#publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
    if (this.#rate === undefined) return this.#delivered + AHEAD_MAX - sent;
    return Math.floor(((performance.now() - this.#beganMs) / 1000) * this.#rate) - sent;
  }

  #send(): void {
    if (this.#closed || this.#fault !== undefined) return;
    const each = Math.ceil(this.#allowance / this.#publishers.length);
    if (each > 0) for (const publisher of this.#publishers) publisher.send(each);
  }

  /** Looks after the rate, and after publishers that wait for no PUBACK. */
  async #tick(): Promise<void> {
    while (!this.#closed) {
      this.#send();
      await delay(LOOK_MS / 10);
    }
  }
}
