/** Clients that only want to be served, while others attack. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import type { ClientTlsOptions } from '../support/certificates.ts';
import { within } from '../support/within.ts';

const PAUSE_MS = 20;
const ANSWER_MS = 30000;

export interface Service {
  readonly exchanges: number;
  /** From PUBLISH until it was acknowledged and delivered. */
  readonly longestRoundTripMs: number;
  readonly medianRoundTripMs: number;
  readonly connects: number;
  /** From the opening of the TCP connection to CONNACK. */
  readonly longestConnectMs: number;
}

function open(port: number, client: string, tls: ClientTlsOptions): Promise<MqttClient> {
  return mqtt.connectAsync({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port,
    clientId: client,
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: ANSWER_MS,
    ...tls,
  });
}

/** A pair that exchanges QoS 1 messages, and one client that comes and goes. */
export class WellBehaved {
  readonly #pair: readonly [publisher: MqttClient, subscriber: MqttClient];
  readonly #connect: (client: string) => Promise<MqttClient>;
  #isStopped = false;
  readonly #roundTripsMs: number[] = [];
  readonly #connectsMs: number[] = [];

  private constructor(
    pair: readonly [MqttClient, MqttClient],
    connect: (client: string) => Promise<MqttClient>,
  ) {
    this.#pair = pair;
    this.#connect = connect;
  }

  static async start(
    port: number,
    tlsOf: (client: string) => Promise<ClientTlsOptions>,
  ): Promise<WellBehaved> {
    const connect = async (client: string): Promise<MqttClient> =>
      open(port, client, await tlsOf(client));
    const publisher = await connect('good-publisher');
    const subscriber = await connect('good-subscriber');
    await subscriber.subscribeAsync('good/#', { qos: 1 });
    return new WellBehaved([publisher, subscriber], connect);
  }

  /** Until `stop`. @throws where an answer does not come, or a connection is lost */
  async run(): Promise<Service> {
    await Promise.all([this.#exchange(), this.#comeAndGo()]);
    const sorted = this.#roundTripsMs.toSorted((left, right) => left - right);
    return {
      exchanges: sorted.length,
      longestRoundTripMs: sorted.at(-1) ?? Infinity,
      medianRoundTripMs: sorted[sorted.length >> 1] ?? Infinity,
      connects: this.#connectsMs.length,
      longestConnectMs: Math.max(...this.#connectsMs),
    };
  }

  stop(): void {
    this.#isStopped = true;
  }

  async end(): Promise<void> {
    this.stop();
    for (const client of this.#pair) await client.endAsync(true);
  }

  async #exchange(): Promise<void> {
    const [publisher, subscriber] = this.#pair;
    for (let number = 0; !this.#isStopped; number++) {
      const delivered = new Promise<string>((resolve) => {
        subscriber.once('message', (_topic, payload) => resolve(payload.toString()));
      });
      const beganMs = performance.now();
      const acknowledged = publisher.publishAsync('good/x', String(number), { qos: 1 });
      const both = Promise.all([acknowledged, delivered]);
      const [, payload] = await within(ANSWER_MS, `exchange ${number}`, both);
      if (payload !== String(number)) throw new Error(`${payload} came instead of ${number}`);
      this.#roundTripsMs.push(performance.now() - beganMs);
      await delay(PAUSE_MS);
    }
  }

  async #comeAndGo(): Promise<void> {
    while (!this.#isStopped) {
      const beganMs = performance.now();
      const client = await within(ANSWER_MS, 'a connection', this.#connect('good-visitor'));
      this.#connectsMs.push(performance.now() - beganMs);
      await client.endAsync();
      // Well below what is called flapping.
      await delay(1000);
    }
  }
}
