/** Plays a scenario with the clients of one library: what must arrive, and what must not. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { PeerClient } from './peer.ts';
import type { Address, Peer, PeerOptions, ProtocolVersion } from './peer.ts';
import type { Scenario } from './scenarios.ts';

const NOT_AUTHORIZED = 0x87;
/** A SUBACK's only word for no in MQTT 3.1.1. */
const FAILURE = 0x80;

/** MqttNamespaces with this name, by `mqttgrid up` or on a cluster. */
export interface Served {
  /** `mqtts://HOST:PORT` */
  endpoint(namespace: string): string;
  /** Where that is reached from here, if not under its name. */
  dial?(namespace: string): Address;
  /** `ca.crt`, and for each client `NAMESPACE/CLIENT.crt` and `.key`. */
  readonly certificates: string;
}

/** As `clientId`, with the certificate that was made for it. */
export function developmentOptions(
  up: Served,
  namespace: string,
  client: { readonly clientId: string; readonly version: ProtocolVersion },
): PeerOptions {
  const file = path.join(up.certificates, namespace, client.clientId);
  return {
    ...client,
    endpoint: up.endpoint(namespace),
    dial: up.dial?.(namespace),
    ca: path.join(up.certificates, 'ca.crt'),
    certificate: `${file}.crt`,
    key: `${file}.key`,
  };
}

export interface Cast {
  readonly up: Served;
  readonly peer: Peer;
  readonly version: ProtocolVersion;
}

class Play {
  readonly #scenario: Scenario;
  readonly #cast: Cast;
  readonly #clients = new Map<string, PeerClient>();

  constructor(scenario: Scenario, cast: Cast) {
    this.#scenario = scenario;
    this.#cast = cast;
  }

  async open(): Promise<void> {
    for (const clientId of this.#scenario.clients) await this.#enter(clientId);
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.end();
  }

  async checkRefusedSubscriptions(): Promise<void> {
    const refusal = this.#cast.version === 5 ? NOT_AUTHORIZED : FAILURE;
    for (const [clientId, filter] of this.#scenario.refusedSubscriptions) {
      const { code, reason } = await this.#client(clientId).subscribe(filter);
      assert.equal(code, refusal, `${clientId} to ${filter}`);
      if (this.#cast.version === 5) assert.ok(reason?.includes(filter), `reason: ${reason}`);
    }
  }

  /** Everything arrives where it should, and nothing came to anybody beside it. */
  async checkDeliveries(payload: string): Promise<void> {
    const expected = new Map<string, string[]>(this.#scenario.clients.map((name) => [name, []]));
    for (const { from, topic, to } of this.#scenario.deliveries) {
      await this.#client(from).deliver(topic, payload);
      for (const name of to) expected.get(name)?.push(`${topic} ${payload}`);
    }
    for (const [name, messages] of expected) {
      const last = messages.at(-1);
      if (last === undefined) assert.equal(this.#client(name).waiting, 0, `messages to ${name}`);
      else assert.deepEqual(await this.#client(name).messagesUntil(last), messages, name);
    }
  }

  async checkRefusedPublications(): Promise<void> {
    for (const [clientId, topic] of this.#scenario.refusedPublications) {
      for (const qos of [0, 1] as const) {
        this.#client(clientId).publish(topic, 'forbidden', qos);
        await this.#checkClosed(clientId, topic, qos);
        await this.#enter(clientId);
      }
    }
  }

  async #checkClosed(clientId: string, topic: string, qos: 0 | 1): Promise<void> {
    const client = this.#client(clientId);
    if (this.#cast.version === 5) {
      const told = qos === 1 ? [await client.next('puback')] : [];
      for (const { code, reason } of [...told, await client.next('disconnect')]) {
        assert.equal(code, NOT_AUTHORIZED, `${clientId} to ${topic}`);
        assert.ok(reason?.includes(topic), `reason: ${reason}`);
      }
    }
    const before = await client.eventsBeforeClose();
    assert.deepEqual(before, [], `nothing but the close: ${clientId} to ${topic}`);
  }

  async #enter(clientId: string): Promise<void> {
    const { up, peer, version } = this.#cast;
    const options = developmentOptions(up, this.#scenario.name, { clientId, version });
    const client = new PeerClient(peer, options);
    assert.equal(await client.connected(), 0, `CONNACK of ${clientId}`);
    this.#clients.set(clientId, client);
    for (const [subscriber, filter] of this.#scenario.subscriptions) {
      if (subscriber !== clientId) continue;
      const { code } = await client.subscribe(filter);
      assert.equal(code, 1, `${clientId} to ${filter}`);
    }
  }

  #client(clientId: string): PeerClient {
    const client = this.#clients.get(clientId);
    assert.ok(client, `the scenario has no client ${clientId}`);
    return client;
  }
}

export async function playScenario(scenario: Scenario, cast: Cast): Promise<void> {
  const play = new Play(scenario, cast);
  await play.open();
  await play.checkRefusedSubscriptions();
  // Refused, they are still connected, and nothing that was refused comes with what is allowed.
  await play.checkDeliveries('allowed');
  await play.checkRefusedPublications();
  // Had a forbidden message been delivered, it would come before these.
  await play.checkDeliveries('allowed again');
  await play.close();
}
