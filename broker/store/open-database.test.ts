import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import fc from 'fast-check';
import { Message } from '../packets/message.ts';
import { BatchWriter, Change, NONE } from './batch.ts';
import type { OpenedDatabase } from './open-database.ts';
import { openDatabase, suspect } from './open-database.ts';
import { prepareDatabase } from './schema.ts';

const SESSIONS = 40;
const MESSAGES_EACH = 4;

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function aMessage(number: number): Message {
  return Message.of({
    number,
    topic: Buffer.from('t/x'),
    qos: 1,
    payload: Buffer.alloc(1500, number),
    properties: Buffer.from([2, 0, 0, 0, 60]),
    messageExpiryStart: 1,
    receivedAtMs: 1700000000000,
  });
}

function fill({ database }: OpenedDatabase): void {
  const batch = new BatchWriter();
  for (let id = 1; id <= SESSIONS; id++) {
    batch.change(Change.PutSession).number(id).text(`client-${id}`);
    batch.change(Change.SetExpiry).number(id).number(NONE).number(0);
    batch.change(Change.PutSubscription).number(id).text('t/#').number(1).number(0);
    for (let index = 0; index < MESSAGES_EACH; index++) {
      const message = aMessage(id * MESSAGES_EACH + index);
      batch.change(Change.Append).message(message.parts).number(1).number(id);
    }
  }
  database.commit(batch.finish());
}

/** Reads all that waits for anybody; answers how much that was. */
function readAll({ database, found }: OpenedDatabase): number {
  let messages = 0;
  for (const { id } of found.sessions) {
    let after = 0;
    for (let last = false; !last;) {
      const page = database.read(id, after);
      messages += page.rows.length;
      after = page.rows.at(-1)?.number ?? after;
      ({ last } = page);
    }
  }
  return messages;
}

test('a commit is on the disk when it returns', (t) => {
  const database = new DatabaseSync(join(aFolder(t), 'sessions.db'));
  prepareDatabase(database);
  const read = (name: string): unknown =>
    Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(read('journal_mode'), 'wal');
  const FULL = 2;
  assert.equal(read('synchronous'), FULL);
  database.close();
});

test('pages that are not read to the end do not keep the log from being emptied', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  const payload = Buffer.alloc(400000);
  for (let number = 1000; number < 1150; number++) {
    const batch = new BatchWriter();
    const parts = { ...aMessage(number).parts, payload };
    batch.change(Change.Append).message(parts).number(1).number(1);
    const acknowledged = Math.max(1000, number - 5);
    batch.change(Change.Acknowledge).number(1).number(acknowledged);
    opened.database.commit(batch.finish());
    assert.equal(opened.database.read(1, 0).last, number < 1003);
  }
  const bytes = statSync(`${path}-wal`).size;
  assert.ok(bytes < 25000000, `${bytes} bytes of ${150 * payload.length} that were written`);
  opened.database.close();
});

/** Where in the file, as a part of it; how many bytes; and what with. */
const anyDamage = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 100, max: 20000 })),
  value: fc.integer({ min: 0, max: 255 }),
  cut: fc.boolean(),
});

test('whatever the damage, the store opens and what it gives out is whole', (t) => {
  const folder = aFolder(t);
  const whole = join(folder, 'whole.db');
  const opened = openDatabase(whole);
  fill(opened);
  opened.database.close();
  const original = readFileSync(whole);
  let run = 0;
  fc.assert(
    fc.property(fc.array(anyDamage, { minLength: 1, maxLength: 4 }), (damages) => {
      const path = join(folder, String(run++), 'sessions.db');
      openDatabase(path).database.close();
      let damaged = Buffer.from(original);
      for (const { at, bytes, value, cut } of damages) {
        const start = Math.floor(at * damaged.length);
        if (cut) damaged = damaged.subarray(0, start);
        else damaged.fill(value, start, Math.min(start + bytes, damaged.length));
      }
      writeFileSync(path, damaged);
      const first = openDatabase(path);
      assert.ok(readAll(first) <= SESSIONS * MESSAGES_EACH);
      first.database.close();
      if (/corrupt/.test(first.notices.join())) {
        assert.deepEqual(readFileSync(`${path}.corrupt-1`), damaged, 'it is kept as it was');
      }
      const second = openDatabase(path);
      assert.deepEqual(second.notices, [], 'what was taken over is not damaged');
      assert.equal(readAll(second), readAll(second));
      second.database.close();
      rmSync(join(path, '..'), { recursive: true });
    }),
    { numRuns: 150 },
  );
});

