/** What clients are told waits for the commit that owns it; the store commits when it is told. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { IPublishPacket, ISubscribePacket } from 'mqtt-packet';
import type { TestBroker } from '../test/support/broker.ts';
import { startTestBroker } from '../test/support/broker.ts';
import { ManualStore } from '../test/support/manual-store.ts';
import type { RawClient } from '../test/support/raw-client.ts';

interface World extends TestBroker {
  readonly store: ManualStore;
  /** Connects with a session that outlives the connection, as far as the store goes along. */
  readonly persistent: (name: string) => Promise<RawClient>;
}

async function start(t: TestContext): Promise<World> {
  const store = new ManualStore();
  const more = { storePath: 'in memory', openStore: () => Promise.resolve(store) };
  const server = await startTestBroker(t, {}, more);
  const persistent = async (name: string): Promise<RawClient> => {
    const client = await server.raw(name, 5);
    client.connect(name, { clean: false, properties: { sessionExpiryInterval: 1 } });
    return client;
  };
  return { ...server, store, persistent };
}

/** Long enough for the broker to answer what it answers at once. */
async function silence(client: RawClient): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(client.packets, []);
}

/** Commits until the client has a packet. */
async function commandAfterCommit(client: RawClient, store: ManualStore): Promise<string> {
  while (client.packets.length === 0 && !client.socket.destroyed) {
    store.step();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return client.packets.shift()!.cmd;
}

const subscribe: ISubscribePacket = {
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: [{ topic: 'shared/#', qos: 1 }],
};

/** A world with a subscriber whose subscription is committed. */
async function startSubscribed(
  t: TestContext,
): Promise<World & { readonly subscriber: RawClient }> {
  const world = await start(t);
  const subscriber = await world.persistent('subscriber');
  assert.equal(await commandAfterCommit(subscriber, world.store), 'connack');
  subscriber.send(subscribe);
  assert.equal(await commandAfterCommit(subscriber, world.store), 'suback');
  return { ...world, subscriber };
}

async function connectPublisher({ raw }: World, version: 4 | 5): Promise<RawClient> {
  const publisher = await raw('publisher', version);
  publisher.connect('publisher');
  assert.equal((await publisher.next())?.cmd, 'connack');
  return publisher;
}

function publishPacket(messageId: number, qos: 0 | 1 = 1): IPublishPacket {
  const payload = String(messageId);
  return { cmd: 'publish', topic: 'shared/x', payload, qos, messageId, dup: false, retain: false };
}

test('CONNACK, SUBACK, UNSUBACK and PUBACK wait for their commit', async (t) => {
  const world = await start(t);
  const { store } = world;
  const subscriber = await world.persistent('subscriber');
  await silence(subscriber);
  assert.equal(await commandAfterCommit(subscriber, store), 'connack');
  subscriber.send(subscribe);
  await silence(subscriber);
  assert.equal(await commandAfterCommit(subscriber, store), 'suback');
  const publisher = await connectPublisher(world, 4);
  publisher.send(publishPacket(1));
  // Whoever is connected has it already.
  assert.equal((await subscriber.next())?.cmd, 'publish');
  await silence(publisher);
  assert.equal(await commandAfterCommit(publisher, store), 'puback');
  subscriber.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['shared/#'] });
  await silence(subscriber);
  assert.equal(await commandAfterCommit(subscriber, store), 'unsuback');
});

test('answers keep the order of their packets, also where one has nothing to wait for', async (t) => {
  const world = await startSubscribed(t);
  const { store } = world;
  const publisher = await connectPublisher(world, 4);
  publisher.send(publishPacket(7));
  publisher.send({ ...publishPacket(8), topic: 'telemetry/publisher/unheard' });
  await silence(publisher);
  assert.equal(await commandAfterCommit(publisher, store), 'puback');
  const next = await publisher.next();
  assert.equal(next?.cmd === 'puback' && next.messageId, 8);
});

test('nobody else waits while the store does not commit', async (t) => {
  const { connect, persistent, store } = await start(t);
  const subscriber = await persistent('subscriber');
  await commandAfterCommit(subscriber, store);
  const publisher = await connect('publisher');
  await publisher.client.publishAsync('shared/x', 'to nobody', { qos: 1 });
  subscriber.send(subscribe);
  await commandAfterCommit(subscriber, store);
  await publisher.client.publishAsync('shared/x', 'at most once', { qos: 0 });
  const packet = await subscriber.next();
  assert.equal(packet?.cmd === 'publish' && packet.payload.toString(), 'at most once');
});

test('what the store has no room for is refused, and the rest goes on', async (t) => {
  const world = await startSubscribed(t);
  const { store } = world;
  store.refusal = 'the session store cannot be written';
  const publisher = await connectPublisher(world, 5);
  publisher.send(publishPacket(1));
  const refused = await publisher.next();
  assert.ok(refused?.cmd === 'puback');
  assert.equal(refused.reasonCode, 0x97);
  assert.equal(refused.properties?.reasonString, 'the session store cannot be written');
  publisher.send({ ...publishPacket(2), topic: 'telemetry/publisher/unheard' });
  const accepted = await publisher.next();
  assert.equal(accepted?.cmd === 'puback' && accepted.reasonCode, 0);
  publisher.destroy();
  const older = await world.connect('publisher', { protocolVersion: 4 });
  older.client.publish('shared/x', 'refused', { qos: 1 });
  await older.closed;
  store.refusal = undefined;
  assert.deepEqual([...store.waiting.values()], [[]]);
});

test('a publisher is not listened to while the store is behind', async (t) => {
  const world = await startSubscribed(t);
  const { store, subscriber } = world;
  store.behind = true;
  const publisher = await connectPublisher(world, 4);
  publisher.send(publishPacket(1));
  assert.equal((await subscriber.next())?.cmd, 'publish');
  publisher.send(publishPacket(2));
  await silence(subscriber);
  store.behind = false;
  assert.equal(await commandAfterCommit(publisher, store), 'puback');
  assert.equal((await subscriber.next())?.cmd, 'publish');
});

test('PUBACK waits for no commit once all who were to get the message acknowledged it', async (t) => {
  const world = await startSubscribed(t);
  const { store, subscriber } = world;
  const publisher = await connectPublisher(world, 4);
  publisher.send(publishPacket(1));
  const delivered = await subscriber.next();
  assert.ok(delivered?.cmd === 'publish');
  await silence(publisher);
  const before = store.committed;
  subscriber.send({ cmd: 'puback', messageId: delivered.messageId! });
  assert.equal((await publisher.next())?.cmd, 'puback');
  assert.equal(store.committed, before);
});

test('a message that is acknowledged early is answered after those before it', async (t) => {
  const world = await startSubscribed(t);
  const { store, subscriber } = world;
  const publisher = await connectPublisher(world, 4);
  publisher.send(publishPacket(1));
  assert.equal((await subscriber.next())?.cmd, 'publish');
  publisher.send(publishPacket(2));
  const second = await subscriber.next();
  assert.ok(second?.cmd === 'publish' && second.payload.toString() === '2');
  subscriber.send({ cmd: 'puback', messageId: second.messageId! });
  await silence(publisher);
  while (publisher.packets.length === 0 && store.step()) await silence(subscriber);
  const answers = [await publisher.next(), await publisher.next()];
  assert.deepEqual(
    answers.map((answer) => answer?.cmd === 'puback' && answer.messageId),
    [1, 2],
  );
});
