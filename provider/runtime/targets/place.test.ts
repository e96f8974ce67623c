import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printFieldPath } from '../../../domain/violation.ts';
import { placeViolations } from './place.ts';

const CASES: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['a cluster', { cluster: {} }, []],
  ['a cluster with all fields', { cluster: { kubeconfig: 'a', context: 'b', namespace: 'c' } }, []],
  ['a directory', { directory: { path: 'a', namespace: 'b' } }, []],
  ['nothing', undefined, ['target.cluster is missing, and so is directory']],
  ['no place', {}, ['target.cluster is missing, and so is directory']],
  [
    'two places',
    { cluster: { kubeconfig: 'a key' }, directory: { path: 'b' } },
    ['target.cluster stands beside directory'],
  ],
  [
    'a kubeconfig as an object, as some clouds give it',
    { cluster: { kubeconfig: { users: 'a key' } } },
    ['target.cluster.kubeconfig is an object, but must be a string'],
  ],
  ['true', { cluster: true }, ['target.cluster is the boolean true, but must be an object']],
  ['a directory without a path', { directory: {} }, ['target.directory.path is missing']],
];

for (const [what, target, expected] of CASES) {
  test(`of ${what} as a target is said: ${expected.join(', ') || 'nothing'}`, () => {
    const violations = placeViolations(target);
    const said = violations.map(({ field, message }) => `${printFieldPath(field)} ${message}`);
    assert.deepEqual(said, expected);
    // Pulumi would print the value of `target`, in clear text.
    for (const { field } of violations) assert.ok(field.length > 1);
  });
}
