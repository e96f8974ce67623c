import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openManifests } from '../../../manifests/manifests.ts';
import {
  binding,
  client,
  GRID,
  manifest,
  openFolder,
  OURS,
  print,
  space,
  THEIRS,
} from '../../../test/support/directory-target.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { fileNameOf } from './directory-file.ts';
import { DirectoryTarget } from './directory.ts';
import { systemClock } from '../../../control/clock.ts';

test('each object has a file of its own, which the reader of manifests accepts', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  await folder.apply(space('alerts', 'alerts/#'));
  await folder.apply(client('vehicle-1', { type: 'bus' }));
  assert.deepEqual(folder.names(), [
    'client.default.vehicle-1.yaml',
    'mqttnamespace.default.grid.yaml',
    'topicspace.default.alerts.yaml',
  ]);
  const { set, fault } = openManifests(folder.path).load();
  assert.deepEqual(
    [fault, set.violations, set.notices, set.objects.length],
    [undefined, [], [], 3],
  );
});

test('a name that is too long for a file is cut, and told apart from its like', () => {
  const long = 'a.'.repeat(126);
  const names = ['a', 'b'].map((end) => fileNameOf(client(long + end)));
  assert.equal(new Set(names).size, 2);
  for (const name of names) {
    assert.equal(name.length, 255);
    assert.match(name, /^client\.default\.a\.a\..*-[0-9a-f]{16}\.yaml$/);
  }
  assert.equal(fileNameOf(client('a'.repeat(200))), `client.default.${'a'.repeat(200)}.yaml`);
});

test('what is there is answered with who has declared it, and how it stands', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  await folder.apply({
    ...client('vehicle-1'),
    metadata: {
      name: 'vehicle-1',
      namespace: 'default',
      labels: { a: '1' },
      annotations: { b: 'c' },
    },
  });
  for (const target of [folder.target, openFolder(t, { path: folder.path }).target]) {
    const found = await target.get(client('vehicle-1'));
    assert.ok(found.ok && found.value !== undefined);
    const { conditions, ...stored } = found.value;
    assert.deepEqual(stored, {
      spec: client('vehicle-1').spec,
      labels: { a: '1' },
      annotations: { b: 'c' },
      managers: [OURS],
    });
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => [type, status, reason]),
      ['Accepted', 'ResolvedRefs', 'Ready'].map((type) => [type, 'True', type]),
    );
    const grid = await target.get(GRID);
    assert.ok(grid.ok);
    assert.deepEqual(grid.value?.endpoints, []);
    assert.equal(grid.value?.counts?.['clients'], 1);
    assert.equal(grid.value?.counts?.['topicSpaces'], 0);
  }
});

test('a folder that is missing is an empty one, and is made once something is written', async (t) => {
  const folder = openFolder(t);
  assert.deepEqual(await folder.target.declared('default'), { ok: true, value: [] });
  assert.deepEqual(await folder.target.get(GRID), { ok: true, value: undefined });
  assert.equal(await folder.remove(GRID), undefined);
  await folder.refuse(space('alerts', 'a/+/b#'));
  assert.throws(() => statSync(folder.path));
  await folder.apply(GRID);
  assert.ok(statSync(folder.path).isDirectory());
});

test('nothing is written where nothing changes', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  const path = join(folder.path, fileNameOf(GRID));
  const before = statSync(path, { bigint: true });
  await folder.apply(GRID);
  await openFolder(t, { path: folder.path }).apply(GRID);
  const after = statSync(path, { bigint: true });
  assert.deepEqual([after.ino, after.mtimeNs], [before.ino, before.mtimeNs]);
  await folder.apply(manifest('MqttNamespace', 'grid', { tags: { a: '1' } }));
  assert.notEqual(statSync(path, { bigint: true }).ino, before.ino);
});

