import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { WorkQueue } from './work-queue.ts';

interface Run {
  readonly key: string;
  readonly atMs: number;
  readonly end: (againAfterMs?: number) => void;
  readonly fail: () => void;
}

function aQueue(workersMax = 4) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const runs: Run[] = [];
  const queue = new WorkQueue({
    run: (key) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new Error('no'));
        const end = (againAfterMs?: number): void => resolve(againAfterMs);
        runs.push({ key, atMs: clock.nowMs() - startMs, end, fail });
      }),
    clock,
    random: () => 0,
    logger: pino({ level: 'silent' }),
    workersMax,
  });
  return { clock, runs, queue, keys: () => runs.map(({ key }) => key) };
}

test('a key that is added often while it waits runs once', () => {
  const { queue, keys } = aQueue(1);
  queue.add('busy');
  for (let count = 0; count < 5; count++) queue.add('a');
  assert.equal(queue.depth, 1);
  assert.deepEqual(keys(), ['busy']);
});

test('a key that is added while it runs runs once more, and never twice at a time', async () => {
  const { queue, runs, keys } = aQueue();
  queue.add('a');
  queue.add('a');
  queue.add('a');
  assert.deepEqual(keys(), ['a']);
  runs[0]?.end();
  await settle();
  assert.deepEqual(keys(), ['a', 'a']);
  runs[1]?.end();
  await settle();
  assert.equal(runs.length, 2);
  assert.ok(queue.isIdle);
});

test('as many keys run at once as there are workers', async () => {
  const { queue, runs, keys } = aQueue(2);
  for (const key of ['a', 'b', 'c']) queue.add(key);
  assert.deepEqual(keys(), ['a', 'b']);
  runs[0]?.end();
  await settle();
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('what somebody waits for goes before what nobody waits for, but not for ever', async () => {
  const { queue, runs, keys } = aQueue(1);
  queue.add('first');
  queue.add('resync', 'Background');
  for (let count = 0; count < 30; count++) queue.add(`edit-${count}`);
  for (let count = 0; count < 32; count++) {
    runs[count]?.end();
    await settle();
  }
  const position = keys().indexOf('resync');
  assert.ok(position > 10 && position < 25, `it ran as number ${position}`);
});

test('what is queued in the background and then edited goes with those somebody waits for', () => {
  const { queue, runs, keys } = aQueue(1);
  queue.add('first');
  queue.add('resync', 'Background');
  queue.add('edited', 'Background');
  queue.add('edited');
  runs[0]?.end();
  return settle().then(() => assert.deepEqual(keys(), ['first', 'edited']));
});

test('a failure is tried again, later each time, and an edit does not wait for that', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  for (const [failures, waitMs] of [5, 10, 20, 40].entries()) {
    runs.at(-1)?.fail();
    await clock.advance(waitMs - 1);
    assert.equal(runs.length, failures + 1);
    await clock.advance(1);
    assert.equal(runs.length, failures + 2);
  }
  runs.at(-1)?.fail();
  await settle();
  queue.add('a');
  assert.equal(runs.length, 6, 'an edit runs at once');
});

test('the wait after failures has a bound', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  for (let failures = 0; failures < 40; failures++) {
    runs.at(-1)?.fail();
    await clock.advance(60_000);
  }
  assert.equal(runs.length, 41);
});

test('failures that events bring on early do not make the key wait longer', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  runs.at(-1)?.fail();
  await settle();
  for (let events = 0; events < 20; events++) {
    queue.add('a');
    runs.at(-1)?.fail();
    await settle();
  }
  assert.equal(runs.length, 21);
  await clock.advance(5);
  assert.equal(runs.length, 22);
});

test('after a success the next failure begins anew', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  runs.at(-1)?.fail();
  await clock.advance(5);
  runs.at(-1)?.fail();
  await clock.advance(10);
  runs.at(-1)?.end();
  await settle();
  queue.add('a');
  runs.at(-1)?.fail();
  await clock.advance(5);
  assert.equal(runs.length, 5);
});

test('a run may ask for the next one, and the earliest of several counts', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  runs[0]?.end(1000);
  await settle();
  queue.addAfter('a', 300);
  queue.addAfter('a', 5000);
  await clock.advance(299);
  assert.equal(runs.length, 1);
  await clock.advance(1);
  assert.equal(runs.length, 2);
  runs[1]?.end();
  await clock.advance(10_000);
  assert.equal(runs.length, 2, 'the later ones are the same run');
});

test('a key rests in proportion to what it took, and what happens meanwhile is one run', async () => {
  const { clock, queue, runs } = aQueue();
  queue.add('a');
  await clock.advance(20);
  runs[0]?.end();
  await settle();
  for (let count = 0; count < 70; count++) {
    queue.add('a');
    await clock.advance(1);
  }
  assert.equal(runs.length, 1);
  await clock.advance(10);
  assert.deepEqual(
    runs.map(({ atMs }) => atMs),
    [0, 100],
  );
});

test('a queue that was stopped ends when its runs have, and takes up nothing', async () => {
  const { clock, queue, runs } = aQueue(1);
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 10);
  let stopped = false;
  void queue.stop().then(() => (stopped = true));
  await clock.advance(100);
  assert.equal(stopped, false);
  runs[0]?.fail();
  await clock.advance(100_000);
  assert.equal(stopped, true);
  assert.equal(runs.length, 1);
  assert.equal(clock.pending, 0);
});
