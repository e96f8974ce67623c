/** mqtt.js clients that publish numbered messages and note what they get. */
import { setTimeout as delay } from 'node:timers/promises';
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import type { Random } from '../hostile/random.ts';
import type { ChildBroker } from './child-broker.ts';
import type { History } from './history.ts';

const RECONNECT_MS = 10;
/** How many QoS 1 messages of a publisher wait for PUBACK at once. */
const WINDOW = 6;
const PAUSE_MS_MAX = 12;
const PADDING_BYTES_MAX = 2000;

export interface ClientWorld {
  readonly broker: ChildBroker;
  readonly history: History;
  readonly random: Random;
  /** Key and certificates of a client. */
  readonly credentials: (name: string) => IClientOptions;
}

export type Version = 4 | 5;

function connectClient(world: ClientWorld, name: string, version: Version): MqttClient {
  const client = mqtt.connect({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: world.broker.port,
    clientId: name,
    protocolVersion: version,
    clean: false,
    resubscribe: false,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: 2000,
    ...(version === 5 && { properties: { sessionExpiryInterval: 3600 } }),
    ...world.credentials(name),
  } as IClientOptions);
  // A broker that is killed refuses and resets connections.
  client.on('error', () => undefined);
  return client;
}

/** Publishes to topics of its own as fast as they are acknowledged, with a breath in between. */
export class Publisher {
  readonly #world: ClientWorld;
  readonly #client: MqttClient;
  readonly #topics: readonly string[];
  readonly #numbers = new Map<string, number>();
  #waiting = 0;
  #stopped = false;
  /** mqtt.js drops what it is given while it sends again what a lost connection left. */
  #sendsAgain = false;
  readonly #running: Promise<void>;
  /** Called with every PUBACK. */
  onAcknowledged: () => void = () => undefined;
  failure: Error | undefined;

  constructor(world: ClientWorld, name: string, version: Version) {
    this.#world = world;
    this.#topics = [`t/${name}/a`, `t/${name}/b`];
    this.#client = connectClient(world, name, version);
    this.#client.on('packetsend', (packet) => {
      if (packet.cmd !== 'publish') return;
      world.history.sent(packet.topic, numberOf(packet.payload));
    });
    this.#client.on('close', () => (this.#sendsAgain = true));
    this.#running = this.#run();
  }

  /** Publishes nothing more; resolves once all is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    while (this.#waiting > 0) await delay(5);
  }

  end(): void {
    this.#client.end(true);
  }

  async #run(): Promise<void> {
    const { random } = this.#world;
    while (!this.#stopped) {
      if (this.#waiting === 0) this.#sendsAgain = false;
      const publishes = this.#client.connected && !this.#sendsAgain;
      if (publishes && this.#waiting < WINDOW) this.#publish(random.pick(this.#topics));
      await delay(random.below(PAUSE_MS_MAX));
    }
  }

  #publish(topic: string): void {
    const { history, random } = this.#world;
    const number = this.#numbers.get(topic) ?? 0;
    this.#numbers.set(topic, number + 1);
    this.#waiting++;
    const payload = `${number} ${'x'.repeat(random.below(PADDING_BYTES_MAX))}`;
    this.#client.publish(topic, payload, { qos: 1 }, (error) => {
      this.#waiting--;
      if (error) {
        this.failure ??= error;
        return;
      }
      history.acknowledged(topic, number);
      this.onAcknowledged();
    });
  }
}

/** Whether a subscriber is connected while messages are published. */
export type Presence = 'connected' | 'flapping' | 'away';

export class Subscriber {
  readonly name: string;
  readonly presence: Presence;
  readonly #world: ClientWorld;
  readonly #version: Version;
  #client: MqttClient | undefined;

  constructor(
    world: ClientWorld,
    { presence, version }: { readonly presence: Presence; readonly version: Version },
  ) {
    this.name = `${presence}-${version}`;
    this.presence = presence;
    this.#world = world;
    this.#version = version;
  }

  get isThere(): boolean {
    return this.#client !== undefined;
  }

  /** The session with its subscription; stays connected. */
  async subscribe(): Promise<void> {
    this.#world.history.subscribed(this.name);
    this.connect();
    const [granted] = await this.#client!.subscribeAsync('t/#', { qos: 1 });
    if (granted?.qos !== 1) throw new Error(`${this.name} may not subscribe`);
  }

  connect(): void {
    if (this.#client !== undefined) return;
    const { broker, history } = this.#world;
    const client = connectClient(this.#world, this.name, this.#version);
    this.#client = client;
    // What is still read of a connection belongs to the time in which it was made.
    let crashes = 0;
    client.on('connect', () => (crashes = broker.crashes));
    client.on('message', (topic, payload, { dup: duplicate }) => {
      history.delivered(this.name, { topic, number: numberOf(payload) }, { crashes, duplicate });
    });
  }

  /** With DISCONNECT if it can, or without. */
  leave(politely: boolean): void {
    this.#client?.end(!politely);
    this.#client = undefined;
  }
}

function numberOf(payload: Buffer | string): number {
  return Number(payload.toString().split(' ', 1)[0]);
}
