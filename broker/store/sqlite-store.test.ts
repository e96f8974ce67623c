import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { pino } from 'pino';
import { Message } from '../packets/message.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { BatchNumber } from './session-store.ts';

interface World {
  readonly path: string;
  readonly logs: string[];
  open(): Promise<SqliteStore>;
}

function aWorld(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-store-'));
  const opened: SqliteStore[] = [];
  t.after(async () => {
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true });
  });
  const logs: string[] = [];
  const logger = pino({}, { write: (line: string) => void logs.push(line) });
  const path = join(folder, 'sessions.db');
  return {
    path,
    logs,
    async open() {
      for (const store of opened.splice(0)) await store.close();
      const store = await SqliteStore.open(path, logger);
      opened.push(store);
      return store;
    },
  };
}

function committed(store: SqliteStore, batch: BatchNumber): Promise<void> {
  return new Promise((resolve) => {
    if (store.committed >= batch) resolve();
    store.listen({
      committed: (number) => number >= batch && resolve(),
      withdrawn: () => undefined,
    });
  });
}

function aMessage(store: SqliteStore, topic: string, owners: number[], payload = topic): Message {
  const message = Message.of({
    number: store.newMessageNumber(),
    topic: Buffer.from(topic),
    qos: 1,
    payload: Buffer.from(payload),
    properties: Buffer.alloc(0),
    messageExpiryStart: -1,
    receivedAtMs: 1700000000000,
  });
  message.owners.push(...owners);
  return message;
}

async function payloads(store: SqliteStore, session: number, after = 0): Promise<string[]> {
  const { messages } = await store.read(session, after);
  return messages.map(({ parts }) => parts.payload.toString());
}

test('what was committed is found when the store is opened again', async (t) => {
  const world = aWorld(t);
  const first = await world.open();
  const [one, two] = [first.newSessionId(), first.newSessionId()];
  first.putSession(one, 'one');
  first.putSession(two, 'two');
  first.setExpiry(two, 1234567890123, 0);
  first.putSubscription(one, { filter: 'a/+', qos: 1, noLocal: false });
  first.putSubscription(one, { filter: 'b/#', qos: 0, noLocal: true });
  first.putSubscription(two, { filter: 'gone', qos: 1, noLocal: false });
  first.deleteSubscription(two, 'gone');
  first.append(aMessage(first, 'a/1', [one, two]));
  first.append(aMessage(first, 'a/2', [one]));
  const second = await world.open();
  assert.deepEqual(second.takeFound(), [
    {
      id: one,
      client: 'one',
      expiresAtMs: undefined,
      sentUpTo: second.lastMessageNumber,
      subscriptions: [
        { filter: 'a/+', qos: 1, noLocal: false },
        { filter: 'b/#', qos: 0, noLocal: true },
      ],
      messages: 2,
      bytes: 12,
    },
    {
      id: two,
      client: 'two',
      expiresAtMs: 1234567890123,
      sentUpTo: 0,
      subscriptions: [],
      messages: 1,
      bytes: 6,
    },
  ]);
  assert.ok(second.newSessionId() > two);
  assert.deepEqual(await payloads(second, one), ['a/1', 'a/2']);
  assert.deepEqual(await payloads(second, two), ['a/1']);
});

test('a message goes with the last session that it waits for', async (t) => {
  const store = await aWorld(t).open();
  store.putSession(1, 'one');
  store.putSession(2, 'two');
  const message = aMessage(store, 't', [1, 2]);
  store.append(message);
  store.acknowledge(1, message.number);
  store.acknowledge(1, message.number);
  assert.deepEqual(await payloads(store, 1), []);
  assert.deepEqual(await payloads(store, 2), ['t']);
  store.deleteSession(2);
  assert.deepEqual(await payloads(store, 2), []);
  const again = aMessage(store, 't', [1], 'again');
  store.append(again);
  assert.deepEqual(await payloads(store, 1), ['again']);
});

