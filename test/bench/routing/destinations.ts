/** Where the events of a measurement go. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Destination } from '../../../domain/resources.ts';
import type { Route } from '../brokers/process.ts';

export const DESTINATION_NAMES = ['none', 'file', 'webhook', 'webhook-batched', 'kafka'] as const;
/** `none`: the same broker, and nothing is routed. */
export type DestinationName = (typeof DESTINATION_NAMES)[number];

const BATCH_EVENTS = 100;
const MILLISECONDS_A_DAY = 86_400_000;

/** Why events cannot go there on this machine; undefined: they can. */
export function absence(name: DestinationName): string | undefined {
  if (name !== 'kafka' || process.env['MQTTGRID_KAFKA'] !== undefined) return undefined;
  return 'there is no Kafka: MQTTGRID_KAFKA=HOST:PORT';
}

export class Destinations {
  readonly #folder: string;
  #receiver: ChildProcess | undefined;
  #receiverPort = 0;
  #files = 0;

  /** @param folder for files of events */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined: nothing is routed. */
  async routeTo(name: DestinationName): Promise<Route | undefined> {
    switch (name) {
      case 'none':
        return undefined;
      case 'file':
        return routeOf({ file: { path: join(this.#folder, `${this.#files++}.ndjson`) } });
      case 'webhook':
        return routeOf({ webhook: { url: await this.#receiverUrl() } });
      case 'webhook-batched':
        return routeOf({
          webhook: { url: await this.#receiverUrl(), maxEventsPerBatch: BATCH_EVENTS },
        });
      case 'kafka': {
        const topic = `bench-${process.pid}-${this.#files++}`;
        return routeOf({ kafka: { brokers: [process.env['MQTTGRID_KAFKA']!], topic } });
      }
    }
  }

  close(): void {
    this.#receiver?.disconnect();
  }

  async #receiverUrl(): Promise<string> {
    if (this.#receiver === undefined) {
      this.#receiver = fork(new URL('./receiver-process.ts', import.meta.url));
      const [port] = (await once(this.#receiver, 'message')) as [number];
      this.#receiverPort = port;
    }
    return `http://127.0.0.1:${this.#receiverPort}/events`;
  }
}

/** Nobody listens there: connecting is refused at once. */
export async function deadDestination(): Promise<Destination> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { webhook: { url: `http://127.0.0.1:${port}/events`, maxEventsPerBatch: BATCH_EVENTS } };
}

/** Everything, as long as a day. */
export function routeOf(destination: Destination, limits: Route['limits'] = {}): Route {
  const subscription = {
    name: 'bench',
    filter: {},
    destination,
    maxDeliveryAttempts: 30,
    eventTimeToLiveMs: MILLISECONDS_A_DAY,
  };
  return { subscription, limits };
}
