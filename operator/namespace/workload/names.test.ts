import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { workloadNames } from './names.ts';

const CASES: readonly (readonly [string, RegExp])[] = [
  ['factory', /^factory$/],
  ['a', /^a$/],
  ['a-1', /^a-1$/],
  ['a'.repeat(52), /^a{52}$/],
  // What a DNS-1035 label may not be.
  ['factory.eu', /^factory-eu-[0-9a-f]{8}$/],
  ['1-factory', /^mqtt-1-factory-[0-9a-f]{8}$/],
  ['7', /^mqtt-7-[0-9a-f]{8}$/],
  ['a'.repeat(53), /^a{43}-[0-9a-f]{8}$/],
  [`${'a'.repeat(42)}.${'b'.repeat(20)}`, /^a{42}-[0-9a-f]{8}$/],
  // What another one's Service or Secret is called.
  ['factory-headless', /^factory-headless-[0-9a-f]{8}$/],
  ['factory-server', /^factory-server-[0-9a-f]{8}$/],
  ['factory-control', /^factory-control-[0-9a-f]{8}$/],
];

for (const [name, expected] of CASES) {
  test(`the workload of ${name} is called ${expected.source}`, () => {
    assert.match(workloadNames(name).workload, expected);
  });
}

test('names that become alike are told apart', () => {
  const alike: readonly string[] = [
    'factory.eu',
    'factory-eu',
    'factory.eu.'.repeat(9).slice(0, -1),
  ];
  assert.equal(new Set(alike.map((name) => workloadNames(name).workload)).size, alike.length);
});

const LABEL = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const SUBDOMAIN = fc.array(LABEL, { minLength: 1, maxLength: 5 }).map((labels) =>
  labels
    .join('.')
    .slice(0, 253)
    .replace(/[-.]+$/, ''),
);

test('whatever a MqttNamespace is called, its objects have names that Kubernetes takes', () => {
  fc.assert(
    fc.property(SUBDOMAIN, (name) => {
      const names = workloadNames(name);
      assert.ok(names.workload.length <= 52, names.workload);
      const all: readonly string[] = Object.values(names);
      for (const each of all) assert.match(each, /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      // A Secret may be called as a DNS subdomain is; the other names are labels.
      const { destinationSecrets, ...labels } = names;
      assert.ok(destinationSecrets.length <= 253);
      for (const label of Object.values(labels)) assert.ok(label.length <= 63, label);
      assert.equal(new Set(all).size, all.length);
      assert.deepEqual(workloadNames(name), names);
    }),
  );
});
