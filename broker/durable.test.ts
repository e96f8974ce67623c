/** Sessions across restarts of the broker, over real TLS and with the real store. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { IPublishPacket } from 'mqtt-packet';
import { limitsOf } from '../domain/limits.ts';
import { SteppedClock } from '../test/conformance/stepped-clock.ts';
import type { ConnectOptions, TestBroker } from '../test/support/broker.ts';
import { startTestBroker, telemetrySketch } from '../test/support/broker.ts';
import type { RawClient } from '../test/support/raw-client.ts';
import type { SnapshotSketch } from '../test/support/snapshots.ts';
import { aClient } from '../test/support/snapshots.ts';

const HOUR_MS = 3600000;
const PERSISTENT = {
  4: { protocolVersion: 4, clean: false, resubscribe: false },
  5: {
    protocolVersion: 5,
    clean: false,
    resubscribe: false,
    properties: { sessionExpiryInterval: 1 },
  },
} as const satisfies Record<number, ConnectOptions>;

/** So that many messages take no longer than they must. */
const unthrottled = {
  inboundMessagesPerSecond: 1000000,
  inboundMessagesPerSecondPerConnection: 1000000,
  outboundMessagesPerSecond: 1000000,
  outboundMessagesPerSecondPerConnection: 1000000,
};

class World {
  readonly clock = new SteppedClock();
  readonly #t: TestContext;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mqttgrid-durable-'));
  #store = 'store';
  #running: TestBroker | undefined;

  constructor(t: TestContext) {
    this.#t = t;
    t.after(async () => {
      await this.#running?.broker.close();
      rmSync(this.#folder, { recursive: true });
    });
  }

  /** Ends the broker that runs, and starts one with the same store. */
  async start({ limits, ...sketch }: Partial<SnapshotSketch> = {}): Promise<TestBroker> {
    await this.#running?.broker.close();
    const changes = { ...sketch, limits: { ...unthrottled, ...limits } };
    const storePath = join(this.#folder, this.#store, 'sessions.db');
    this.#running = await startTestBroker(this.#t, changes, { storePath, clock: this.clock });
    return this.#running;
  }

  /** Starts a broker with the store as it is now, as if the one that runs had been killed. */
  crash(): Promise<TestBroker> {
    const killed = this.#store;
    this.#store = `${killed}+`;
    cpSync(join(this.#folder, killed), join(this.#folder, this.#store), { recursive: true });
    return this.start();
  }
}

/** Makes the session of `subscriber`, with one subscription, and leaves. */
async function subscribeAndLeave({ connect }: TestBroker, version: 4 | 5 = 4): Promise<void> {
  const subscriber = await connect('subscriber', PERSISTENT[version]);
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  await subscriber.end();
}

async function publish({ connect }: TestBroker, payloads: readonly string[]): Promise<void> {
  const publisher = await connect('publisher');
  const published = payloads.map((payload) =>
    publisher.client.publishAsync('shared/x', payload, { qos: 1 }),
  );
  await Promise.all(published);
  await publisher.end();
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}

async function isPresent({ raw }: TestBroker): Promise<boolean> {
  const client = await raw('subscriber', 4);
  client.connect('subscriber', { clean: false });
  const connack = await client.next();
  client.send({ cmd: 'disconnect' });
  await client.closed;
  return connack?.cmd === 'connack' && connack.sessionPresent;
}

async function connectRaw({ raw }: TestBroker, receiveMaximum: number): Promise<RawClient> {
  const client = await raw('subscriber', 5);
  const properties = { sessionExpiryInterval: 1, receiveMaximum };
  client.connect('subscriber', { clean: false, properties });
  assert.equal((await client.next())?.cmd, 'connack');
  return client;
}

/** Acknowledges what comes until so many came; answers what they were. */
async function drain(client: RawClient, count: number): Promise<IPublishPacket[]> {
  const taken: IPublishPacket[] = [];
  while (taken.length < count) {
    const packet = await client.next();
    assert.ok(packet !== undefined, `the connection closed after ${taken.length} of ${count}`);
    if (packet.cmd !== 'publish') continue;
    taken.push(packet);
    client.send({ cmd: 'puback', messageId: packet.messageId!, reasonCode: 0 });
  }
  return taken;
}

function payloadsOf(packets: readonly IPublishPacket[]): string[] {
  return packets.map(({ payload }) => payload.toString());
}

for (const version of [4, 5] as const) {
  test(`MQTT ${version}: a session is there again after a restart, its queue in order`, async (t) => {
    const world = new World(t);
    const first = await world.start();
    await subscribeAndLeave(first, version);
    await publish(first, numbers(0, 50));
    const second = await world.start();
    await publish(second, numbers(50, 60));
    const back = await second.connect('subscriber', PERSISTENT[version]);
    const expected = numbers(0, 60).map((number) => `shared/x ${number}`);
    assert.deepEqual(await back.until(60), expected);
    await back.client.unsubscribeAsync('shared/#');
    await back.end();
    const third = await world.start();
    await publish(third, ['nobody subscribes']);
    const again = await third.connect('subscriber', PERSISTENT[version]);
    await again.client.subscribeAsync('shared/#', { qos: 1 });
    await publish(third, ['subscribed again']);
    assert.deepEqual(await again.until(1), ['shared/x subscribed again']);
  });
}

test('what was acknowledged never comes again, after a kill neither', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first);
  await publish(first, numbers(0, 20));
  const client = await connectRaw(first, 5);
  assert.deepEqual(payloadsOf(await drain(client, 15)), numbers(0, 15));
  await client.roundTrip();
  // A commit after the acknowledgements.
  await publish(first, ['later']);
  const second = await world.crash();
  const back = await connectRaw(second, 5);
  assert.deepEqual(payloadsOf(await drain(back, 6)), [...numbers(15, 20), 'later']);
});

test('a session expires an hour after its connection, wherever the broker is meanwhile', async (t) => {
  const world = new World(t);
  await subscribeAndLeave(await world.start());
  world.clock.advance(HOUR_MS - 1000);
  assert.equal(await isPresent(await world.start()), true);
  world.clock.advance(HOUR_MS + 1000);
  const late = await world.start();
  assert.equal(late.broker.metrics.sessionsExpired, 1);
  assert.equal(await isPresent(late), false);
});

test('an hour that passes while nobody looks is over all the same', async (t) => {
  const world = new World(t);
  const server = await world.start();
  await subscribeAndLeave(server);
  world.clock.advance(HOUR_MS + 1000);
  assert.equal(await isPresent(server), false);
});

test('the hour of a session that was connected at a kill begins at the start', async (t) => {
  const world = new World(t);
  const first = await world.start();
  const subscriber = await first.connect('subscriber', PERSISTENT[4]);
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  world.clock.advance(2 * HOUR_MS);
  const second = await world.crash();
  world.clock.step(HOUR_MS - 1000);
  assert.equal(second.broker.metrics.sessionsExpired, 0);
  world.clock.step(2000);
  assert.equal(second.broker.metrics.sessionsExpired, 1);
});

test('a session that was to end with its connection is not back after a kill', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first);
  await first.connect('subscriber', { protocolVersion: 5, clean: false });
  await publish(first, ['commits what is before it']);
  assert.equal(await isPresent(await world.crash()), false);
});

