import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { outboundEvent, outboundEvents } from '../../../test/support/outbound-events.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { within } from '../../../test/support/within.ts';
import type { Destination, Outcome, OutboundEvent } from './destination.ts';
import { openFile } from './file.ts';

const unending = new AbortController().signal;

function opened(t: TestContext, path: string, maxBytes?: number): Destination {
  const destination = openFile({ path, ...(maxBytes === undefined ? {} : { maxBytes }) });
  t.after(() => destination.close());
  return destination;
}

function deliver(destination: Destination, ...events: OutboundEvent[]): Promise<Outcome> {
  return destination.deliver(events, unending);
}

async function delivered(destination: Destination, ...ids: string[]): Promise<void> {
  assert.deepEqual(await deliver(destination, ...outboundEvents(...ids)), { type: 'Delivered' });
}

/** Of each line, which must be an event. */
function idsIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the last line has its line feed');
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

async function causeOf(destination: Destination): Promise<string> {
  const outcome = await deliver(destination, outboundEvent('x'));
  assert.ok(outcome.type === 'Failed' && outcome.scope === 'Destination');
  return `${outcome.fault}: ${outcome.cause}`;
}

test('events are appended one a line, in a file and folders for nobody else', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'a', 'b', 'events.ndjson');
  const destination = opened(t, path);
  assert.equal(existsSync(join(folder, 'a')), false, 'before the first delivery');
  await delivered(destination, '1', '2');
  await delivered(destination, '3');
  assert.deepEqual(idsIn(path), ['1', '2', '3']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700);
});

test('a relative path is below the working directory', async (t) => {
  const folder = temporaryFolder(t);
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  await delivered(opened(t, 'out/events.ndjson'), '1');
  assert.deepEqual(idsIn(join(folder, 'out', 'events.ndjson')), ['1']);
});

test('a file that is there is gone on with', async (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  const first = opened(t, path);
  await delivered(first, '1');
  await first.close();
  await delivered(opened(t, path), '2');
  assert.deepEqual(idsIn(path), ['1', '2']);
});

test('before a file gets longer than maxBytes it becomes the one that ends in .1', async (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  const lineBytes = outboundEvent('10').json.length + 1;
  const maxBytes = lineBytes * 4;
  const destination = opened(t, path, maxBytes);
  const largest = (): number => Math.max(statSync(path).size, sizeOf(`${path}.1`));
  for (let id = 10; id < 23; id++) {
    await delivered(destination, String(id));
    assert.ok(largest() <= maxBytes);
  }
  assert.deepEqual(idsIn(`${path}.1`), ['18', '19', '20', '21']);
  assert.deepEqual(idsIn(path), ['22']);
  assert.equal(existsSync(`${path}.2`), false);
  assert.ok(destination.batchBytesMax <= maxBytes);
});

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

test('an event that is larger than maxBytes has a file to itself', async (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  const destination = opened(t, path, 1024);
  await delivered(destination, 'small');
  const large = outboundEvent('large', 'x'.repeat(5000));
  assert.deepEqual(await deliver(destination, large), { type: 'Delivered' });
  assert.deepEqual(idsIn(`${path}.1`), ['small']);
  await delivered(destination, 'next');
  assert.deepEqual(idsIn(`${path}.1`), ['large']);
  assert.deepEqual(idsIn(path), ['next']);
});

test('half a line of a killed process is taken away, and one without its end ended', async (t) => {
  const line = outboundEvent('2').json.toString();
  for (const [left, ids] of [
    [line.slice(0, 1), ['1', '3']],
    [line.slice(0, -1), ['1', '3']],
    [`${line}`, ['1', '2', '3']],
    [`{"id":"${'é'.repeat(100_000)}`, ['1', '3']],
  ] as const) {
    const path = join(temporaryFolder(t), 'events.ndjson');
    const first = opened(t, path);
    await delivered(first, '1');
    await first.close();
    appendFileSync(path, left);
    await delivered(opened(t, path), '3');
    assert.deepEqual(idsIn(path), ids);
  }
});

