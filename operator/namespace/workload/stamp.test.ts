import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { hashOf, holds, stamped } from './stamp.ts';

const OBJECT = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a', annotations: { theirs: 'b' } },
};

test('the stamp follows from what is wanted, in whatever order', () => {
  const again = { metadata: OBJECT.metadata, kind: 'Service', apiVersion: 'v1' };
  assert.equal(hashOf(OBJECT), hashOf(again));
  assert.notEqual(hashOf(OBJECT), hashOf({ ...OBJECT, kind: 'Secret' }));
  const { annotations } = stamped(OBJECT).metadata;
  assert.deepEqual(Object.keys(annotations), ['theirs', 'mqttgrid.io/applied']);
});

suite('what is wanted is there', () => {
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['with fields that the server added', { spec: { a: 1, b: 2 } }, { spec: { a: 1 } }],
    ['with what is not wanted at all', { a: 1 }, { a: undefined }],
    [
      'with entries that others added to a list of named ones',
      { env: [{ name: 'X', value: '1' }, { name: 'Y' }] },
      { env: [{ name: 'Y' }] },
    ],
    ['as another print of a quantity', { limits: { cpu: '500m' } }, { limits: { cpu: '0.5' } }],
    [
      'as a quantity in other units',
      { requests: { memory: '1Gi' } },
      { requests: { memory: '1024Mi' } },
    ],
    ['as a quantity that was a number', { limits: { cpu: '2' } }, { limits: { cpu: 2 } }],
  ];
  for (const [what, live, desired] of cases) test(what, () => assert.ok(holds(live, desired)));
});

suite('what is wanted is not there', () => {
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['with another value', { a: 1 }, { a: 2 }],
    ['as another type', { a: '1' }, { a: 1 }],
    ['without the field', {}, { a: { b: 1 } }],
    ['without the entry', { env: [{ name: 'X' }] }, { env: [{ name: 'Y' }] }],
    ['with more in a list without names', { args: ['a', 'b'] }, { args: ['a'] }],
    ['with more rules', { egress: [{}, { ports: [] }] }, { egress: [{}] }],
    ['in another order', { args: ['a', 'b'] }, { args: ['b', 'a'] }],
    ['with more in a selector', { selector: { a: '1', b: '2' } }, { selector: { a: '1' } }],
    [
      'with an expression in a selector',
      { podSelector: { matchLabels: {}, matchExpressions: [] } },
      { podSelector: { matchLabels: {} } },
    ],
    ['as a quantity beside others', { limits: { cpu: '501m' } }, { limits: { cpu: '0.5' } }],
    ['as what is a quantity elsewhere', { labels: { cpu: '500m' } }, { labels: { cpu: '0.5' } }],
    ['as null', null, { a: 1 }],
    ['as a text', 'a', ['a']],
  ];
  for (const [what, live, desired] of cases) test(what, () => assert.ok(!holds(live, desired)));
});

test('everything holds itself', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.ok(holds(value, value))));
});