test('nothing else in the folder is touched', async (t) => {
  const folder = openFolder(t);
  mkdirSync(join(folder.path, 'sub'), { recursive: true });
  const others = ['README.md', '.hidden', 'kustomization.yaml', 'mqttnamespace.default.other.yaml'];
  for (const name of others) writeFileSync(join(folder.path, name), 'neither: ours');
  await folder.apply(GRID);
  await folder.remove(GRID);
  assert.deepEqual(folder.names(), [...others, 'sub'].sort());
  for (const name of others) {
    assert.equal(readFileSync(join(folder.path, name), 'utf8'), 'neither: ours');
  }
});

const OVER = manifest('MqttNamespace', 'grid', { limits: { clients: 1 } });

const refusals: readonly (readonly [string, ReturnType<typeof manifest>, RegExp])[] = [
  ['a shape', manifest('TopicSpace', 'b', { topicTemplates: [] }), /\[InvalidShape\] spec/],
  ['a template', space('beta', 'a/#/b'), /\[InvalidTemplate\] spec.topicTemplates\[0\]: /],
  ['an overlap', space('beta', 'alerts/+'), /\[TemplateOverlap\].*TopicSpace default\/alerts/],
  ['one too many', client('b'), /\[LimitExceeded\].*spec.limits.clients.*is 1/],
  [
    'a name',
    manifest('TopicSpace', 'b', { ...space('b', 'b').spec, name: 'alerts' }),
    /\[NameConflict\] spec.name: the name "alerts" belongs to TopicSpace default\/alerts/,
  ],
  [
    'what is immutable',
    manifest('TopicSpace', 'alerts', {
      ...space('alerts', 'alerts/#').spec,
      subscriptionSupport: 'HighFanout',
    }),
    /\[Immutable\] spec.subscriptionSupport: was "LowFanout" and is now "HighFanout"/,
  ],
];

for (const [what, refused, expected] of refusals) {
  test(`refused for ${what}, an object leaves the folder as it was`, async (t) => {
    const folder = openFolder(t);
    await folder.apply(OVER);
    await folder.apply(client('a'));
    await folder.apply(space('alerts', 'alerts/#'));
    const before = folder.names().map((name) => readFileSync(join(folder.path, name), 'utf8'));
    // Also a process that has not written what is there.
    for (const each of [folder, openFolder(t, { path: folder.path })]) {
      const message = await each.refuse(refused);
      assert.match(message, expected);
      assert.match(message, /^[A-Za-z]+\/default\/\w+ is refused: .*; [a-z]/);
    }
    const after = folder.names().map((name) => readFileSync(join(folder.path, name), 'utf8'));
    assert.deepEqual(after, before);
  });
}

test('what refers to something refused is refused', async (t) => {
  const folder = openFolder(t);
  mkdirSync(folder.path);
  const text = 'apiVersion: mqttgrid.io/v1\nkind: MqttNamespace\nmetadata: {name: grid}\n';
  writeFileSync(join(folder.path, 'by-hand.yaml'), `${text}spec: {replicas: -1}\n`);
  assert.match(await folder.refuse(client('a')), /\[RefNotAccepted\].*MqttNamespace default\/grid/);
});

test('an object that is there may change beside a younger one, and at its limit', async (t) => {
  const folder = openFolder(t);
  await folder.apply(OVER);
  await folder.apply(client('a'));
  await folder.apply(client('a', { changed: 1 }));
  await openFolder(t, { path: folder.path }).apply(client('a', { changed: 2 }));
});

test('what another file of the folder declares is found, and cannot be taken over', async (t) => {
  const folder = openFolder(t);
  mkdirSync(folder.path);
  const byHand =
    '# mine\napiVersion: mqttgrid.io/v1\nkind: MqttNamespace\nmetadata: {name: grid}\n';
  writeFileSync(join(folder.path, 'by-hand.yaml'), `${byHand}spec: {replicas: 2}\n`);
  const found = await folder.target.get(GRID);
  assert.ok(found.ok);
  assert.deepEqual(found.value?.managers, [`${folder.path}/by-hand.yaml:4`]);
  assert.deepEqual(found.value?.spec, { replicas: 2 });
  assert.match(
    await folder.refuse(GRID, { force: true }),
    /by-hand.yaml:4, .*; take it out of that file first/,
  );
  assert.equal(await folder.remove(GRID), undefined);
  assert.deepEqual(folder.names(), ['by-hand.yaml']);
});