test('a file of half an event is emptied, and one without events is left alone', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'torn'), '{"specver');
  await delivered(opened(t, join(folder, 'torn')), '1');
  assert.deepEqual(idsIn(join(folder, 'torn')), ['1']);
  const lines = '{"format":3,"uid":"a"}\n{"type":"Client"}\n';
  for (const [content, line] of [
    ['root:x:0:0', 'first'],
    ['root:x:0:0\n', 'first'],
    ['-----BEGIN PRIVATE KEY-----\n', 'first'],
    ['x'.repeat(200_000), 'first'],
    [lines, 'first'],
    [`${outboundEvent('1').json.toString()}\nroot:x:0:0`, 'last'],
  ] as const) {
    writeFileSync(join(folder, 'other'), content);
    const cause = await causeOf(opened(t, join(folder, 'other')));
    assert.equal(
      cause,
      `Refused: append to ${join(folder, 'other')}: its ${line} line is not an event; name a ` +
        'file that has events alone',
    );
    assert.equal(readFileSync(join(folder, 'other'), 'utf8'), content);
  }
});

test('what a broker keeps its own data in is never written to', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['sessions.db', 'sessions.db-wal', 'snapshot.jsonl']) {
    const path = join(folder, name);
    writeFileSync(path, '');
    symlinkSync(name, `${path}-link`);
    for (const each of [path, `${path}-link`]) {
      assert.match(await causeOf(opened(t, each)), /it is the broker's own; name a file/);
    }
    assert.equal(statSync(path).size, 0);
  }
});

test('two destinations with one file never write into each other’s lines', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'events.ndjson');
  symlinkSync('events.ndjson', join(folder, 'link'));
  const destinations = [path, join(folder, 'link'), join(folder, '.', 'events.ndjson')].map(
    (each) => opened(t, each, 20_000),
  );
  const expected = new Set<string>();
  await Promise.all(
    destinations.map(async (destination, index) => {
      for (let id = 0; id < 20; id++) {
        expected.add(`${index}-${id}`);
        await delivered(destination, `${index}-${id}`);
      }
    }),
  );
  await destinations[0]!.close();
  await delivered(destinations[1]!, 'after');
  expected.add('after');
  const found = [...(existsSync(`${path}.1`) ? idsIn(`${path}.1`) : []), ...idsIn(path)];
  assert.deepEqual(new Set(found), expected);
  assert.equal(found.length, expected.size);
});

const WRITING_THREAD = new URL('../../../test/support/file-delivering-thread.ts', import.meta.url);

test('nor do threads, and what one sets aside is never replaced by the other too early', async (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  const LINES = 4;
  const maxBytes = (outboundEvent('0-1000').json.length + 1) * LINES;
  let running = 2;
  let written = 0;
  const threads = ['0', '1'].map((name) => {
    const workerData = { path, maxBytes, ids: [1000, 1200, 10_000], name };
    const thread = new Worker(WRITING_THREAD, { workerData });
    thread.on('message', (lines: number) => (written += lines));
    thread.on('exit', () => running--);
    t.after(() => thread.terminate());
    return thread;
  });
  const seen = new Set<string>();
  while (running > 0) {
    await turn();
    const aside = existsSync(`${path}.1`) ? idsIn(`${path}.1`) : [];
    assert.ok([0, LINES].includes(aside.length), `${aside.length} lines`);
    const before = seen.size;
    for (const id of aside) seen.add(id[0]!);
    // A busy machine has few looks at what is set aside: threads write until both were seen there.
    const isEnough = before < threads.length && seen.size === threads.length;
    if (isEnough) for (const thread of threads) thread.postMessage('enough');
  }
  assert.equal(seen.size, threads.length);
  // None of the files that were set aside unseen had less, or this one would not have the rest.
  assert.equal(idsIn(`${path}.1`).length, LINES);
  assert.equal(idsIn(path).length, ((written - 1) % LINES) + 1);
});

test('a link stays one, and what it leads to is rotated', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'there'));
  symlinkSync('there/events.ndjson', join(folder, 'link'));
  const destination = opened(t, join(folder, 'link'), 1024);
  for (const id of ['1', '2', '3', '4', '5', '6']) await delivered(destination, id);
  const path = join(folder, 'there', 'events.ndjson');
  assert.deepEqual([...idsIn(`${path}.1`), ...idsIn(path)].slice(-2), ['5', '6']);
  assert.deepEqual(idsIn(join(folder, 'link')), idsIn(path));
  assert.equal(existsSync(join(folder, 'link.1')), false);
});

