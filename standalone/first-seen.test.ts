import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { openFirstSeen } from './first-seen.ts';
import type { FirstSeen } from './first-seen.ts';

const START_MS = Date.parse('2026-01-02T03:04:05.678Z');

interface Bench {
  readonly folder: string;
  readonly file: string;
  readonly notices: string[];
  readonly open: (nowMs: number) => FirstSeen;
}

function bench(t: TestContext): Bench {
  const folder = temporaryFolder(t);
  const notices: string[] = [];
  return {
    folder,
    file: join(folder, 'first-seen.json'),
    notices,
    open: (nowMs) =>
      openFirstSeen({ folder, nowMs: () => nowMs, onNotice: (notice) => notices.push(notice) }),
  };
}

test('an object keeps the time at which it was first seen, across restarts', (t) => {
  const { open } = bench(t);
  open(START_MS).timestamps(['Client/default/a'], true);
  const times = open(START_MS + 60_000).timestamps(['Client/default/a', 'Client/default/b'], true);
  assert.deepEqual(
    [...times],
    [
      ['Client/default/a', '2026-01-02T03:04:05.678Z'],
      ['Client/default/b', '2026-01-02T03:05:05.678Z'],
    ],
  );
});

test('an object that went and came back is young again', (t) => {
  const { open, file } = bench(t);
  open(START_MS).timestamps(['Client/default/a', 'Client/default/b'], true);
  open(START_MS + 1).timestamps(['Client/default/b'], true);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /default\/a/);
  const times = open(START_MS + 2).timestamps(['Client/default/a', 'Client/default/b'], true);
  assert.equal(times.get('Client/default/a'), '2026-01-02T03:04:05.680Z');
  assert.equal(times.get('Client/default/b'), '2026-01-02T03:04:05.678Z');
});

test('nothing is forgotten while a manifest cannot be read', (t) => {
  const { open } = bench(t);
  open(START_MS).timestamps(['Client/default/a', 'Client/default/b'], true);
  open(START_MS + 1).timestamps(['Client/default/b'], false);
  const times = open(START_MS + 2).timestamps(['Client/default/a'], true);
  assert.equal(times.get('Client/default/a'), '2026-01-02T03:04:05.678Z');
});

const damages: readonly (readonly [string, string])[] = [
  ['cut off', '{"version":1,"objects":{"Client/default/a":"2026-'],
  ['empty', ''],
  ['not an object', '[]'],
  ['null', 'null'],
  ['of another version', '{"version":2,"objects":{}}'],
  ['with a time that is none', '{"version":1,"objects":{"Client/default/a":"yesterday"}}'],
  ['with a time of the wrong type', '{"version":1,"objects":{"Client/default/a":1}}'],
];

for (const [name, text] of damages) {
  test(`state that is ${name} is moved aside, told of, and replaced`, (t) => {
    const { open, folder, file, notices } = bench(t);
    writeFileSync(file, text);
    const times = open(START_MS).timestamps(['Client/default/a'], true);
    assert.equal(times.get('Client/default/a'), '2026-01-02T03:04:05.678Z');
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /first-seen\.json cannot be used: it.* moved to .*damaged-/);
    const aside = readdirSync(folder).find((name) => name.includes('damaged'));
    assert.equal(readFileSync(join(folder, aside ?? ''), 'utf8'), text);
    assert.equal(open(START_MS + 5).timestamps([], false).size, 1);
  });
}

test('serving goes on where the state can no longer be written', (t) => {
  const { open, folder, notices } = bench(t);
  const firstSeen = open(START_MS);
  rmSync(folder, { recursive: true });
  assert.equal(firstSeen.timestamps(['Client/default/a'], true).size, 1);
  assert.match(notices[0] ?? '', /first-seen\.json cannot be written \(ENOENT\)/);
});

test('keys that are names of object properties are keys like others', (t) => {
  const { open } = bench(t);
  open(START_MS).timestamps(['__proto__', 'constructor'], true);
  const times = open(START_MS + 9).timestamps(['__proto__', 'constructor'], true);
  assert.deepEqual(new Set(times.values()), new Set(['2026-01-02T03:04:05.678Z']));
});
