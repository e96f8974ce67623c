import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { nameOf } from '../domain/resources.ts';
import { printFieldPath } from '../domain/violation.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import type { Located } from './located.ts';
import { MANIFEST_FILE_BYTES_MAX } from './manifest-bounds.ts';
import { openManifests, resourceOf } from './manifests.ts';
import type { ManifestSet } from './manifests.ts';

interface Bench {
  readonly folder: string;
  readonly write: (file: string, text: string | Uint8Array) => void;
  readonly remove: (file: string) => void;
  readonly load: () => ManifestSet;
}

function bench(t: TestContext): Bench {
  const folder = temporaryFolder(t);
  const manifests = openManifests(folder);
  return {
    folder,
    write: (file, text) => writeFileSync(join(folder, file), text),
    remove: (file) => rmSync(join(folder, file)),
    load: () => manifests.load().set,
  };
}

function group(name: string, query: string): string {
  return `apiVersion: mqttgrid.io/v1
kind: ClientGroup
metadata:
  name: ${name}
spec:
  namespaceRef: {name: plant}
  query: ${query}
`;
}

/** `key: query` of every group in force. */
function groupsOf(set: ManifestSet): string[] {
  return set.objects.map(({ key, spec, refused }) => {
    const query = refused ? 'refused' : (spec as { readonly query: string }).query;
    return `${key.replace('ClientGroup/default/', '')}: ${query}`;
  });
}

function summary({ line, column, object, violation }: Located): string {
  const field = printFieldPath(violation.field);
  return [`${line}:${column}`, object ?? '-', field === '' ? '-' : field, violation.reason].join(
    ' ',
  );
}

const BROKEN = 'spec: {query: "';

const cases: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  ['text that is not YAML', BROKEN, ['1:16 - - InvalidShape'], /not YAML/],
  ['a scalar', 'hello', ['1:1 - - InvalidShape'], /must be an object/],
  ['no apiVersion', 'kind: Client', ['1:1 - apiVersion InvalidShape'], /apiVersion is missing/],
  ['no kind', 'apiVersion: mqttgrid.io/v1', ['1:1 - kind InvalidShape'], /kind is missing/],
  [
    'a kind that is misspelt',
    '\napiVersion: mqttgrid.io/v1\nkind: TopicSpaces',
    ['3:1 - kind InvalidShape'],
    /did you mean "TopicSpace"/,
  ],
  [
    'a version that is not ours',
    'apiVersion: mqttgrid.io/v2\nkind: Client',
    ['1:1 - apiVersion InvalidShape'],
    /write apiVersion: mqttgrid.io\/v1/,
  ],
  [
    'a group that is misspelt',
    'apiVersion: mqtgrid.io/v1\nkind: Client',
    ['1:1 - apiVersion InvalidShape'],
    /write apiVersion: mqttgrid.io\/v1/,
  ],
  [
    'a kind of ours without its group',
    'apiVersion: v1\nkind: TopicSpace',
    ['1:1 - apiVersion InvalidShape'],
    /write apiVersion: mqttgrid.io\/v1/,
  ],
  [
    'no name',
    group('all', 'b').replace('metadata:\n  name: all', 'metadata: {}'),
    ['3:1 - metadata.name InvalidShape'],
    /missing/,
  ],
  [
    'a name that Kubernetes refuses',
    group('Area1_Machines', 'name = "a"'),
    ['4:3 - metadata.name InvalidShape'],
    /not a Kubernetes name/,
  ],
  [
    'an unknown field',
    `${group('all', 'name = "a"')}  qeury: twice`,
    ['8:3 ClientGroup/default/all spec.qeury InvalidShape'],
    /did you mean query/,
  ],
  [
    'a wrong type',
    group('all', '[1]'),
    ['7:3 ClientGroup/default/all spec.query InvalidShape'],
    /string/,
  ],
  [
    'a word that kubectl reads as a boolean',
    group('all', 'NO'),
    ['7:3 ClientGroup/default/all spec.query InvalidShape'],
    /boolean to kubectl.*write "NO"/,
  ],
  [
    'an item of a List',
    'apiVersion: v1\nkind: List\nitems:\n' +
      '  - {apiVersion: mqttgrid.io/v1, kind: Clint}\n' +
      '  - apiVersion: mqttgrid.io/v1\n    kind: ClientGroup\n    metadata: {name: all}\n' +
      '    spec: {namespaceRef: {name: plant}, query: 7}\n',
    ['4:34 - items[0].kind InvalidShape', '8:41 ClientGroup/default/all spec.query InvalidShape'],
    /"Clint" is not a kind/,
  ],
];

