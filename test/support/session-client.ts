/** mqtt.js as an application uses it: its session outlives connections, and it reconnects. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import mqtt from 'mqtt';
import type { MqttClient } from 'mqtt';
import { developmentOptions } from './play.ts';
import type { Served } from './play.ts';
import { eventually, within } from './within.ts';

const ANSWER_MS = 10_000;
/** A broker that is killed is back within this: a pod's start and its certificate. */
const RETURN_MS = 90_000;
const RECONNECT_MS = 250;
/** On its way to a pod that is gone, a SYN gets no answer at all. */
const CONNECT_MS = 2_000;

export class SessionClient {
  readonly name: string;
  readonly #client: MqttClient;
  readonly #received: string[] = [];
  #connections = 0;
  #hadSession = false;

  constructor(served: Served, namespace: string, name: string) {
    this.name = name;
    const options = developmentOptions(served, namespace, { clientId: name, version: 4 });
    const { hostname, port } = new URL(options.endpoint);
    const file = path.join(served.certificates, namespace, name);
    this.#client = mqtt.connect({
      ...{ protocol: 'mqtts', servername: hostname },
      ...(options.dial ?? { host: hostname, port: Number(port) }),
      ...{ ca: readFileSync(options.ca) },
      ...{ cert: readFileSync(`${file}.crt`), key: readFileSync(`${file}.key`) },
      ...{ clientId: name, protocolVersion: 4, clean: false },
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_MS,
    });
    this.#client.on('connect', ({ sessionPresent }) => {
      this.#connections += 1;
      this.#hadSession = sessionPresent;
    });
    this.#client.on('message', (_topic, payload) => this.#received.push(payload.toString()));
    // It comes back by itself; what does not come is missed by the test.
    this.#client.on('error', () => undefined);
  }

  /** How often it was let in. */
  get connections(): number {
    return this.#connections;
  }

  /** Whether the broker had its session when it was let in last. */
  get hadSession(): boolean {
    return this.#hadSession;
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Payloads in the order in which they came. */
  get received(): readonly string[] {
    return this.#received;
  }

  async connected(): Promise<void> {
    const isIn = (): true | undefined => (this.#client.connected ? true : undefined);
    await eventually(RETURN_MS, `a connection of ${this.name}`, isIn);
  }

  async subscribe(filter: string): Promise<void> {
    const [granted] = await within(
      ANSWER_MS,
      `the subscription of ${this.name}`,
      this.#client.subscribeAsync(filter, { qos: 1 }),
    );
    if (granted?.qos !== 1) throw new Error(`${this.name} may not read ${filter}`);
  }

  /** Resolves when the broker owns the message, also after connections that were lost meanwhile. */
  async publish(topic: string, payload: string): Promise<void> {
    const published = this.#client.publishAsync(topic, payload, { qos: 1 });
    await within(RETURN_MS, `"${payload}" of ${this.name}`, published);
  }

  async receives(payload: string): Promise<void> {
    const came = (): true | undefined => (this.#received.includes(payload) ? true : undefined);
    await eventually(RETURN_MS, `"${payload}" to ${this.name}`, came);
  }

  async end(): Promise<void> {
    await this.#client.endAsync();
  }
}