test('whichever byte of the header is damaged, the store opens, or is kept as it was', (t) => {
  const folder = aFolder(t);
  const whole = join(folder, 'whole.db');
  const opened = openDatabase(whole);
  fill(opened);
  opened.database.close();
  const original = readFileSync(whole);
  const HEADER_BYTES = 100;
  // The version of the tables: a later one is refused, because a later program wrote it.
  const [versionStart, versionEnd] = [60, 64];
  for (let at = 0; at < HEADER_BYTES; at++) {
    if (versionStart <= at && at < versionEnd) continue;
    for (const value of [1, 0xff]) {
      if (original[at] === value) continue;
      const damaged = Buffer.from(original);
      damaged[at] = value;
      const path = join(folder, `${at}-${value}.db`);
      writeFileSync(path, damaged);
      const { database, notices } = openDatabase(path);
      database.close();
      if (notices.length === 0) continue;
      assert.deepEqual(readFileSync(`${path}.corrupt-1`), damaged, `byte ${at} set to ${value}`);
    }
  }
});

test('to open a store writes nothing: what is found to be corrupt later is as it was', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  opened.database.close();
  const before = readFileSync(path);
  openDatabase(path).database.close();
  assert.deepEqual(readFileSync(path), before);
});

test('what a process that was killed had committed is looked through, too', (t) => {
  const folder = aFolder(t);
  const path = join(folder, 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  const killed = join(folder, 'killed.db');
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, killed + suffix);
  opened.database.close();
  const again = openDatabase(killed);
  assert.deepEqual(again.notices, []);
  assert.equal(readAll(again), SESSIONS * MESSAGES_EACH);
  again.database.close();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('killed')),
    ['killed.db'],
  );
});

test('a store that is suspected is looked through, and then no more', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  opened.database.close();
  suspect(path);
  openDatabase(path).database.close();
  assert.equal(existsSync(`${path}.suspect`), false);
});

test('a rescue that was interrupted goes on', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  opened.database.close();
  // The process ended after the damaged file was put aside and before the new one took its place.
  renameSync(path, `${path}.salvaged`);
  const again = openDatabase(path);
  assert.equal(readAll(again), SESSIONS * MESSAGES_EACH);
  again.database.close();
});

test('one that ended before the rescue was whole begins again', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  const opened = openDatabase(path);
  fill(opened);
  opened.database.close();
  copyFileSync(path, `${path}.salvaged`);
  const bytes = readFileSync(path);
  bytes.fill(0xff, bytes.length - 8192, bytes.length - 4096);
  writeFileSync(path, bytes);
  const again = openDatabase(path);
  assert.match(again.notices[0] ?? '', /is corrupt/);
  assert.ok(readAll(again) < SESSIONS * MESSAGES_EACH);
  assert.equal(existsSync(`${path}.salvaged`), false);
  again.database.close();
});

test('an empty file is a new store, and nobody is left to wonder', (t) => {
  const path = join(aFolder(t), 'sessions.db');
  writeFileSync(path, '');
  const opened = openDatabase(path);
  assert.match(opened.notices[0] ?? '', /sessions\.db was empty/);
  fill(opened);
  opened.database.close();
  assert.deepEqual(openDatabase(path).notices, []);
});
