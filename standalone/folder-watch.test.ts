import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { watchFolder } from './folder-watch.ts';

/** Generous: the machine that runs the tests may be busy. */
const EVENTUALLY_MS = 5000;

interface Bench {
  readonly parent: string;
  readonly folder: string;
  readonly changes: () => number;
  /** Waits for a change beyond those counted so far. */
  readonly nextChange: (action: () => void) => Promise<void>;
}

function bench(t: TestContext): Bench {
  const parent = temporaryFolder(t);
  const folder = join(parent, 'manifests');
  mkdirSync(folder);
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
  };
  const watching = watchFolder({ folder, clock: systemClock, onChange });
  t.after(() => watching.close());
  const nextChange = async (action: () => void): Promise<void> => {
    const before = changes;
    action();
    const deadline = Date.now() + EVENTUALLY_MS;
    while (changes === before) {
      assert.ok(Date.now() < deadline, 'no change was told');
      await sleep(5);
    }
    // A burst may be told in two parts; what follows is about another change.
    await sleep(200);
  };
  return { parent, folder, changes: () => changes, nextChange };
}

test('a file that is written, replaced by a rename and removed is told each time', async (t) => {
  const { folder, nextChange } = bench(t);
  const file = join(folder, 'a.yaml');
  await nextChange(() => writeFileSync(file, 'a: 1'));
  await nextChange(() => {
    writeFileSync(join(folder, 'a.yaml.new'), 'a: 2');
    renameSync(join(folder, 'a.yaml.new'), file);
  });
  await nextChange(() => unlinkSync(file));
});

test('a burst of writes is told in few changes', async (t) => {
  const { folder, changes, nextChange } = bench(t);
  await nextChange(() => {
    for (let file = 0; file < 200; file++) writeFileSync(join(folder, `${file}.yaml`), 'a: 1');
  });
  assert.ok(changes() <= 4, `${changes()} changes`);
});

test('a folder that vanished and came back is watched again', async (t) => {
  const { folder, nextChange } = bench(t);
  await nextChange(() => rmSync(folder, { recursive: true }));
  await nextChange(() => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.yaml'), 'a: 1');
  });
  await nextChange(() => writeFileSync(join(folder, 'a.yaml'), 'a: 2'));
});

test('a folder that is replaced by another is watched in its place', async (t) => {
  const { parent, folder, nextChange } = bench(t);
  const other = join(parent, 'other');
  mkdirSync(other);
  await nextChange(() => {
    renameSync(folder, join(parent, 'old'));
    renameSync(other, folder);
  });
  await nextChange(() => writeFileSync(join(folder, 'a.yaml'), 'a: 1'));
});

interface ManualClock extends Pick<Clock, 'nowMs' | 'after'> {
  advance(byMs: number): void;
}

function manualClock(): ManualClock {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (byMs) => {
      nowMs += byMs;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { callback } of due) callback();
    },
  };
}

test('what no notification tells is seen by the rescan, and only a difference is told', (t) => {
  const parent = temporaryFolder(t);
  const [first, second] = [join(parent, 'first'), join(parent, 'second')];
  mkdirSync(first);
  mkdirSync(second);
  // Nothing notifies of where a symbolic link leads.
  const folder = join(parent, 'current');
  symlinkSync(first, folder);
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
  };
  const clock = manualClock();
  const watching = watchFolder({ folder, clock, onChange });
  t.after(() => watching.close());
  clock.advance(10_000);
  assert.equal(changes, 0);
  symlinkSync(second, join(parent, 'next'));
  renameSync(join(parent, 'next'), folder);
  clock.advance(10_000);
  assert.equal(changes, 1);
  writeFileSync(join(second, 'a.yaml'), 'a: 1');
  clock.advance(10_000);
  assert.equal(changes, 2);
  watching.close();
  writeFileSync(join(second, 'b.yaml'), 'a: 1');
  clock.advance(10_000);
  assert.equal(changes, 2);
});
