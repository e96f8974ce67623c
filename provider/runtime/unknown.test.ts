import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runtime } from '@pulumi/pulumi';
import type { FieldPath } from '../../domain/violation.ts';
import { isUnknown, mayDependOn, unknownPaths } from './unknown.ts';

const unknown = runtime.unknownValue;

test("Pulumi's own word for an unknown value is one", () => {
  assert.ok(isUnknown(unknown));
  for (const known of ['', 'a', unknown.toUpperCase(), undefined, null, 0, [unknown]]) {
    assert.ok(!isUnknown(known), String(known));
  }
});

test('unknown values are found wherever they are', () => {
  const value = { a: unknown, b: [1, unknown, { c: unknown }], d: null, e: 'f' };
  assert.deepEqual(unknownPaths(value), [['a'], ['b', 1], ['b', 2, 'c']]);
  assert.deepEqual(unknownPaths(unknown), [[]]);
  assert.deepEqual(unknownPaths('known'), []);
});

suite('what is said of a field may be different once a value is known', () => {
  const cases: [string, FieldPath, FieldPath, boolean][] = [
    ['of the field itself', ['a', 'b'], ['a', 'b'], true],
    ['of what is in it', ['a'], ['a', 'b', 0], true],
    ['of what it is in', ['a', 'b', 0], ['a'], true],
    ['not of its neighbour', ['a', 'b'], ['a', 'c'], false],
    ['not of a neighbour in a list', ['a', 0], ['a', 1], false],
    ['of everything, where nothing is known', [], ['a'], true],
    ['of the whole', ['a'], [], true],
  ];
  for (const [title, path, field, expected] of cases) {
    test(title, () => assert.equal(mayDependOn([path], field), expected));
  }
  test('not where all is known', () => assert.ok(!mayDependOn([], ['a'])));
});
