/** Stores whose file is not as the broker left it. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { RawClient } from '../support/raw-client.ts';
import type { FaultWorld } from './fault-world.ts';
import { aFaultWorld } from './fault-world.ts';

const MESSAGES = 150;
/** More in all than SQLite keeps in memory. */
const MESSAGE_BYTES = 60000;

async function connect(
  { broker, credentials }: FaultWorld,
  name: string,
  clean: boolean,
): Promise<RawClient> {
  const client = await RawClient.open({ port: broker.port, ...credentials(name) }, 4);
  client.connect(name, { clean });
  assert.equal((await client.next())?.cmd, 'connack');
  return client;
}

/** A store with messages that wait for one session, and no broker on it. */
async function aFilledStore(t: TestContext): Promise<FaultWorld> {
  const world = await aFaultWorld(['away', 'publisher']);
  t.after(() => world.dispose());
  await world.broker.start();
  const away = await connect(world, 'away', false);
  away.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos: 1 }] });
  assert.equal((await away.next())?.cmd, 'suback');
  away.destroy();
  const publisher = await connect(world, 'publisher', true);
  for (let messageId = 1; messageId <= MESSAGES; messageId++) {
    const payload = Buffer.alloc(MESSAGE_BYTES, 'x');
    const flags = { qos: 1, dup: false, retain: false } as const;
    publisher.send({ cmd: 'publish', topic: 't/x', payload, messageId, ...flags });
    assert.equal((await publisher.next())?.cmd, 'puback');
  }
  publisher.destroy();
  await world.broker.terminate();
  return world;
}

/** Overwrites some pages about the middle of the file, where messages lie. */
function damage({ storePath }: FaultWorld): void {
  const file = openSync(storePath, 'r+');
  writeSync(file, Buffer.alloc(8192, 0xff), 0, 8192, Math.floor(statSync(storePath).size / 2));
  closeSync(file);
}

async function isSessionPresent({ broker, credentials }: FaultWorld): Promise<boolean> {
  const client = await RawClient.open({ port: broker.port, ...credentials('away') }, 4);
  client.connect('away', { clean: false });
  const connack = await client.next();
  client.destroy();
  return connack?.cmd === 'connack' && connack.sessionPresent;
}

const TAKEN_OVER =
  /session store (\S+sessions\.db) is corrupt .* kept as \1\.corrupt-1, and 1 sessions, 1 sub/;

test('a store that is damaged is put aside, said so, and what can be read is taken over', async (t) => {
  const world = await aFilledStore(t);
  damage(world);
  await world.broker.start();
  assert.equal(await isSessionPresent(world), true);
  assert.match(world.broker.log, TAKEN_OVER);
  assert.ok(readdirSync(world.folder).includes('sessions.db.corrupt-1'));
  await world.broker.terminate();
  const saved = Number(/(\d+) queued messages could be taken over/.exec(world.broker.errors)?.[1]);
  assert.ok(saved > MESSAGES / 2 && saved < MESSAGES, `${saved} messages`);
});

test('one that is damaged in use ends the broker, and the next start takes over', async (t) => {
  const world = await aFilledStore(t);
  await world.broker.start();
  damage(world);
  const away = await RawClient.open({ port: world.broker.port, ...world.credentials('away') }, 4);
  away.connect('away', { clean: false });
  const ended = await world.broker.ended();
  assert.notEqual(ended.code, 0);
  assert.match(world.broker.errors, /sessions\.db was damaged while it was in use .* Start again/);
  await world.broker.start();
  assert.match(world.broker.log, TAKEN_OVER);
  assert.equal(await isSessionPresent(world), true);
});