test('a clean start deletes the session, its queue and its subscriptions', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first);
  await publish(first, numbers(0, 5));
  const clean = await first.connect('subscriber', { protocolVersion: 4, clean: true });
  await clean.end();
  const second = await world.start();
  assert.equal(await isPresent(second), false);
  await publish(second, ['to nobody']);
  const back = await connectRaw(second, 10);
  assert.deepEqual(await back.roundTrip(), []);
});

test('more than memory keeps for a client that does not acknowledge drains in order', async (t) => {
  const world = new World(t);
  const server = await world.start();
  const subscriber = await connectRaw(server, 65535);
  const subscriptions = [{ topic: 'shared/#', qos: 1 as const }];
  subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  // It waits for its commit, which a PINGRESP does not.
  assert.equal((await subscriber.next())?.cmd, 'suback');
  const inFlight = limitsOf({}).inFlightMessages;
  await publish(server, numbers(0, 2500));
  const sent = (await subscriber.roundTrip()) as IPublishPacket[];
  assert.deepEqual(payloadsOf(sent), numbers(0, inFlight));
  for (const { messageId } of sent) subscriber.send({ cmd: 'puback', messageId: messageId! });
  const rest = await drain(subscriber, 2500 - inFlight);
  assert.deepEqual(payloadsOf(rest), numbers(inFlight, 2500));
});

test('a Receive Maximum of 1 gets what was stored one by one', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first, 5);
  await publish(first, numbers(0, 4));
  const client = await connectRaw(await world.start(), 1);
  for (const expected of numbers(0, 4)) {
    const [packet] = await drain(client, 1);
    assert.equal(packet?.payload.toString(), expected);
    assert.ok(client.packets.length <= 1);
  }
});

test('a session that is taken over while its queue is read loses nothing of it', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first, 5);
  await publish(first, numbers(0, 1200));
  const second = await world.start();
  const older = await connectRaw(second, 65535);
  const newer = await connectRaw(second, 65535);
  assert.deepEqual(payloadsOf(await drain(newer, 1200)), numbers(0, 1200));
  await older.closed;
});

