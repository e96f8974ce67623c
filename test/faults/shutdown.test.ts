/** SIGTERM while clients are at work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../support/raw-client.ts';
import { eventually } from '../support/within.ts';
import { Random } from '../hostile/random.ts';
import type { ClientWorld } from './clients.ts';
import { Publisher, Subscriber } from './clients.ts';
import { aFaultWorld } from './fault-world.ts';
import { History } from './history.ts';

const TERMINATION_MS_MAX = 10000;
const DRAIN_MS = 15000;
const ROUNDS = 3;

test('SIGTERM tells MQTT 5 clients 0x8B, loses nothing and repeats nothing without DUP', async (t) => {
  const names = ['publisher-4', 'publisher-5', 'connected-4', 'connected-5', 'away-4', 'silent'];
  const fault = await aFaultWorld(names);
  t.after(() => fault.dispose());
  const { broker, credentials } = fault;
  const history = new History();
  const world: ClientWorld = { broker, credentials, history, random: new Random('shutdown') };
  await broker.start();
  const subscribers = [
    new Subscriber(world, { presence: 'connected', version: 4 }),
    new Subscriber(world, { presence: 'connected', version: 5 }),
    new Subscriber(world, { presence: 'away', version: 4 }),
  ];
  for (const subscriber of subscribers) await subscriber.subscribe();
  subscribers[2]!.leave(true);
  const publishers = ([4, 5] as const).map(
    (version) => new Publisher(world, { name: `publisher-${version}`, version }),
  );
  t.after(() => {
    for (const publisher of publishers) publisher.end();
    for (const subscriber of subscribers) subscriber.leave(false);
  });
  for (let round = 0; round < ROUNDS; round++) {
    // One that reads nothing and acknowledges nothing holds nobody up.
    const silent = await RawClient.open({ port: broker.port, ...credentials('silent') }, 5);
    silent.connect('silent', { clean: false, properties: { sessionExpiryInterval: 1 } });
    silent.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos: 1 }] });
    await delay(300);
    const startedMs = performance.now();
    assert.deepEqual(await broker.terminate(), { code: 0, signal: null });
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < TERMINATION_MS_MAX, `it took ${tookMs} ms`);
    await silent.closed;
    const last = silent.packets.at(-1);
    assert.equal(last?.cmd === 'disconnect' && last.reasonCode, 0x8b);
    await broker.start();
  }
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  for (const { failure } of publishers) assert.equal(failure, undefined);
  subscribers[2]!.connect();
  await eventually(DRAIN_MS, 'everything', () => history.missing() === 0 || undefined);
  assert.deepEqual(history.finish(), []);
  assert.equal(broker.errors, '');
  assert.ok(history.acknowledgedMessages > 0);
});
