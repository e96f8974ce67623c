import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareResourceVersions } from './resource-version.ts';

const OLDER: readonly (readonly [string, string])[] = [
  ['9', '10'],
  ['100', '101'],
  ['9007199254740992', '9007199254740993'],
  ['999', '18446744073709551615'],
];

test('resourceVersions are compared as integers of any length', () => {
  for (const [older, newer] of OLDER) {
    assert.ok(compareResourceVersions(older, newer) < 0, `${older} ${newer}`);
    assert.ok(compareResourceVersions(newer, older) > 0, `${newer} ${older}`);
    assert.equal(compareResourceVersions(older, older), 0);
  }
});

test('of what is no such integer, neither is known to be older', () => {
  for (const [left, right] of [
    ['a', '5'],
    ['5', ''],
    [undefined, '5'],
    ['05', '4'],
  ] as const) {
    assert.equal(compareResourceVersions(left, right), 0);
    assert.equal(compareResourceVersions(right, left), 0);
  }
});