test('a file that somebody moved, removed or emptied is begun anew', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'a', 'events.ndjson');
  const destination = opened(t, path);
  await delivered(destination, '1');
  renameSync(path, join(folder, 'moved'));
  await delivered(destination, '2');
  assert.deepEqual(idsIn(path), ['2']);
  rmSync(join(folder, 'a'), { recursive: true });
  await delivered(destination, '3');
  assert.deepEqual(idsIn(path), ['3']);
  truncateSync(path);
  await delivered(destination, '4');
  assert.deepEqual(idsIn(path), ['4']);
  assert.deepEqual(idsIn(join(folder, 'moved')), ['1']);
});

test('what is in the way is said, with what would mend it', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'plain'), '');
  symlinkSync('two', join(folder, 'one'));
  symlinkSync('one', join(folder, 'two'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const long = 'x'.repeat(300);
  for (const [name, words] of [
    ['folder', 'it is a folder; state the path of a file'],
    ['pipe', 'it is a pipe; state the path of a file'],
    ['plain/events', 'a part of the path is no folder; state another path'],
    ['one', 'links lead in a circle'],
    [long, 'the path, or a name in it, is longer than the system allows; shorten it'],
  ] as const) {
    const path = join(folder, name);
    const cause = await within(5000, name, causeOf(opened(t, path)));
    assert.equal(cause, `Refused: append to ${path}: ${words}`);
  }
  const full = await causeOf(opened(t, '/dev/full'));
  assert.equal(full, 'Refused: append to /dev/full: the disk is full; make room');
});

test('where it cannot write now it goes on later', async (t) => {
  const folder = temporaryFolder(t);
  const destination = opened(t, '/proc/mqttgrid/events.ndjson');
  const nowhere = await within(5000, 'no folder', causeOf(destination));
  assert.equal(
    nowhere,
    'Refused: append to /proc/mqttgrid/events.ndjson: the folder is not there, and cannot be ' +
      'made; state another path',
  );
  const path = join(folder, 'events.ndjson');
  mkdirSync(path);
  const later = opened(t, path);
  assert.match(await causeOf(later), /it is a folder/);
  rmSync(path, { recursive: true });
  await delivered(later, '1');
  mkdirSync(`${path}.1`);
  const rotating = opened(t, path, 1024);
  const large = outboundEvent('2', 'x'.repeat(1000));
  const outcome = await deliver(rotating, large);
  assert.ok(outcome.type === 'Failed');
  assert.match(outcome.cause, /there is a folder of that name/);
  assert.deepEqual(idsIn(path), ['1']);
});

test('a disk that takes a part of a line keeps none of it', (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  // A process of its own, for a limit of its own: files of at most 4 blocks of 512 bytes.
  const script = `ulimit -f 4; trap '' XFSZ; exec "$0" "$@"`;
  const answers = execFileSync('sh', ['-c', script, process.execPath, CHILD, path, '20'], {
    encoding: 'utf8',
  });
  const outcomes = answers.trim().split('\n');
  const taken = outcomes.filter((outcome) => outcome.startsWith('Delivered'));
  assert.ok(taken.length > 3 && taken.length < 15, answers);
  assert.match(outcomes.at(-1)!, /^Failed .*the file is as large as the system allows/);
  assert.equal(idsIn(path).length, taken.length);
});

const CHILD = fileURLToPath(new URL('../../../test/support/file-delivering.ts', import.meta.url));

test('what was acknowledged is there after kill -9, and each line is an event again', async (t) => {
  const path = join(temporaryFolder(t), 'events.ndjson');
  let acknowledged = 0;
  for (let kill = 0; kill < 5; kill++) {
    const child = spawn(process.execPath, [CHILD, path, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await within(10_000, 'the first event', once(child.stdout, 'data'));
    await new Promise((resolve) => setTimeout(resolve, 20 + kill * 17));
    child.kill('SIGKILL');
    await once(child, 'close');
    acknowledged += text.split('\n').filter((line) => line === 'Delivered').length;
    await delivered(opened(t, path), `after-${kill}`);
    const ids = idsIn(path);
    assert.ok(ids.length >= acknowledged + kill + 1);
  }
  assert.ok(acknowledged > 5);
});
