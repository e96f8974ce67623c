import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../control/clock.ts';
import type { StampedSnapshot } from '../control/messages.ts';
import { hashOf } from '../control/snapshot-hash.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { eventually } from '../test/support/within.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { APPENDED_UPDATES_MAX, SnapshotFile } from './snapshot-file.ts';

const UID = 'uid-1';

/** No pause: a test waits for nothing but the disk. */
const hasty = { ...systemClock, after: (_: number, callback: () => void) => soon(callback) };

function soon(callback: () => void): () => void {
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
}

function stamped(counter: number, ...names: readonly string[]): StampedSnapshot {
  const snapshot = aSnapshot({ clients: names.map((name) => aClient(name)), spaces: {} });
  return { snapshot, stamp: { version: { epoch: 1, counter }, hash: hashOf(snapshot) } };
}

function aWorld(t: TestContext) {
  const path = join(temporaryFolder(t), 'snapshot.jsonl');
  const logs: string[] = [];
  const logger = pino({}, { write: (line) => void logs.push(line) });
  const file = (): SnapshotFile => new SnapshotFile({ path, uid: UID, clock: hasty, logger });
  const load = (uid = UID): Promise<StampedSnapshot | undefined> => {
    return loadSnapshot({ path, uid, logger });
  };
  const save = async (...contents: readonly StampedSnapshot[]): Promise<void> => {
    const saved = file();
    for (const content of contents) {
      saved.save(content);
      await eventually(5000, 'the disk', () => (endsWith(path, content) ? true : undefined));
    }
    await saved.close();
  };
  return { path, logs, logger, file, load, save };
}

/** The last update that the file holds is of this version. */
function endsWith(path: string, { stamp }: StampedSnapshot): boolean {
  if (!existsSync(path)) return false;
  const text = readFileSync(path, 'utf8');
  const last = text.slice(text.lastIndexOf('{"type":"UpdateBegin"'));
  return last.includes(`"stamp":${JSON.stringify(stamp)}`) && last.endsWith('"UpdateEnd"}\n');
}

test('where there is no file there is no snapshot, and nothing to tell', async (t) => {
  const { load, logs } = aWorld(t);
  assert.deepEqual([await load(), logs], [undefined, []]);
});

test('what was saved is loaded, the last of all that was, and only its owner can read it', async (t) => {
  const { save, load, path, logs } = aWorld(t);
  await save(stamped(1, 'a'), stamped(2, 'a', 'b'), stamped(3, 'b'));
  assert.deepEqual(await load(), stamped(3, 'b'));
  assert.equal(readFileSync(path, 'utf8').match(/UpdateBegin/g)?.length, 3);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(logs, []);
});

test('a version that changed nothing else is kept too', async (t) => {
  const { save, load } = aWorld(t);
  await save(stamped(1, 'a'), stamped(9, 'a'));
  assert.deepEqual((await load())?.stamp.version, { epoch: 1, counter: 9 });
});

test('snapshots that follow each other fast are written as one, and close waits for it', async (t) => {
  const { file, load, path } = aWorld(t);
  const saved = file();
  for (let counter = 1; counter <= 50; counter++) saved.save(stamped(counter, `a-${counter}`));
  await saved.close();
  assert.deepEqual(await load(), stamped(50, 'a-50'));
  assert.equal(readFileSync(path, 'utf8').match(/UpdateBegin/g)?.length, 1);
});

test('a change among many is appended, not written with all the others', async (t) => {
  const { save, load, path } = aWorld(t);
  const names = Array.from({ length: 2000 }, (_, index) => `client-${1000 + index}`);
  await save(stamped(1, ...names));
  const wholeBytes = statSync(path).size;
  await save(stamped(1, ...names), stamped(2, ...names.slice(1)));
  assert.ok(statSync(path).size < wholeBytes + 1000);
  assert.equal((await load())?.snapshot.clients.length, 1999);
});

test('after so many changes the whole is written anew', async (t) => {
  const { save, load, path } = aWorld(t);
  const counters = Array.from({ length: APPENDED_UPDATES_MAX + 5 }, (_, index) => index + 1);
  await save(...counters.map((counter) => stamped(counter, `a-${counter}`)));
  const updates = readFileSync(path, 'utf8').match(/UpdateBegin/g)?.length ?? 0;
  assert.equal(updates, 4);
  assert.deepEqual(await load(), stamped(205, 'a-205'));
});

