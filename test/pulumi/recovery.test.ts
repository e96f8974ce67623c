/** What is refused, stopped half way, or somebody else's, and how the next update goes on. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openStack, type RunningPulumi } from '../support/pulumi.ts';
import { GRID, object, openObjectsStack, type DeclaredObject } from '../support/pulumi-objects.ts';
import { assertDone, assertUnchanged, changesOf, saidOf } from '../support/pulumi-results.ts';
import { eventually } from '../support/within.ts';

/** Objects of the fleet: the stack itself makes 216 resources of them. */
const FLEET = 215;

/** Of the first files; a busy machine takes a while to start the program. */
const BEGUN_MS = 90_000;

function space(name: string, template: string): DeclaredObject {
  return object('TopicSpace', name, {
    topicTemplates: [template],
    subscriptionSupport: 'LowFanout',
  });
}

test('an overlap is told at its property with a topic that both match, and not written', async (t) => {
  const [one, other] = [space('one', 'fleet/+/alerts'), space('other', 'fleet/bus/#')];
  const { stack, keys } = await openObjectsStack(t, [GRID, one, other]);
  const preview = await stack.preview();
  assert.notEqual(preview.code, 0);
  const [error = '', ...more] = saidOf(preview, 'error');
  assert.match(error, /^TopicSpace other: .*topicTemplates\[0\].*fleet\/bus\/alerts/);
  assert.deepEqual(more, []);
  assert.deepEqual(keys(), []);

  const up = await stack.up();
  assert.notEqual(up.code, 0);
  assert.match(saidOf(up, 'error').join('\n'), /topicTemplates\[0\].*fleet\/bus\/alerts/);
  assert.ok(keys().filter((key) => key.startsWith('TopicSpace')).length < 2);
});

test('what waited in vain is kept, and the next update goes on from it', async (t) => {
  const binding = object('PermissionBinding', 'early', {
    clientGroupName: '$all',
    topicSpaceName: 'late',
    timeoutSeconds: 2,
  });
  const { stack, declare, keys } = await openObjectsStack(t, [GRID, binding]);
  const preview = await stack.preview();
  assertDone(preview);
  const missing = /no TopicSpace .*"late"/;
  assert.match(saidOf(preview, 'warning').join('\n'), missing);
  const failed = await stack.up();
  assert.notEqual(failed.code, 0);
  assert.match(saidOf(failed, 'error').join('\n'), missing);
  assert.match(
    saidOf(failed, 'error').join('\n'),
    /PermissionBinding\/default\/early was not ready in 2 seconds/,
  );
  const kept = await stack.exportedResource('early');
  assert.equal(kept?.id, 'PermissionBinding/default/early');
  assert.match(kept.initErrors?.join('\n') ?? '', missing);

  declare(GRID, binding, space('late', 'late/#'));
  const up = await stack.up();
  assertDone(up);
  assert.deepEqual(
    new Map(changesOf(up)),
    new Map([
      ['TopicSpace late', 'create'],
      ['PermissionBinding early', 'update'],
    ]),
  );
  assert.deepEqual((await stack.exportedResource('early'))?.initErrors ?? [], []);
  assert.equal(keys().length, 3);
});

test('what was written by hand is refused by its place, and taken over where that is asked', async (t) => {
  const [elsewhere, here] = ['elsewhere', 'here'].map((name) => object('EventTopic', name));
  assert.ok(elsewhere !== undefined && here !== undefined);
  const { stack, folder, declare, read, write } = await openObjectsStack(t, [elsewhere, here]);
  mkdirSync(folder);
  const byHand = ({ kind, name }: DeclaredObject): string =>
    `apiVersion: mqttgrid.io/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: {}\n`;
  const file = 'eventtopic.default.here.yaml';
  write('by-hand.yaml', byHand(elsewhere));
  write(file, byHand(here));

  const refused = await stack.up('--continue-on-error');
  assert.notEqual(refused.code, 0);
  const errors = saidOf(refused, 'error').join('\n');
  assert.match(errors, /EventTopic elsewhere: .*by-hand\.yaml:3/);
  assert.match(
    errors,
    /EventTopic here: .*there already.*eventtopic\.default\.here\.yaml.*adopt: true/,
  );
  assert.deepEqual([read('by-hand.yaml'), read(file)], [byHand(elsewhere), byHand(here)]);

  const adopting = [elsewhere, here].map(({ args, ...each }) => {
    return { ...each, args: { ...args, adopt: true } };
  });
  declare(...adopting);
  const half = await stack.up('--continue-on-error');
  assert.notEqual(half.code, 0);
  const [error = '', ...more] = saidOf(half, 'error').filter((text) => text.includes('EventTopic'));
  assert.match(error, /EventTopic elsewhere: .*by-hand\.yaml:3.*take it out of that file first/);
  assert.deepEqual(more, []);
  assert.match(read(file), /^# Declared by pulumi-mqttgrid:test\/test: /);

  rmSync(path.join(folder, 'by-hand.yaml'));
  assertDone(await stack.up());
  assertDone(await stack.destroy());
  assert.deepEqual(readdirSync(folder), []);
});

test('two stacks share a folder, but no object, and the one leaves what the other declares', async (t) => {
  const alerts = space('alerts', 'alerts/#');
  const first = await openObjectsStack(t, [GRID, alerts], { stack: 'first' });
  assertDone(await first.stack.up());
  const before = first.keys();
  const second = await openObjectsStack(t, [alerts, space('news', 'news/#')], {
    stack: 'second',
    config: { 'mqttgrid:directory': first.folder },
  });
  const refused = await second.stack.up('--continue-on-error');
  assert.notEqual(refused.code, 0);
  const [error = ''] = saidOf(refused, 'error');
  assert.match(
    error,
    /TopicSpace alerts: .*there already.*pulumi-mqttgrid:test\/first.*adopt: true/,
  );
  assert.deepEqual(first.keys(), [...before, 'TopicSpace/default/news']);
  assertUnchanged(await first.stack.up());
  assertDone(await second.stack.destroy());
  assert.deepEqual(first.keys(), before);
});

test('an update whose provider is killed, and one that is interrupted, are completed by the next', async (t) => {
  const stack = await openStack(t, {
    program: 'examples/fleet/pulumi',
    config: { 'mqttgrid:target': 'directory' },
  });
  const folder = path.join(stack.folder, 'manifests');
  // What the killed one was writing may be left, under a hidden name, until the next one looks.
  const files = (): number =>
    existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')).length : 0;
  const upUntil = async (count: number): Promise<RunningPulumi> => {
    const up = stack.start('up', '--yes', '--skip-preview');
    await eventually(BEGUN_MS, `${count} files`, () => (files() >= count ? true : undefined));
    return up;
  };
  const killed = await upUntil(20);
  killed.killProvider();
  assert.notEqual((await killed.result).code, 0);
  assert.ok(files() < FLEET, `${files()} files`);

  const interrupted = await upUntil(files() + 20);
  interrupted.interrupt();
  const { code, text } = await interrupted.result;
  assert.notEqual(code, 0, text);
  assert.ok(files() < FLEET, `${files()} files`);

  assertDone(await stack.up());
  assert.equal(files(), FLEET);
  // It knows of all of them.
  assertDone(await stack.destroy());
  assert.deepEqual(readdirSync(folder), []);
});
