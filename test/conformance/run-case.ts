/** Plays a case against the real broker over mutual TLS. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { TestBroker } from '../support/broker.ts';
import { startTestBroker } from '../support/broker.ts';
import type { ClientTlsOptions } from '../support/certificates.ts';
import { testAuthority } from '../support/certificates.ts';
import { aClient } from '../support/snapshots.ts';
import type { Case, Step } from './scenario.ts';
import { SteppedClock } from './stepped-clock.ts';
import { encodeWire, matchesWire } from './wire.ts';
import { WireClient } from './wire-client.ts';

/** The client identifiers behind the names of the cases. */
const IDENTIFIERS: ReadonlyMap<string, string> = new Map([
  ['dev', 'dev'],
  ['peer', 'peer'],
  /** A second connection of the same client. */
  ['rival', 'dev'],
  /** As long as any server must allow [MQTT-3.1.3-5]. */
  ['long', '0123456789ABCDEFGHIJxyz'],
]);
/** Everybody may publish and subscribe to these, and to nothing else: `c/x` is not permitted. */
const TEMPLATES = ['a/#', 'b/#', '+/x', '/#', '${dollar}data/#', 'A/b', 'ü/#', '\ufeffa/#'];

const PINGREQ = Buffer.from([0xc0, 0x00]);
const PINGRESP = 'd000';

const certificates = new Map<string, Promise<ClientTlsOptions>>();

function certificateOf(client: string): Promise<ClientTlsOptions> {
  let options = certificates.get(client);
  if (options === undefined) {
    options = testAuthority().then((authority) => authority.clientOptions(client));
    certificates.set(client, options);
  }
  return options;
}

export function runCases(protocol: string, version: 4 | 5, cases: readonly Case[]): void {
  for (const scenario of cases) {
    const statements = scenario.statements.map((statement) => `[${statement}]`).join(' ');
    test(`${protocol} ${statements} ${scenario.title}`, { timeout: 10000 }, async (t) => {
      await new Stage(t, version).play(scenario.steps);
    });
  }
}

class Stage {
  readonly #t: TestContext;
  readonly #version: 4 | 5;
  readonly #clock = new SteppedClock();
  readonly #clients = new Map<string, WireClient>();
  #server: TestBroker | undefined;
  /** Connections that the broker has seen the end of. */
  #left = 0;

  constructor(t: TestContext, version: 4 | 5) {
    this.#t = t;
    this.#version = version;
  }

  async play(steps: readonly Step[]): Promise<void> {
    this.#t.after(() => {
      for (const client of this.#clients.values()) client.destroy();
    });
    this.#server = await startTestBroker(
      this.#t,
      {
        clients: [...new Set(IDENTIFIERS.values())].map((name) => aClient(name)),
        spaces: { all: { templates: TEMPLATES } },
      },
      { clock: this.#clock },
    );
    for (const step of steps) await this.#take(step);
  }

  async #take({ client, action, rest }: Step): Promise<void> {
    switch (action) {
      case 'open':
        return this.#open(client);
      case 'connect':
        return this.#connect(client, rest);
      case '>':
        return this.#clientOf(client).send(encodeWire(rest));
      case '<':
        return this.#expect(client, rest);
      case 'wait':
        return this.#clock.step(1000 * Number.parseFloat(rest));
      default:
        return this.#end(client, action);
    }
  }

  async #open(client: string): Promise<void> {
    const { port } = this.#server!.broker;
    const options = { port, ...(await certificateOf(IDENTIFIERS.get(client)!)) };
    this.#clients.set(client, await WireClient.open(options));
  }

  async #connect(client: string, rest: string): Promise<void> {
    await this.#open(client);
    const clean = rest !== 'persistent';
    const flags = clean ? '02' : '00';
    const properties = clean ? '()' : '(11 00000e10)';
    const connect = `10 .. "MQTT" 0${this.#version} ${flags} 003c`;
    const connection = this.#clientOf(client);
    const identifier = IDENTIFIERS.get(client)!;
    connection.send(
      encodeWire(`${connect} ${this.#version === 5 ? properties : ''} "${identifier}"`),
    );
    const connack = await connection.next();
    assert.equal(connack?.[0], 0x20, 'no CONNACK');
    assert.equal(connack.at(3), 0, 'CONNECT was refused');
  }

  async #expect(client: string, rest: string): Promise<void> {
    const connection = this.#clientOf(client);
    if (rest === 'nothing') connection.send(PINGREQ);
    const packet = await connection.next();
    const shown = packet?.toString('hex') ?? 'closed';
    if (rest === 'closed') assert.equal(shown, 'closed');
    else if (rest === 'nothing') assert.equal(shown, PINGRESP);
    else assert(packet && matchesWire(rest, packet), `${client} < ${rest}\nbut came: ${shown}`);
  }

  /** Goes on once the broker has noticed. */
  async #end(client: string, action: string): Promise<void> {
    const connection = this.#clientOf(client);
    if (action === 'leave') connection.send(encodeWire('e0 00'));
    else connection.destroy();
    this.#left++;
    const { logs } = this.#server!;
    while (logs.filter(({ msg }) => msg.startsWith('disconnected')).length < this.#left) {
      await setImmediate();
    }
    connection.destroy();
  }

  #clientOf(client: string): WireClient {
    const connection = this.#clients.get(client);
    assert(connection, `${client} has no connection`);
    return connection;
  }
}
