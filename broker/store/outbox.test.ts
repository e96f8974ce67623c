import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { unpackMessages } from '../events/message-pack.ts';
import type { MessageParts } from '../packets/message.ts';
import { Message } from '../packets/message.ts';
import { BatchWriter, Change } from './batch.ts';
import { openDatabase } from './open-database.ts';
import type { BatchNumber, EventCursor, SessionStore } from './session-store.ts';
import { OUTBOX_SESSION } from './session-store.ts';
import { SqliteStore } from './sqlite-store.ts';

interface World {
  readonly path: string;
  /** Closes the store that is open and opens it again. */
  open(): Promise<SqliteStore>;
}

function aWorld(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-outbox-'));
  let opened: SqliteStore | undefined;
  t.after(async () => {
    await opened?.close();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'sessions.db');
  return {
    path,
    async open() {
      await opened?.close();
      opened = await SqliteStore.open(path, pino({ level: 'silent' }));
      return opened;
    },
  };
}

function parts(number: number, payload: string): MessageParts {
  return {
    number,
    topic: Buffer.from('t/x'),
    qos: 1,
    payload: Buffer.from(payload),
    properties: Buffer.from([0x01, 0x01]),
    messageExpiryStart: -1,
    receivedAtMs: 1700000000000,
  };
}

function route(store: SessionStore, payload: string, others: readonly number[] = []): number {
  const message = Message.of(parts(store.newMessageNumber(), payload));
  message.owners.push(OUTBOX_SESSION, ...others);
  store.append(message);
  return message.number;
}

function committed(store: SessionStore, batch: BatchNumber): Promise<void> {
  return new Promise((resolve) => {
    if (store.committed >= batch) resolve();
    const events = { withdrawn: () => undefined };
    store.listen({ ...events, committed: (number) => number >= batch && resolve() });
  });
}

async function payloads(store: SessionStore, after = 0): Promise<string[]> {
  const found: string[] = [];
  const acceptedUpTo = store.lastMessageNumber;
  for (let upTo = after; upTo < acceptedUpTo;) {
    const page = await store.readOutbox(upTo);
    found.push(...[...unpackMessages(page.bytes)].map(({ payload }) => payload.toString()));
    assert.ok(page.upTo > upTo, 'each page leads further');
    ({ upTo } = page);
  }
  return found;
}

function aCursor(name: string, doneUpTo: number): EventCursor {
  return { name, doneUpTo, matched: 9, delivered: 5, failed: 3, deadLettered: 2, dropped: 1 };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

test('the outbox is found as it was left, and is nobody’s session', async (t) => {
  const world = aWorld(t);
  let store = await world.open();
  for (const payload of numbers(1201)) route(store, payload);
  store = await world.open();
  assert.deepEqual(store.takeFound(), []);
  const { outbox } = store.takeFoundEvents();
  assert.equal(outbox.length, 64);
  const sum = (of: 'messages' | 'bytes'): number => outbox.reduce((all, part) => all + part[of], 0);
  assert.equal(sum('messages'), 1201);
  assert.equal(sum('bytes'), numbers(1201).join('').length + 1201 * 5);
  assert.deepEqual(await payloads(store), numbers(1201));
});

test('what is read is whole: topic, properties, time', async (t) => {
  const store = await aWorld(t).open();
  const number = route(store, '21.5');
  const { bytes } = await store.readOutbox(0);
  assert.deepEqual(
    [...unpackMessages(bytes)],
    [
      {
        number,
        qos: 1,
        topic: 't/x',
        payload: Buffer.from('21.5'),
        properties: Buffer.from([0x01, 0x01]),
        receivedAtMs: 1700000000000,
      },
    ],
  );
});

test('a page that is the last one says that nothing more was accepted', async (t) => {
  const store = await aWorld(t).open();
  const number = route(store, 'a');
  const QOS_0 = store.newMessageNumber();
  const page = store.readOutbox(number);
  route(store, 'b');
  assert.deepEqual([(await page).bytes.length, (await page).upTo], [0, QOS_0]);
});

test('trimming leaves what waits for sessions, and takes no longer than it must', async (t) => {
  const world = aWorld(t);
  let store = await world.open();
  store.putSession(1, 'one');
  const shared = route(store, 'shared', [1]);
  let last = 0;
  for (let index = 0; index < 3000; index++) last = route(store, String(index));
  await committed(store, store.putSession(2, 'two'));
  const before = store.committed;
  store.trimOutbox(last - 1);
  while (store.committed < before + 5) await delay(5);
  assert.deepEqual(await payloads(store), ['2999']);
  assert.deepEqual(
    (await store.read(1, 0)).messages.map(({ number }) => number),
    [shared],
  );
  store.acknowledge(1, shared);
  store.trimOutbox(last);
  store = await world.open();
  await store.close();
  const database = new DatabaseSync(world.path);
  assert.equal(database.prepare('SELECT COUNT(*) AS n FROM messages').get()?.['n'], 0);
  database.close();
});

test('trimming is part of commits, so many messages with each, and keeps up with a load', (t) => {
  const { database } = openDatabase(join(mkdtempIn(t), 'sessions.db'));
  let number = 0;
  const appendMany = (count: number): BatchWriter => {
    const batch = new BatchWriter();
    for (let index = 0; index < count; index++) {
      batch.change(Change.Append).message(parts(++number, 'x')).number(1).number(OUTBOX_SESSION);
    }
    return batch;
  };
  database.commit(appendMany(2000).finish());
  const trim = (batch: BatchWriter): boolean =>
    database.commit(batch.change(Change.TrimOutbox).number(number).finish()).trimming;
  assert.equal(trim(new BatchWriter()), true);
  assert.equal(database.readOutbox(0, number).upTo, 1000, 'at most 500 went');
  assert.equal(trim(appendMany(5000)), false, 'twice what is added may go');
  assert.deepEqual(database.readOutbox(0, number), { bytes: new Uint8Array(0), upTo: number });
  database.close();
});

function mkdtempIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-outbox-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('cursors and the store’s own number are kept', async (t) => {
  const world = aWorld(t);
  let store = await world.open();
  const { storeId } = store.takeFoundEvents();
  assert.ok(storeId >= 0 && storeId < 2 ** 32);
  store.putEventCursor(aCursor('b', 4));
  store.putEventCursor(aCursor('a', 5));
  store.putEventCursor(aCursor('b', 6));
  store.putEventCursor(aCursor('gone', 6));
  store.deleteEventCursor('gone');
  store = await world.open();
  const found = store.takeFoundEvents();
  assert.deepEqual(found, {
    storeId,
    cursors: [aCursor('a', 5), aCursor('b', 6)],
    cursorsLost: false,
    outbox: [],
  });
  assert.notEqual((await aWorld(t).open()).takeFoundEvents().storeId, storeId);
});

test('no number of a message comes again, whatever is left of it', async (t) => {
  const world = aWorld(t);
  let store = await world.open();
  const seen = new Set<number>();
  for (let round = 0; round < 4; round++) {
    const last = store.lastMessageNumber;
    for (let index = 0; index < 40000; index++) seen.add(store.newMessageNumber());
    assert.ok(Math.min(...[...seen].slice(-40000)) > last);
    store = await world.open();
  }
  assert.equal(seen.size, 160000);
  store.putEventCursor(aCursor('a', 2 ** 40));
  store = await world.open();
  assert.ok(store.newMessageNumber() > 2 ** 40);
});

/** As version 1 made its tables, with a session and what waits for it. */
const VERSION_1 = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE sessions (id INTEGER PRIMARY KEY, client TEXT NOT NULL UNIQUE,
    expires_at_ms INTEGER, sent_up_to INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE subscriptions (session INTEGER NOT NULL, filter TEXT NOT NULL,
    qos INTEGER NOT NULL, no_local INTEGER NOT NULL, PRIMARY KEY (session, filter))
    STRICT, WITHOUT ROWID;
  CREATE TABLE messages (number INTEGER PRIMARY KEY, topic BLOB NOT NULL, payload BLOB NOT NULL,
    properties BLOB NOT NULL, message_expiry_start INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL, owners INTEGER NOT NULL) STRICT;
  CREATE TABLE queue (session INTEGER NOT NULL, message INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (session, message)) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 1;
  INSERT INTO sessions VALUES (3, 'one', 1700000000000, 4);
  INSERT INTO subscriptions VALUES (3, 'a/#', 1, 0);
  INSERT INTO messages VALUES (5, x'742f78', x'3231', x'', -1, 1700000000000, 1);
  INSERT INTO queue VALUES (3, 5, 5);
`;

test('a store of version 1 is taken over as it is', async (t) => {
  const world = aWorld(t);
  const database = new DatabaseSync(world.path);
  database.exec(VERSION_1);
  database.close();
  const store = await world.open();
  assert.deepEqual(store.takeFound(), [
    {
      id: 3,
      client: 'one',
      expiresAtMs: 1700000000000,
      sentUpTo: 4,
      subscriptions: [{ filter: 'a/#', qos: 1, noLocal: false }],
      messages: 1,
      bytes: 5,
    },
  ]);
  const { cursors, cursorsLost, outbox } = store.takeFoundEvents();
  assert.deepEqual([cursors, cursorsLost, outbox], [[], false, []]);
  assert.equal(store.newMessageNumber(), 6);
  const [message] = (await store.read(3, 0)).messages;
  assert.equal(message?.parts.payload.toString(), '21');
});

/** Of a file of some 700 KB in which the outbox and two cursors lie. */
function aDamagedFile(path: string, damage: { at: number; bytes: number; value: number }): void {
  const bytes = readFileSync(path);
  const start = Math.floor(damage.at * bytes.length);
  writeFileSync(
    path,
    bytes.fill(damage.value, start, Math.min(start + damage.bytes, bytes.length)),
  );
}

test('whatever the damage, what waits for events is whole or known to be lost', (t) => {
  const folder = mkdtempIn(t);
  const path = join(folder, 'sessions.db');
  const opened = openDatabase(path);
  const batch = new BatchWriter();
  const waiting = new Map<number, string>();
  for (let number = 1; number <= 300; number++) {
    waiting.set(number, `${number} `.repeat(400));
    const message = parts(number, waiting.get(number)!);
    batch.change(Change.Append).message(message).number(1).number(OUTBOX_SESSION);
  }
  for (const name of ['a', 'b']) {
    batch.change(Change.PutEventCursor).text(name);
    for (const value of [7, 6, 5, 4, 3, 2]) batch.number(value);
  }
  opened.database.commit(batch.finish());
  opened.database.close();
  const original = readFileSync(path);
  const anyDamage = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bytes: fc.integer({ min: 100, max: 20000 }),
    value: fc.integer({ min: 0, max: 255 }),
  });
  let run = 0;
  fc.assert(
    fc.property(anyDamage, (damage) => {
      const damaged = join(folder, `${run++}.db`);
      writeFileSync(damaged, original);
      aDamagedFile(damaged, damage);
      const { database, found, notices } = openDatabase(damaged);
      const { cursors, cursorsLost, outbox } = found.events;
      if (notices.length === 0) assert.equal(cursors.length, 2);
      else assert.ok(cursorsLost, 'who has no cursor is not taken for a new one');
      let read = 0;
      for (let upTo = 0; upTo < found.lastMessage;) {
        const page = database.readOutbox(upTo, found.lastMessage);
        read += [...unpackMessages(page.bytes)].length;
        ({ upTo } = page);
      }
      const counted = outbox.reduce((sum, { messages }) => sum + messages, 0);
      assert.ok(read <= counted && counted <= 300, `${read} of ${counted}`);
      database.close();
    }),
    { numRuns: 60 },
  );
});