for (const [name, text, expected, words] of cases) {
  test(`${name} is told with its place, and takes nothing else down`, (t) => {
    const { write, load } = bench(t);
    write('a.yaml', text);
    write('b.yaml', group('good', 'name = "b"'));
    const set = load();
    assert.deepEqual(set.violations.map(summary), expected);
    const [{ violation } = { violation: undefined }] = set.violations;
    assert.match(`${violation?.message}; ${violation?.remedy}`, words);
    assert.ok(groupsOf(set).includes('good: name = "b"'));
  });
}

test('many documents and many files are read, in YAML and JSON, but not folders below', (t) => {
  const { folder, write, load } = bench(t);
  write('a.yaml', `${group('one', 'x')}---\n# nothing\n---\n${group('two', 'x')}`);
  write('b.yml', group('three', 'x').replaceAll('\n', '\r\n'));
  const spec = { namespaceRef: { name: 'plant' }, query: 'x' };
  const four = {
    apiVersion: 'mqttgrid.io/v1',
    kind: 'ClientGroup',
    metadata: { name: 'four' },
    spec,
  };
  write('c.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [four] }, null, '\t'));
  write('README.md', '# no manifest');
  write('.hidden.yaml', BROKEN);
  mkdirSync(join(folder, 'below.yaml'));
  write('below.yaml/five.yaml', BROKEN);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.yaml'));
  const set = load();
  assert.deepEqual(groupsOf(set), ['one: x', 'two: x', 'three: x', 'four: x']);
  assert.deepEqual([set.violations, set.notices, set.complete], [[], [], true]);
});

test('kinds of others are skipped with a notice', (t) => {
  const { write, load } = bench(t);
  write('a.yaml', 'apiVersion: v1\nkind: ConfigMap\n---\napiVersion: x.io/v1\nkind: Client');
  const { violations, notices } = load();
  assert.deepEqual(violations, []);
  assert.equal(notices.length, 2);
  assert.match(notices[0] ?? '', /a\.yaml: skipped "ConfigMap" of "v1"/);
});

test('what cannot be read keeps its last objects, and what can be read of it counts', (t) => {
  const { write, remove, load } = bench(t);
  write('a.yaml', `${group('one', 'x')}---\n${group('two', 'x')}`);
  assert.deepEqual(groupsOf(load()), ['one: x', 'two: x']);
  write('a.yaml', BROKEN);
  const broken = load();
  assert.deepEqual(groupsOf(broken), ['one: x', 'two: x']);
  assert.equal(broken.complete, false);
  write('a.yaml', `${group('one', 'v')}---\n${BROKEN}`);
  assert.deepEqual(groupsOf(load()), ['one: v', 'two: x']);
  write('a.yaml', new Uint8Array([0xff, 0xfe, 0x00]));
  assert.deepEqual(groupsOf(load()), ['one: v', 'two: x']);
  write('a.yaml', group('one', 'z'));
  const mended = load();
  assert.deepEqual(groupsOf(mended), ['one: z']);
  assert.deepEqual([mended.violations, mended.complete], [[], true]);
  write('a.yaml', BROKEN);
  load();
  remove('a.yaml');
  assert.deepEqual(groupsOf(load()), []);
});

test('a file with one broken document still declares the others at the first start', (t) => {
  const { write, load } = bench(t);
  write('a.yaml', `${group('one', 'x')}---\n${BROKEN}\n---\n${group('two', 'x')}`);
  assert.deepEqual(groupsOf(load()), ['one: x', 'two: x']);
});

test('an object of the wrong shape is withdrawn alone', (t) => {
  const { write, load } = bench(t);
  write('a.yaml', `${group('one', 'x')}---\n${group('two', 'x')}`);
  load();
  write('a.yaml', `${group('one', '{}')}---\n${group('two', 'x')}`);
  assert.deepEqual(groupsOf(load()), ['one: refused', 'two: x']);
  write('a.yaml', `${group('one', 'x')}---\n${group('two', 'x')}`);
  assert.deepEqual(groupsOf(load()), ['one: x', 'two: x']);
});

test('who an object of the wrong shape is, is what it last was in force', (t) => {
  const { write, load } = bench(t);
  const named = (name: string): string => `${group('one', 'x')}  name: ${name}`;
  write('a.yaml', named('machines'));
  load();
  write('a.yaml', named('the machines'));
  const [object] = load().objects;
  assert.ok(object?.refused);
  assert.equal(nameOf(resourceOf(object, '')), 'machines');
});

test('of an object that is declared twice the first stays, by file and place', (t) => {
  const { folder, write, remove, load } = bench(t);
  write('b.yaml', `${group('one', 'first')}---\n${group('one', 'second')}`);
  write('c.yaml', group('one', 'third'));
  const set = load();
  assert.deepEqual(groupsOf(set), ['one: first']);
  assert.deepEqual(set.violations.map(summary), [
    '12:3 ClientGroup/default/one metadata.name NameConflict',
    '4:3 ClientGroup/default/one metadata.name NameConflict',
  ]);
  assert.ok(set.violations[0]?.violation.message.includes(`${join(folder, 'b.yaml')}:4:3 stays`));
  remove('b.yaml');
  assert.deepEqual(groupsOf(load()), ['one: third']);
});

test('the same name in another Kubernetes namespace is another object', (t) => {
  const { write, load } = bench(t);
  const elsewhere = group('one', 'v').replace('name: one', 'name: one\n  namespace: other');
  write('a.yaml', `${group('one', 'x')}---\n${elsewhere}`);
  const set = load();
  assert.deepEqual(
    set.objects.map(({ key }) => key),
    ['ClientGroup/default/one', 'ClientGroup/other/one'],
  );
  assert.deepEqual(set.violations, []);
});

test('an immutable field keeps the whole object until it is declared anew', (t) => {
  const { write, remove, load } = bench(t);
  const moved = group('one', 'v').replace('plant', 'other');
  write('a.yaml', group('one', 'x'));
  load();
  write('a.yaml', moved);
  const set = load();
  assert.deepEqual(groupsOf(set), ['one: x']);
  assert.deepEqual(set.violations.map(summary), [
    '6:3 ClientGroup/default/one spec.namespaceRef Immutable',
  ]);
  // Neither a broken state in between nor another file opens it.
  write('a.yaml', group('one', '{}'));
  load();
  remove('a.yaml');
  write('b.yaml', moved);
  assert.deepEqual(groupsOf(load()), ['one: x']);
  remove('b.yaml');
  assert.deepEqual(groupsOf(load()), []);
  write('b.yaml', moved);
  const anew = load();
  assert.deepEqual(groupsOf(anew), ['one: v']);
  assert.deepEqual(anew.violations, []);
});

test('a name that is stated as it already was is no change', (t) => {
  const { write, load } = bench(t);
  write('a.yaml', group('one', 'x'));
  load();
  write('a.yaml', `${group('one', 'v')}  name: one`);
  assert.deepEqual(groupsOf(load()), ['one: v']);
});

test('a file that is too large is told of and not read', (t) => {
  const { folder, write, load } = bench(t);
  write('a.yaml', group('one', 'x'));
  truncateSync(join(folder, 'a.yaml'), MANIFEST_FILE_BYTES_MAX + 1);
  const set = load();
  assert.deepEqual(set.violations.map(summary), ['1:1 - - InvalidShape']);
  assert.match(set.violations[0]?.violation.message ?? '', /16777217 bytes/);
});

test('a folder that vanished changes nothing', (t) => {
  const { folder, write } = bench(t);
  const manifests = openManifests(folder);
  write('a.yaml', group('one', 'x'));
  const before = manifests.load().set;
  renameSync(folder, `${folder}.gone`);
  t.after(() => rmSync(`${folder}.gone`, { recursive: true, force: true }));
  const { set, fault } = manifests.load();
  assert.equal(set, before);
  assert.match(fault?.message ?? '', /does not exist/);
});

test('what is no folder is told apart from what does not exist', (t) => {
  const { folder, write } = bench(t);
  write('a.yaml', '');
  const { fault } = openManifests(join(folder, 'a.yaml')).load();
  assert.match(fault?.message ?? '', /it is not a folder/);
});