test('a permission that is revoked takes what is stored, running or not', async (t) => {
  const world = new World(t);
  const revoked = {
    spaces: {
      ...telemetrySketch.spaces,
      reading: { templates: ['shared/open'], publishers: [], subscribers: ['subscribers'] },
    },
  };
  for (const running of [true, false]) {
    const first = await world.start();
    const subscriber = await first.connect('subscriber', { ...PERSISTENT[4], clean: true });
    await subscriber.end();
    const away = await first.connect('subscriber', PERSISTENT[4]);
    await away.client.subscribeAsync(['shared/#', 'shared/open'], { qos: 1 });
    await away.end();
    const publisher = await first.connect('publisher');
    await publisher.client.publishAsync('shared/secret', '1', { qos: 1 });
    await publisher.client.publishAsync('shared/open', '2', { qos: 1 });
    await publisher.end();
    const limits = { ...unthrottled };
    if (running) first.broker.apply(first.snapshot({ ...telemetrySketch, ...revoked, limits }));
    const server = running ? first : await world.start(revoked);
    const back = await connectRaw(server, 10);
    assert.deepEqual(payloadsOf(await drain(back, 1)), ['2']);
    assert.deepEqual(await back.roundTrip(), []);
    assert.equal(server.broker.metrics.messagesDroppedNotAuthorized, 1);
    back.destroy();
  }
});

test('a Client that is deleted while the broker is down leaves no session', async (t) => {
  const world = new World(t);
  await subscribeAndLeave(await world.start());
  await world.start({ clients: [aClient('publisher')] });
  assert.equal(await isPresent(await world.start()), false);
});

test('properties survive, and the Message Expiry Interval goes on while the broker is down', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first, 5);
  const publisher = await first.connect('publisher', { protocolVersion: 5 });
  const standard = {
    contentType: 'text/plain',
    responseTopic: 'shared/answers',
    correlationData: Buffer.from([0, 1, 255]),
    payloadFormatIndicator: true,
  };
  const properties = { ...standard, userProperties: { a: ['1', '2'] } };
  const send = (payload: string, messageExpiryInterval: number): Promise<unknown> =>
    publisher.client.publishAsync('shared/x', payload, {
      qos: 1,
      properties: { ...properties, messageExpiryInterval },
    });
  await send('short', 60);
  await send('long', 600);
  await publisher.end();
  world.clock.advance(100000);
  const second = await world.start();
  const client = await connectRaw(second, 10);
  const [message] = await drain(client, 1);
  assert.equal(message?.payload.toString(), 'long');
  const { userProperties, ...rest } = { ...message?.properties };
  assert.deepEqual({ ...userProperties }, properties.userProperties);
  assert.deepEqual(rest, { ...standard, messageExpiryInterval: 500 });
  assert.deepEqual(await client.roundTrip(), []);
  assert.equal(second.broker.metrics.messagesDroppedExpired, 1);
});

test('the bound of a queue counts what was stored before', async (t) => {
  const world = new World(t);
  const limits = { sessionQueueMessages: 5 };
  const first = await world.start({ limits });
  await subscribeAndLeave(first);
  await publish(first, numbers(0, 4));
  const second = await world.start({ limits });
  await publish(second, ['5']);
  assert.equal(second.broker.metrics.sessionsOverflowed, 0);
  await publish(second, ['6']);
  assert.equal(second.broker.metrics.sessionsOverflowed, 1);
  assert.equal(await isPresent(await world.start({ limits })), false);
});

test('[MQTT-3.3.1-1] after a restart DUP is on what was sent before, and on that alone', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first, 5);
  await publish(first, numbers(0, 5));
  const before = await connectRaw(first, 2);
  const sent = [await before.next(), await before.next()] as IPublishPacket[];
  assert.deepEqual(payloadsOf(sent), ['0', '1']);
  before.destroy();
  const second = await world.start();
  // Numbers go on, so that nothing new is taken for what was sent.
  await publish(second, ['5']);
  const packets = await drain(await connectRaw(second, 10), 6);
  assert.deepEqual(payloadsOf(packets), numbers(0, 6));
  assert.deepEqual(
    packets.map(({ dup }) => dup),
    [true, true, false, false, false, false],
  );
});

test('[MQTT-3.3.1-1] after a kill DUP is on all that may have been sent', async (t) => {
  const world = new World(t);
  const first = await world.start();
  await subscribeAndLeave(first, 5);
  const before = await connectRaw(first, 2);
  await publish(first, numbers(0, 4));
  assert.equal((await before.roundTrip()).length, 2);
  const second = await world.crash();
  await publish(second, ['4']);
  const packets = await drain(await connectRaw(second, 10), 5);
  assert.deepEqual(payloadsOf(packets), numbers(0, 5));
  assert.deepEqual(
    packets.map(({ dup }) => dup),
    [true, true, true, true, false],
  );
});
