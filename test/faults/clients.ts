/** mqtt.js clients that publish numbered messages and note what they get. */
import { setTimeout as delay } from 'node:timers/promises';
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { ReasonCode } from '../../domain/reason-codes.ts';
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
    // A broker that is about to end says so.
    reconnectOnConnackError: true,
    connectTimeout: 2000,
    ...(version === 5 && { properties: { sessionExpiryInterval: 3600 } }),
    ...world.credentials(name),
  } as IClientOptions);
  // A broker that is killed refuses and resets connections.
  client.on('error', () => undefined);
  return client;
}

export interface PublisherOptions {
  /** Publishes JSON objects, and says so; MQTT 5 alone can. */
  readonly json?: boolean;
  /** The broker may say that there is no room: a message that it refused is never sent again. */
  readonly refusable?: boolean;
}

/** Publishes to topics of its own as fast as they are acknowledged, with a breath in between. */
export class Publisher {
  readonly #world: ClientWorld;
  readonly #client: MqttClient;
  readonly #topics: readonly string[];
  readonly #options: PublisherOptions;
  readonly #numbers = new Map<string, number>();
  #waiting = 0;
  #stopped = false;
  #ended = false;
  /** mqtt.js drops what it is given while it sends again what a lost connection left. */
  #sendsAgain = false;
  readonly #running: Promise<void>;
  /** Called with every PUBACK. */
  onAcknowledged: () => void = () => undefined;
  failure: Error | undefined;
  refusals = 0;

  constructor(
    world: ClientWorld,
    { name, version }: { readonly name: string; readonly version: Version },
    options: PublisherOptions = {},
  ) {
    this.#world = world;
    this.#options = options;
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
    while (this.#waiting > 0 && !this.#ended) await delay(5);
  }

  end(): void {
    this.#stopped = true;
    this.#ended = true;
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
    const padding = 'x'.repeat(random.below(PADDING_BYTES_MAX));
    const { json = false, refusable = false } = this.#options;
    const payload = json
      ? JSON.stringify({ number, even: number % 2 === 0, padding })
      : `${number} ${padding}`;
    const properties = json && { properties: { contentType: 'application/json' } };
    this.#client.publish(topic, payload, { qos: 1, ...properties }, (error) => {
      this.#waiting--;
      if (error) {
        const { code } = error as Error & { readonly code?: number };
        if (refusable && code === ReasonCode.QuotaExceeded) this.refusals++;
        else this.failure ??= error;
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

/** The number that a publisher gave the message. */
export function numberOf(payload: Buffer | string): number {
  const text = payload.toString();
  if (text.startsWith('{')) return (JSON.parse(text) as { number: number }).number;
  return Number(text.split(' ', 1)[0]);
}