test('what was put into two files is not written to either', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  const own = readFileSync(join(folder.path, fileNameOf(GRID)), 'utf8');
  for (const name of ['another.yaml', 'zz.yaml']) {
    writeFileSync(join(folder.path, name), own);
    const late = openFolder(t, { path: folder.path });
    const changed = manifest('MqttNamespace', 'grid', { tags: { a: '1' } });
    assert.match(await late.refuse(changed), new RegExp(`/${name}:5, which`));
    unlinkSync(join(folder.path, name));
  }
});

test('a file of nobody, or of another stack, is taken over where that is asked for', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID, { fieldManager: THEIRS });
  const path = join(folder.path, fileNameOf(GRID));
  assert.match(
    await folder.refuse(GRID),
    /already, by pulumi-mqttgrid:grid\/other; set adopt: true/,
  );
  const byHand = readFileSync(path, 'utf8').replace(/^.*\n/, '');
  writeFileSync(path, byHand);
  const found = await folder.target.get(GRID);
  assert.ok(found.ok);
  assert.deepEqual(found.value?.managers, [path]);
  assert.match(await folder.refuse(GRID), /already, and no program; set adopt: true/);
  assert.match(String(await folder.remove(GRID)), /stays: .* no program/);
  assert.equal(readFileSync(path, 'utf8'), byHand);
  await folder.apply(GRID, { force: true });
  assert.match(readFileSync(path, 'utf8'), /^# Declared by pulumi-mqttgrid:grid\/dev:/);
  assert.match(String(await folder.remove(GRID, THEIRS)), /stays: .*pulumi-mqttgrid:grid\/dev/);
  assert.deepEqual(folder.names(), [fileNameOf(GRID)]);
  assert.equal(await folder.remove(GRID), undefined);
  assert.equal(await folder.remove(GRID), undefined);
  assert.deepEqual(folder.names(), []);
});

test('an edited file is still ours, and one with more in it is left alone', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  const path = join(folder.path, fileNameOf(GRID));
  const own = readFileSync(path, 'utf8');
  const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
  const second = own.replace('name: grid', 'name: second');
  for (const [more, expected] of [
    [`---\n${second}`, /put MqttNamespace\/default\/second there; move that/],
    [`---\n${configMap}`, /put skipped "ConfigMap" of "v1".* there; move that/],
  ] as const) {
    writeFileSync(path, own + more);
    assert.match(await folder.refuse(GRID, { force: true }), expected);
    assert.match(String(await folder.remove(GRID)), expected);
    assert.equal(readFileSync(path, 'utf8'), own + more);
  }
  writeFileSync(path, own.replace('spec: {}', 'spec:\n  replicas: 3'));
  const found = await folder.target.get(GRID);
  assert.ok(found.ok);
  assert.deepEqual([found.value?.spec, found.value?.managers], [{ replicas: 3 }, [OURS]]);
  assert.equal(await folder.remove(GRID), undefined);
  assert.deepEqual(folder.names(), []);
});

test('a broken file is told with its place, and mended where it was ours', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  const path = join(folder.path, fileNameOf(GRID));
  const own = readFileSync(path, 'utf8');
  const text = own.replace('spec: {}', 'spec: {');
  writeFileSync(path, text);
  const found = await folder.target.get(GRID);
  assert.ok(!found.ok);
  assert.match(print(found.fault), /grid\.yaml:8:1: this is not YAML: .*; correct the file/);
  await folder.apply(GRID);
  assert.equal(readFileSync(path, 'utf8'), own);
  const theirs = text.replace(/^.*\n/, '');
  writeFileSync(path, theirs);
  assert.match(await folder.refuse(GRID, { force: true }), /something else has been put/);
  assert.match(String(await folder.remove(GRID)), /stays/);
  assert.equal(readFileSync(path, 'utf8'), theirs);
  writeFileSync(path, text);
  assert.equal(await folder.remove(GRID), undefined);
  assert.deepEqual(folder.names(), []);
});

