/** A webhook that sometimes refuses, hangs, hangs up, or is not there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../hostile/random.ts';

const HANG_MS_MAX = 400;
/** No reply: it hangs up. */
const FAULTS: readonly { readonly hangs: boolean; readonly reply?: number }[] = [
  { hangs: false, reply: 503 },
  { hangs: true, reply: 204 },
  { hangs: false },
  { hangs: true },
];
/** One request of so many meets a fault. */
const FAULT_EVERY = 6;

export class FaultyReceiver {
  readonly url: string;
  readonly #port: number;
  readonly #random: Random;
  readonly #onTaken: (event: unknown) => void;
  #server: Server | undefined;
  /** It takes whatever comes. */
  isWell = false;

  static async open(random: Random, onTaken: (event: unknown) => void): Promise<FaultyReceiver> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const receiver = new FaultyReceiver(port, random, onTaken);
    receiver.#serve(server);
    return receiver;
  }

  private constructor(port: number, random: Random, onTaken: (event: unknown) => void) {
    this.url = `http://127.0.0.1:${port}/`;
    this.#port = port;
    this.#random = random;
    this.#onTaken = onTaken;
  }

  /** Nobody listens from now on. */
  async leave(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async comeBack(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer();
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#serve(server);
  }

  #serve(server: Server): void {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // Brokers that are killed leave requests that never end.
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  #fault(): (typeof FAULTS)[number] | undefined {
    if (this.isWell || this.#random.below(FAULT_EVERY) > 0) return undefined;
    return this.#random.pick(FAULTS);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as unknown;
    const { hangs, reply } = this.#fault() ?? { hangs: false, reply: 204 };
    if (hangs) await delay(this.#random.below(HANG_MS_MAX));
    if (reply === undefined || response.destroyed) return void response.destroy();
    if (reply !== 204) return void response.writeHead(reply).end();
    for (const event of Array.isArray(body) ? body : [body]) this.#onTaken(event);
    response.writeHead(204).end();
  }
}
