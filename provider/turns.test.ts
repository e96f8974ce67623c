import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Kind } from '../domain/resources.ts';
import { Turns } from './turns.ts';

/** A program that declares these at once; each is registered as soon as it has its turn. */
function declare(
  turns: Turns,
  objects: readonly (readonly [Kind, string])[],
  registration: (name: string) => Promise<unknown> = () => Promise.resolve(),
): { readonly started: string[]; readonly all: Promise<unknown> } {
  const started: string[] = [];
  const all = objects.map(async ([kind, name]) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    assert.equal(await turns.wait(kind, name, promise), true);
    started.push(name);
    await registration(name);
    resolve();
  });
  return { started, all: Promise.all(all) };
}

test('kinds have their turn in the order in which they build on each other', async () => {
  const { started, all } = declare(new Turns(), [
    ['EventSubscription', 'subscription'],
    ['PermissionBinding', 'binding-b'],
    ['TopicSpace', 'space'],
    ['PermissionBinding', 'binding-a'],
    ['ClientGroup', 'group-b'],
    ['Client', 'client'],
    ['ClientGroup', 'group-a'],
    ['CaCertificate', 'certificate'],
    ['MqttNamespace', 'namespace'],
    ['EventTopic', 'topic'],
  ]);
  await all;
  assert.deepEqual(started, [
    ...['topic', 'namespace', 'certificate', 'client', 'group-a', 'group-b', 'space'],
    ...['binding-a', 'binding-b', 'subscription'],
  ]);
});

test('a kind waits for all of those before it, and a group for the one before it', async () => {
  const order: string[] = [];
  const { all } = declare(
    new Turns(),
    [
      ['ClientGroup', 'b'],
      ['ClientGroup', 'a'],
      ['Client', 'slow'],
      ['Client', 'fast'],
    ],
    async (name) => {
      order.push(`${name} starts`);
      await sleep(name === 'slow' ? 30 : 5);
      order.push(`${name} ends`);
    },
  );
  await all;
  assert.deepEqual(order.slice(0, 4).sort(), [
    ...['fast ends', 'fast starts', 'slow ends', 'slow starts'],
  ]);
  assert.deepEqual(order.slice(4), ['a starts', 'a ends', 'b starts', 'b ends']);
});

test('what is declared later has its turn, too', async () => {
  const turns = new Turns();
  await declare(turns, [['PermissionBinding', 'binding']]).all;
  const later = declare(turns, [['Client', 'client']]);
  await later.all;
  assert.deepEqual(later.started, ['client']);
});

test('one that waits for those that have not had their turn holds nothing up for long', async (t) => {
  stepTimers(t);
  const group = Promise.withResolvers<void>();
  const { started, all } = declare(
    new Turns(),
    [
      ['Client', 'client-of-the-group'],
      ['ClientGroup', 'group'],
      ['TopicSpace', 'space'],
      ['PermissionBinding', 'binding'],
    ],
    async (name) => {
      if (name === 'client-of-the-group') await group.promise;
      if (name === 'group') group.resolve();
    },
  );
  await tick(t, 0);
  assert.deepEqual(started, ['client-of-the-group']);
  await tick(t, 2_999);
  assert.deepEqual(started, ['client-of-the-group']);
  await tick(t, 1);
  for (let turn = 0; turn < 4; turn++) await tick(t, 0);
  await all;
  assert.deepEqual(started, ['client-of-the-group', 'group', 'space', 'binding']);
});

function stepTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
}

async function tick(t: TestContext, ms: number): Promise<void> {
  t.mock.timers.tick(ms);
  await new Promise<void>((resolve) => setImmediate(resolve));
}