test('what a file of ours states wrongly is drift, which is told and put right', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  const path = join(folder.path, fileNameOf(GRID));
  const own = readFileSync(path, 'utf8');
  writeFileSync(path, own.replace('spec: {}', 'spec:\n  replicas: many'));
  const late = openFolder(t, { path: folder.path });
  const found = await late.target.get(GRID);
  assert.ok(found.ok);
  assert.deepEqual(found.value?.spec, { replicas: 'many' });
  assert.deepEqual(found.value.conditions[0]?.reason, 'InvalidShape');
  await late.apply(GRID);
  assert.equal(readFileSync(path, 'utf8'), own);
});

test('a file of others that cannot be read is told of once', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  writeFileSync(join(folder.path, 'by-hand.yaml'), 'a: {');
  writeFileSync(join(folder.path, 'foreign.yaml'), 'not: ours');
  const late = openFolder(t, { path: folder.path });
  const declared = await late.target.declared('default');
  assert.ok(declared.ok);
  assert.equal(declared.value.length, 1);
  const [notice = '', ...more] = late.target.takeNotices();
  assert.match(
    notice,
    /\/by-hand\.yaml:1:5: this is not YAML: .*, so what it declares is not known; /,
  );
  assert.equal(more.length, 1);
  assert.deepEqual(late.target.takeNotices(), []);
});

test('what has taken the place of a file is never replaced', async (t) => {
  const folder = openFolder(t);
  mkdirSync(join(folder.path, fileNameOf(GRID)), { recursive: true });
  symlinkSync('/nowhere/at/all', join(folder.path, fileNameOf(client('a'))));
  for (const each of [GRID, client('a')]) {
    assert.match(await folder.refuse(each), /where something else has been put; remove that/);
  }
  assert.equal(readdirSync(folder.path).length, 2);
});

test('a folder is the same one by its symbolic link, and before it is made', async (t) => {
  const parent = temporaryFolder(t);
  const [real, link] = [join(parent, 'real'), join(parent, 'link')];
  mkdirSync(real);
  symlinkSync(real, link);
  const identity = (path: string): string => new DirectoryTarget({ path }, systemClock).identity;
  assert.equal(identity(link), identity(real));
  const before = identity(join(link, 'new'));
  const folder = openFolder(t, { path: join(link, 'new') });
  await folder.apply(GRID);
  assert.deepEqual(readdirSync(join(real, 'new')), [fileNameOf(GRID)]);
  assert.equal(identity(join(link, 'new')), before);
  assert.equal(identity(join(real, 'new')), before);
  assert.equal(folder.target.identity, before);
});

test('200 objects are written in seconds, and each is read once', async (t) => {
  const folder = openFolder(t);
  const startMs = performance.now();
  await folder.apply(GRID);
  const all = Array.from({ length: 198 }, (_, index) => client(`vehicle-${index}`, { index }));
  const ready = [...all, space('all', 'vehicles/${client.name}/#')].map(async (each) => {
    const found = await folder.target.get(each);
    assert.ok(found.ok && found.value === undefined);
    const applied = await folder.apply(each);
    const options = { timeoutMs: 10_000, onProgress: () => undefined };
    const { fault } = await folder.target.untilReady(applied, each, options);
    assert.equal(fault, undefined);
  });
  await Promise.all(ready);
  const seconds = (performance.now() - startMs) / 1000;
  t.diagnostic(`${seconds.toFixed(2)} s`);
  assert.equal(folder.names().length, 200);
  assert.ok(seconds < 20, `${seconds} s`);
});

test('a binding is ready beside what it names', async (t) => {
  const folder = openFolder(t);
  for (const each of [GRID, space('alerts', 'alerts/#'), binding('all', '$all', 'alerts')]) {
    const { conditions } = await folder.apply(each);
    assert.equal(conditions.at(-1)?.status, 'True');
  }
});