test('pages come in order, and say whether they are the last', async (t) => {
  const store = await aWorld(t).open();
  store.putSession(1, 'one');
  for (let index = 0; index < 1201; index++) store.append(aMessage(store, 't', [1], String(index)));
  const seen: string[] = [];
  let after = 0;
  for (let last = false; !last;) {
    const page = await store.read(1, after);
    seen.push(...page.messages.map(({ parts }) => parts.payload.toString()));
    after = page.messages.at(-1)?.number ?? after;
    last = page.last;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 1201 }, (_, index) => String(index)),
  );
});

test('a page of large messages is short', async (t) => {
  const store = await aWorld(t).open();
  store.putSession(1, 'one');
  const large = 'x'.repeat(500000);
  for (let index = 0; index < 5; index++) store.append(aMessage(store, 't', [1], large));
  const { messages, last } = await store.read(1, 0);
  assert.deepEqual([messages.length, last], [2, false]);
});

test('withdrawing keeps what matches a filter that remains', async (t) => {
  const store = await aWorld(t).open();
  store.putSession(1, 'one');
  for (const topic of ['a/1', 'b/1', 'a/2']) store.append(aMessage(store, topic, [1]));
  const withdrawn = new Promise((resolve) => {
    store.listen({ committed: () => undefined, withdrawn: resolve });
  });
  store.withdraw(1, ['b/#', 'c'], 0);
  assert.deepEqual(await withdrawn, { session: 1, messages: 2, bytes: 12 });
  assert.deepEqual(await payloads(store, 1), ['b/1']);
});

test('many changes share a commit', async (t) => {
  const store = await aWorld(t).open();
  const batches = new Set<BatchNumber>();
  store.putSession(1, 'one');
  for (let index = 0; index < 1000; index++) {
    batches.add(store.append(aMessage(store, 't', [1])));
  }
  assert.equal(batches.size, 1);
  await committed(store, Math.max(...batches));
  assert.equal(store.refusal, undefined);
});

test('a file that is no database is kept aside, and a new store is begun', async (t) => {
  const world = aWorld(t);
  writeFileSync(
    world.path,
    'this is no database, and it is long enough to be read as one'.repeat(9),
  );
  const store = await world.open();
  assert.deepEqual(store.takeFound(), []);
  assert.match(world.logs[0] ?? '', /is corrupt .* kept as .*sessions\.db\.corrupt-1/);
  assert.ok(readdirSync(join(world.path, '..')).includes('sessions.db.corrupt-1'));
});

test('what can be read of a damaged store is taken over', async (t) => {
  const world = aWorld(t);
  const store = await world.open();
  for (let id = 1; id <= 200; id++) {
    store.putSession(id, `client-${id}`);
    store.putSubscription(id, { filter: `a/${id}`, qos: 1, noLocal: false });
    store.append(aMessage(store, `a/${id}`, [id], 'x'.repeat(2000)));
  }
  await store.close();
  const { readFileSync } = await import('node:fs');
  const bytes = readFileSync(world.path);
  // The pages with the payloads are at the end: damage one in the middle of them.
  bytes.fill(0xff, Math.floor(bytes.length * 0.7), Math.floor(bytes.length * 0.7) + 4096);
  writeFileSync(world.path, bytes);
  const logger = pino({}, { write: (line: string) => void world.logs.push(line) });
  const reopened = await SqliteStore.open(world.path, logger);
  t.after(() => reopened.close());
  const found = reopened.takeFound();
  assert.equal(found.length, 200);
  assert.match(world.logs.at(-1) ?? '', /200 sessions, 200 subscriptions and \d+ queued messages/);
  const waiting = found.reduce((sum, { messages }) => sum + messages, 0);
  assert.ok(waiting > 50 && waiting < 200, `${waiting} messages`);
});

test('a store of a later version is refused and left as it is', async (t) => {
  const world = aWorld(t);
  const { DatabaseSync } = await import('node:sqlite');
  await (await world.open()).close();
  const database = new DatabaseSync(world.path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await assert.rejects(
    SqliteStore.open(world.path, pino({ level: 'silent' })),
    /sessions\.db cannot be opened: the store has version 99, and this program knows 2/,
  );
});
