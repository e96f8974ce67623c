import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { withDefaults } from '../../../crds/schemas.ts';
import { API_VERSION, KINDS, type Kind } from '../../../domain/resources.ts';
import { declarationsOf } from '../../../manifests/declarations.ts';
import { COMPLETE_SPECS } from '../../../test/support/complete-specs.ts';
import type { Manifest } from '../declaration.ts';
import { managerOf, printManifest } from './directory-text.ts';

const MANAGER = 'pulumi-mqttgrid:grid/dev';

function manifestOf(kind: Kind, spec: object): Manifest {
  const metadata = { name: 'alerts', namespace: 'default' };
  return { apiVersion: API_VERSION, kind, metadata, spec: { ...spec } };
}

/** As `kubectl` reads it. */
function readAsYaml11(text: string): { spec: unknown } {
  return parse(text, { version: '1.1' }) as { spec: unknown };
}

for (const kind of KINDS) {
  test(`${kind}: what is written reads back as it was declared`, () => {
    const spec = COMPLETE_SPECS[kind];
    const text = printManifest(manifestOf(kind, spec), MANAGER);
    const { objects, strays, notices, complete } = declarationsOf(text);
    assert.deepEqual([strays, notices, complete], [[], [], true]);
    assert.equal(objects.length, 1);
    assert.deepEqual(objects[0]?.violations, []);
    assert.equal(objects[0]?.key, `${kind}/default/alerts`);
    assert.deepEqual(objects[0]?.spec, withDefaults(kind, spec));
    assert.deepEqual(readAsYaml11(text).spec, spec);
  });
}

/** Texts that look like something else, or are hard on some reader. */
const HARD = [
  ...['', ' ', 'yes', 'No', 'y', 'true', 'null', '~', '<<', '=', '-', '- a', '? a', 'a: b', 'a:'],
  ...['a #b', '#a', '&a', '*a', '!a', '%a', '@a', '`a', '"', "'", `"'`, '{a}', '[a]', '|', '>'],
  ...['0o17', '017', '0x1f', '1e3', '.inf', '1:20', '2001-01-01', '1_000', '+1', '0b1', 'E0'],
  ...[
    '---',
    'a\nb',
    'a\n',
    '\na',
    'a\n\nb\n',
    'a\nb\n',
    ' a\nb\n',
    'a \nb\n',
    '\t',
    'a\tb',
    '\r\n',
  ],
  ...['\u0000', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff', '\uffff', '\u200b', 'é', '😀'],
  ...['a'.repeat(300), `${'a '.repeat(100)}a`, '__proto__', 'constructor', 'a\\b', '\\u0041'],
];

function roundTrips(attributes: Readonly<Record<string, unknown>>): void {
  const spec = { ...COMPLETE_SPECS.Client, attributes };
  const text = printManifest(manifestOf('Client', spec), MANAGER);
  assert.deepEqual(declarationsOf(text).objects[0]?.spec, spec, text);
  assert.deepEqual(readAsYaml11(text).spec, spec, text);
  assert.equal(managerOf(text), MANAGER);
}

test('every text reads back as itself, as a value, in a list and as a key', () => {
  for (const text of HARD) {
    roundTrips({ value: text, list: [text, text], [text === '__proto__' ? 'key' : text]: 1 });
  }
});

test('any text, any list and any whole number read back as they were declared', () => {
  const text = fc.oneof(
    fc.constantFrom(...HARD),
    fc.string(),
    fc.string({ unit: 'binary' }),
    // What YAML has a meaning for, in all combinations.
    fc.array(fc.constantFrom(...`:#-?|>'"{}[],&*!%@ \n\taZ1.`)).map((all) => all.join('')),
  );
  const value = fc.oneof(text, fc.maxSafeInteger(), fc.array(text));
  const key = text.filter((each) => each !== '__proto__');
  fc.assert(
    fc.property(fc.dictionary(key, value, { noNullPrototype: true, maxKeys: 4 }), roundTrips),
    {
      numRuns: 300,
    },
  );
});

function shuffled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value).reverse();
  return Object.fromEntries(fields.map(([field, inner]) => [field, shuffled(inner)]));
}

test('the order in which a program states fields makes no difference', () => {
  for (const kind of KINDS) {
    const manifest = manifestOf(kind, COMPLETE_SPECS[kind]);
    const reversed = shuffled(manifest) as Manifest;
    assert.equal(printManifest(reversed, MANAGER), printManifest(manifest, MANAGER));
  }
});

test('a manifest is as a person would write it, in the order of the schema', () => {
  const manifest: Manifest = {
    ...manifestOf('Client', {
      description: 'a "quoted" one',
      attributes: {
        zone: 'no',
        floor: 5,
        query: `it's "both"`,
        type: 'sensor: hot',
        lines: 'a\nb\n',
      },
      authentication: { certificateSubject: { commonName: 'a.example.com' } },
      namespaceRef: { name: 'grid' },
    }),
    metadata: { labels: { b: '1', a: 'x' }, annotations: {}, namespace: 'default', name: 'a' },
  };
  assert.equal(
    printManifest(manifest, MANAGER),
    `# Declared by pulumi-mqttgrid:grid/dev: change the program, not this file.
apiVersion: mqttgrid.io/v1
kind: Client
metadata:
  name: a
  namespace: default
  labels:
    a: x
    b: "1"
spec:
  namespaceRef:
    name: grid
  authentication:
    certificateSubject:
      commonName: a.example.com
  attributes:
    floor: 5
    lines: |
      a
      b
    query: it's "both"
    type: "sensor: hot"
    zone: "no"
  description: a "quoted" one
`,
  );
});

const heads: readonly (readonly [string, string | undefined])[] = [
  [
    '# Declared by pulumi-mqttgrid:a/b: change the program, not this file.\nx',
    'pulumi-mqttgrid:a/b',
  ],
  ['# Declared by a b: change the program, not this file.\r\nx', 'a b'],
  ['# Declared by a: change the program, not this file.', 'a'],
  ['\ufeff# Declared by a: change the program, not this file.\n', 'a'],
  ['---\n# Declared by a: change the program, not this file.\n', undefined],
  ['# Declared by a: change it.\n', undefined],
  ['', undefined],
];

for (const [text, manager] of heads) {
  test(`${JSON.stringify(text)} is declared by ${manager ?? 'nobody in particular'}`, () => {
    assert.equal(managerOf(text), manager);
  });
}
