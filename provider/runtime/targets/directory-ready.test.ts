import assert from 'node:assert/strict';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock, settle } from '../../../test/support/manual-clock.ts';
import {
  binding,
  client,
  GRID,
  manifest,
  openFolder,
  print,
  space,
  type Folder,
} from '../../../test/support/directory-target.ts';
import type { Clock } from '../../../control/clock.ts';
import { resourceKey, type Resource } from '../../../domain/resources.ts';
import type { Manifest, Properties } from '../declaration.ts';
import { fileNameOf } from './directory-file.ts';
import { printManifest } from './directory-text.ts';

interface Waiting {
  /** What it waits for, each time that this changed. */
  readonly told: string[];
  /** Undefined: it waits. Otherwise how it ended. */
  readonly outcome: () => Promise<string | undefined>;
}

async function applyAndWait(folder: Folder, each: Manifest): Promise<Waiting> {
  const told: string[] = [];
  let outcome: string | undefined;
  const applied = await folder.apply(each);
  const options = { timeoutMs: 10_000, onProgress: (message: string) => void told.push(message) };
  void folder.target.untilReady(applied, each, options).then(({ stored, fault }) => {
    const ready = stored.conditions.find(({ type }) => type === 'Ready');
    outcome = fault === undefined ? `Ready=${ready?.status}` : print(fault);
  });
  const ended = async (): Promise<string | undefined> => {
    await settle();
    return outcome;
  };
  return { told, outcome: ended };
}

function setUp(t: TestContext): { folder: Folder; clock: ManualClock } {
  const clock = new ManualClock();
  return { folder: openFolder(t, { clock }), clock };
}

function writeByHand(folder: Folder, each: Manifest): void {
  writeFileSync(join(folder.path, `by-hand-${each.metadata.name}.yaml`), printManifest(each, 'me'));
}

test('an object is ready as soon as this process has written what it refers to', async (t) => {
  const { folder } = setUp(t);
  const { told, outcome } = await applyAndWait(folder, binding('bound', '$all', 'alerts'));
  assert.equal(await outcome(), undefined);
  await folder.apply(space('alerts', 'alerts/#'));
  assert.equal(await outcome(), undefined);
  await folder.apply(GRID);
  assert.equal(await outcome(), 'Ready=True');
  assert.equal(told.length, 2);
  assert.match(told[0]!, /^waits: spec\.topicSpaceName: .*alerts.*spec\.namespaceRef\.name: /);
  assert.match(told[1]!, /^waits: spec\.namespaceRef\.name: there is no MqttNamespace "grid"/);
});

test('what others write is seen within a quarter of a second, and told of once', async (t) => {
  const { folder, clock } = setUp(t);
  const { told, outcome } = await applyAndWait(folder, client('a'));
  await clock.advance(1000);
  assert.equal(await outcome(), undefined);
  assert.equal(told.length, 1);
  writeByHand(folder, GRID);
  await clock.advance(250);
  assert.equal(await outcome(), 'Ready=True');
  assert.equal(clock.pending, 0);
});

test('waiting ends with what is still missing, and what to do', async (t) => {
  const { folder, clock } = setUp(t);
  const { outcome } = await applyAndWait(folder, client('a'));
  await clock.advance(9_999);
  assert.equal(await outcome(), undefined);
  await clock.advance(1);
  assert.match(
    String(await outcome()),
    /^Client\/default\/a was not ready in 10 seconds: .*there is no MqttNamespace "grid".*; /,
  );
  assert.equal(clock.pending, 0);
});

test('waiting ends at once where what came can never do', async (t) => {
  const { folder, clock } = setUp(t);
  const { outcome } = await applyAndWait(folder, client('a'));
  writeByHand(folder, manifest('MqttNamespace', 'grid', { replicas: 2 }));
  await clock.advance(250);
  assert.match(String(await outcome()), /\[RefNotAccepted\] spec.namespaceRef.name: /);
});

test('waiting ends where somebody removes the object', async (t) => {
  const { folder, clock } = setUp(t);
  const { outcome } = await applyAndWait(folder, client('a'));
  unlinkSync(join(folder.path, fileNameOf(client('a'))));
  await clock.advance(250);
  assert.match(String(await outcome()), /was removed from .*client\.default\.a\.yaml by somebody/);
});

test('a folder that is looked at often is not read each time', async (t) => {
  const { folder, clock } = setUp(t);
  await folder.apply(GRID);
  writeByHand(folder, client('a'));
  const declared = async (): Promise<number> => {
    const result = await folder.target.declared('default');
    assert.ok(result.ok);
    return result.value.length;
  };
  assert.equal(await declared(), 1);
  await clock.advance(250);
  assert.equal(await declared(), 2);
});

test('what is made anew was gone for so long that whoever serves it saw it gone', async (t) => {
  const { folder, clock } = setUp(t);
  await folder.apply(GRID);
  await folder.apply(space('alerts', 'alerts/#'));
  await folder.remove(space('alerts'));
  const other = { ...space('alerts', 'alerts/#').spec, subscriptionSupport: 'HighFanout' };
  const applied = folder.apply(manifest('TopicSpace', 'alerts', other));
  await clock.advance(249);
  assert.deepEqual(folder.names(), [fileNameOf(GRID)]);
  await clock.advance(1);
  assert.equal((await applied).conditions.at(-1)?.status, 'True');
});

test('what was removed and made anew is what is declared, in a folder that is slow to read', async (t) => {
  let nowMs = 0;
  const slow: Clock = {
    nowMs: () => (nowMs += 60),
    after: (delayMs, callback) => {
      nowMs += delayMs;
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  const folder = openFolder(t, { clock: slow });
  const support = async (): Promise<unknown> => {
    const declared = await folder.target.declared('default');
    assert.ok(declared.ok);
    return specOf(declared.value, 'TopicSpace/default/alerts')?.['subscriptionSupport'];
  };
  await folder.apply(GRID);
  await folder.apply(space('alerts', 'alerts/#'));
  nowMs += 10_000;
  assert.equal(await support(), 'LowFanout');
  await folder.remove(space('alerts'));
  const other = { ...space('alerts', 'alerts/#').spec, subscriptionSupport: 'HighFanout' };
  await folder.apply(manifest('TopicSpace', 'alerts', other));
  nowMs += 10_000;
  assert.equal(await support(), 'HighFanout');
});

test('of two that others put in conflict the one that was there stays', async (t) => {
  const { folder, clock } = setUp(t);
  await folder.apply(GRID);
  await folder.apply(space('zeta', 'alerts/#'));
  await clock.advance(1000);
  writeByHand(folder, space('beta', 'alerts/+'));
  for (const [name, status] of [
    ['zeta', 'True'],
    ['beta', 'False'],
  ] as const) {
    await clock.advance(1000);
    const found = await folder.target.get(space(name));
    assert.ok(found.ok);
    assert.equal(found.value?.conditions[0]?.status, status, name);
  }
});

function specOf(declared: readonly Resource[], key: string): Properties | undefined {
  const found = declared.find((resource) => resourceKey(resource) === key);
  return found && { ...found.spec };
}
