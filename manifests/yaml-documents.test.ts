import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { FieldPath } from '../domain/violation.ts';
import { createLocator, parseDocuments, splitDocuments } from './yaml-documents.ts';

const splits: readonly (readonly [string, string, readonly (readonly [number, string])[]])[] = [
  ['one document', 'a: 1\n', [[1, 'a: 1\n']]],
  ['nothing', '', [[1, '']]],
  ['a marker first', '---\na: 1', [[1, '---\na: 1']]],
  [
    'two documents',
    'a: 1\n---\nb: 2',
    [
      [1, 'a: 1'],
      [2, '---\nb: 2'],
    ],
  ],
  [
    'carriage returns',
    'a: 1\r\n---\r\nb: 2',
    [
      [1, 'a: 1\r'],
      [2, '---\r\nb: 2'],
    ],
  ],
  [
    'a marker with content',
    'a: 1\n--- {b: 2}',
    [
      [1, 'a: 1'],
      [2, '--- {b: 2}'],
    ],
  ],
  ['what only looks like a marker', 'a: 1\n----: 2\n --- : 3', [[1, 'a: 1\n----: 2\n --- : 3']]],
  ['directives', '%YAML 1.2\n---\na: 1\n---\nb: 2', [[1, '%YAML 1.2\n---\na: 1\n---\nb: 2']]],
];

for (const [name, text, expected] of splits) {
  test(`${name}: cut where documents begin`, () => {
    assert.deepEqual(
      splitDocuments(text).map((part) => [part.line, part.text]),
      expected,
    );
  });
}

/** What cannot be read, as a key `<<` that merges nothing, by its violation alone. */
function valuesOf(text: string): unknown[] {
  return parseDocuments(text).map((parsed) =>
    parsed.state === 'Parsed' ? parsed.value : parsed.violation,
  );
}

test('the parts of a text say what the whole says', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const document = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(leaf, fc.array(leaf)), {
    minKeys: 1,
  });
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 5 }), (documents) => {
      const text = documents.map((each) => `---\n${stringify(each)}`).join('');
      const parts = splitDocuments(text);
      assert.equal(parts.map((part) => part.text).join('\n'), text);
      assert.deepEqual(
        parts.flatMap((part) => valuesOf(part.text)),
        valuesOf(text),
      );
      assert.equal(valuesOf(text).length, documents.length);
    }),
    { numRuns: 200 },
  );
});

test('merge keys and aliases give their values', () => {
  const [value] = valuesOf('base: &b {x: 1}\nown: {<<: *b, y: 2}\nlist: [*b]');
  assert.deepEqual(value, { base: { x: 1 }, own: { x: 1, y: 2 }, list: [{ x: 1 }] });
});

test('keys that are names of object properties are keys like others', () => {
  const [value] = valuesOf('__proto__: {x: 1}\nconstructor: 2');
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

const multiplying = Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);

const faults: readonly (readonly [string, string, number, number, RegExp])[] = [
  ['an open quote', 'a: "x', 1, 6, /quote/],
  ['an open list', 'a: 1\nb: [1,', 2, 7, /./],
  ['a key twice', 'a: 1\nb: 2\na: 3', 3, 1, /unique/],
  ['a tab as indentation', 'a:\n\tb: 1', 2, 1, /tab/i],
  ['an unknown tag', 'a: !money 1', 1, 4, /tag/],
  ['an alias without anchor', 'a: *nothing', 1, 1, /alias/i],
  ['aliases that multiply', `a0: &a0 [1]\n${multiplying.join('\n')}`, 1, 1, /alias/],
  ['ten thousand lists in each other', '['.repeat(1e4), 1, 1, /stack|nest|exhaust/i],
];

for (const [name, text, line, column, message] of faults) {
  test(`${name} is told with its place`, () => {
    const parsed = parseDocuments(text).find(({ state }) => state === 'Unparseable');
    assert.ok(parsed?.state === 'Unparseable');
    assert.match(parsed.violation.message, message);
    assert.notEqual(parsed.violation.remedy, '');
    // How deep the stack goes is not ours to say.
    if (line > 1 || column > 1) assert.deepEqual(parsed.position, { line, column });
  });
}

test('words that kubectl takes for booleans must be quoted, keys too', () => {
  const [parsed] = parseDocuments('a:\n  - countryCode: NO\n    y: "yes"\n    on: true\n');
  assert.ok(parsed?.state === 'Parsed');
  assert.deepEqual(
    parsed.violations.map(({ field, remedy }) => [field, remedy]),
    [
      [['a', 0, 'countryCode'], 'write "NO"'],
      [['a', 0, 'y'], 'write "y"'],
      [['a', 0, 'on'], 'write "on"'],
    ],
  );
});

const TEXT = `# first
spec:
  list:
    - one
    - key: two
  "quoted key": 3
  flow: {inner: [4, 5]}
  alias: &anchor {deep: 6}
  again: *anchor
---
second: 7
`;

const places: readonly (readonly [number, FieldPath, number, number])[] = [
  [0, [], 2, 1],
  [0, ['spec'], 2, 1],
  [0, ['spec', 'list'], 3, 3],
  [0, ['spec', 'list', 0], 4, 7],
  [0, ['spec', 'list', 1, 'key'], 5, 7],
  [0, ['spec', 'quoted key'], 6, 3],
  [0, ['spec', 'flow', 'inner', 1], 7, 21],
  [0, ['spec', 'again', 'deep'], 8, 19],
  [0, ['spec', 'missing', 'deeper'], 2, 1],
  [0, ['spec', 'list', 9], 3, 3],
  [1, ['second'], 11, 1],
  [2, ['third'], 1, 1],
];

test('a field has the place of its key, or of the nearest thing around it', () => {
  const locate = createLocator();
  for (const [documentIndex, path, line, column] of places) {
    assert.deepEqual(locate(TEXT, documentIndex, path), { line, column }, path.join('.'));
  }
});