test('cut off at any byte, the file holds the last update that is complete, or is put aside', async (t) => {
  const { save, load, path, logs } = aWorld(t);
  await save(stamped(1, 'a'), stamped(2, 'a', 'b'));
  const bytes = readFileSync(path);
  const end = bytes.indexOf('"UpdateEnd"}\n') + '"UpdateEnd"}\n'.length;
  for (let cut = bytes.length - 1; cut >= 0; cut -= 7) {
    writeFileSync(path, bytes);
    truncateSync(path, cut);
    logs.length = 0;
    assert.deepEqual(await load(), cut >= end ? stamped(1, 'a') : undefined, String(cut));
    assert.equal(existsSync(path), cut >= end);
    // Cut between two updates, nothing is missing that one could know of.
    assert.equal(logs.length, cut === end ? 0 : 1);
  }
});

test('a bit that flipped is found out, wherever it is', async (t) => {
  const { save, load, path } = aWorld(t);
  await save(stamped(1, 'a'), stamped(2, 'a', 'b'));
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += 5) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1;
    writeFileSync(path, flipped);
    const loaded = await load();
    // Its version is not covered by the hash; a higher one would be put right by the operator.
    const content = loaded && hashOf(loaded.snapshot);
    const good = [undefined, stamped(1, 'a').stamp.hash, stamped(2, 'a', 'b').stamp.hash];
    assert.ok(good.includes(content), flipped.toString());
  }
});

test('a damaged file is put aside and told, and does not stand in the way of the next', async (t) => {
  const { save, load, path, logs } = aWorld(t);
  for (const text of ['', 'x\n', '[]\n', '{"format":2,"uid":"uid-1"}\n', '{"format":1}\n']) {
    writeFileSync(path, text);
    logs.length = 0;
    assert.equal(await load(), undefined);
    assert.equal(readFileSync(`${path}.corrupt`, 'utf8'), text);
    assert.match(logs.join(), /"level":50.*is damaged: .*\.corrupt/);
  }
  await save(stamped(1, 'a'));
  assert.deepEqual(await load(), stamped(1, 'a'));
});

test('after a tail that is damaged, the next save writes the whole', async (t) => {
  const { save, load, path } = aWorld(t);
  await save(stamped(1, 'a'));
  appendFileSync(path, '{"type":"Upd');
  assert.deepEqual(await load(), stamped(1, 'a'));
  await save(stamped(2, 'b'));
  assert.deepEqual(await load(), stamped(2, 'b'));
});

test('the snapshot of another MqttNamespace is not used, and told', async (t) => {
  const { save, load, logs } = aWorld(t);
  await save(stamped(1, 'a'));
  assert.equal(await load('uid-2'), undefined);
  assert.match(logs.join(), /of another MqttNamespace/);
});

test('a disk that refuses is told once, and tried until it takes it', async (t) => {
  const { path, logs, logger, load } = aWorld(t);
  const folder = join(path, '..', 'later');
  const own = join(folder, 'snapshot.jsonl');
  const file = new SnapshotFile({ path: own, uid: UID, clock: hasty, logger });
  file.save(stamped(1, 'a'));
  await eventually(5000, 'an error', () => (logs.length > 0 ? true : undefined));
  mkdirSync(folder);
  await eventually(5000, 'the file', () => (existsSync(own) ? true : undefined));
  await file.close();
  assert.equal(logs.filter((line) => line.includes('cannot be kept')).length, 1);
  assert.match(logs.at(-1) ?? '', /is kept on the disk again/);
  assert.deepEqual(await loadSnapshot({ path: own, uid: UID, logger }), stamped(1, 'a'));
  assert.equal(await load(), undefined);
});

test('close does not wait for a disk that refuses', async (t) => {
  const { path, logger } = aWorld(t);
  const file = new SnapshotFile({ path: `${path}/none/x`, uid: UID, clock: systemClock, logger });
  file.save(stamped(1, 'a'));
  await file.close();
});
