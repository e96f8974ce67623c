import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { withDefaults } from '../../crds/schemas.ts';
import { IMMUTABLE_FIELDS, KINDS, type Kind } from '../../domain/resources.ts';
import {
  completeInputs,
  inputsOf,
  overTheWire,
  replacedOneByOne,
  UNKNOWN_VALUE,
  without,
} from '../../test/support/programs.ts';
import type { Properties } from './declaration.ts';
import { diff, isSameSpec } from './diff.ts';

const UNCHANGED = { changes: false, replaces: [], deleteBeforeReplace: true };
const UPDATE = { changes: true, replaces: [], deleteBeforeReplace: true };

function replacement(...replaces: string[]): object {
  return { changes: true, replaces, deleteBeforeReplace: true };
}

const OTHERS: Properties = {
  name: 'other',
  namespaceRef: { name: 'other' },
  routeTopicRef: { name: 'other' },
  subscriptionSupport: 'HighFanout',
};

suite('what can only be set at creation is made anew, the old one first', () => {
  for (const kind of KINDS) {
    for (const field of IMMUTABLE_FIELDS[kind]) {
      test(`${kind}.${field}`, () => {
        const old = completeInputs(kind);
        const now = { ...old, [field]: OTHERS[field] };
        assert.notDeepEqual(now, old);
        assert.deepEqual(diff(old, now), replacement(field));
        const changedToo = { ...now, description: 'other', metadata: withLabels({ a: 'b' }) };
        assert.deepEqual(diff(old, changedToo), replacement(field));
      });
    }
    test(`${kind}: another metadata.name or namespace`, () => {
      const old = completeInputs(kind);
      for (const metadata of [
        { name: 'other', namespace: 'default' },
        { name: 'complete', namespace: 'other' },
      ]) {
        assert.deepEqual(diff(old, { ...old, metadata }), replacement('metadata'));
      }
    });
    test(`${kind}: another place`, () => {
      const old = completeInputs(kind);
      for (const target of [
        { directory: { path: '/tmp/elsewhere' } },
        { cluster: {} },
        { cluster: { context: 'production' } },
      ]) {
        assert.deepEqual(diff(old, { ...old, target }), replacement('target'));
      }
    });
  }

  test('all of it at once, each told once', () => {
    const old = completeInputs('TopicSpace');
    const now = {
      ...old,
      ...OTHERS,
      metadata: { name: 'other', namespace: 'other' },
      target: { cluster: {} },
    };
    const fields = ['name', 'namespaceRef', 'subscriptionSupport', 'metadata', 'target'];
    assert.deepEqual(diff(old, now), replacement(...fields));
  });
});

function withLabels(labels: Properties): Properties {
  return { name: 'complete', namespace: 'default', labels, annotations: { note: 'a' } };
}

suite('no change', () => {
  const cases: [string, Kind, Properties, Properties][] = [
    ['of a default that is stated', 'Client', {}, { state: 'Enabled' }],
    ['of a default that is no longer stated', 'MqttNamespace', { replicas: 1 }, {}],
    [
      'of a default within an object',
      'MqttNamespace',
      { storage: { size: '1Gi' } },
      { storage: { size: '1Gi', retain: false } },
    ],
    [
      'of the order of templates',
      'TopicSpace',
      { topicTemplates: ['a', 'b', '${client.name}/#'] },
      { topicTemplates: ['${client.name}/#', 'b', 'a'] },
    ],
    [
      'of the order within an attribute',
      'Client',
      { attributes: { sensors: ['motion', 'noise'] } },
      { attributes: { sensors: ['noise', 'motion'] } },
    ],
    [
      'of the order of attributes',
      'Client',
      { attributes: { a: 1, b: 'x' } },
      { attributes: { b: 'x', a: 1 } },
    ],
    [
      'of the order of event types, filters and brokers',
      'EventSubscription',
      eventsTo(['a:1', 'b:2'], ['X', 'Y'], [{ key: 'a' }, { key: 'b' }]),
      eventsTo(['b:2', 'a:1'], ['Y', 'X'], [{ key: 'b' }, { key: 'a' }]),
    ],
    ['of no labels at all', 'Client', {}, { metadata: metadata({}) }],
    ['of how long to wait', 'Client', { timeoutSeconds: 5 }, { timeoutSeconds: 50 }],
    ['of whether to adopt', 'Client', {}, { adopt: true }],
    ['of a name that is stated', 'Client', { name: undefined }, { name: 'a' }],
    ['of outputs', 'Client', { conditions: [], uid: 'u', schemaVersion: 1, __provider: 'a' }, {}],
  ];
  for (const [title, kind, old, now] of cases) {
    test(title, () => {
      const [before, after] = [old, now].map((stated) => overTheWire(inputsOf(kind, 'a', stated)));
      assert.ok(before !== undefined && after !== undefined);
      assert.deepEqual(diff(before, after), UNCHANGED);
      assert.deepEqual(diff(after, before), UNCHANGED);
    });
  }
});

function eventsTo(brokers: string[], includedEventTypes: string[], filters: object[]): Properties {
  return {
    destination: { kafka: { topic: 't', brokers } },
    filter: { includedEventTypes, advancedFilters: filters },
  };
}

function metadata(labels: Properties): Properties {
  return { name: 'a', namespace: 'default', labels };
}

suite('an update in place', () => {
  const cases: [string, Kind, Properties, Properties][] = [
    ['of a default that no longer holds', 'Client', {}, { state: 'Disabled' }],
    [
      'of a template more',
      'TopicSpace',
      { topicTemplates: ['a'] },
      { topicTemplates: ['a', 'a/b'] },
    ],
    ['of a query', 'ClientGroup', {}, { query: 'attributes.a = 1' }],
    ['of a number for its text', 'Client', { attributes: { a: 1 } }, { attributes: { a: '1' } }],
    ['of a label', 'Client', {}, { metadata: metadata({ team: 'fleet' }) }],
    [
      'of a label that goes',
      'Client',
      { metadata: metadata({ team: 'fleet' }) },
      { metadata: metadata({}) },
    ],
    [
      'of what is called like a set, but is an attribute',
      'Client',
      { attributes: { brokers: 'a' } },
      { attributes: { brokers: 'b' } },
    ],
    [
      'of the way to the same place',
      'Client',
      { target: { cluster: { context: 'a', kubeconfig: 'one' } } },
      { target: { cluster: { context: 'a', kubeconfig: 'two' } } },
    ],
  ];
  for (const [title, kind, old, now] of cases) {
    test(title, () => {
      const [before, after] = [old, now].map((stated) => overTheWire(inputsOf(kind, 'a', stated)));
      assert.ok(before !== undefined && after !== undefined);
      assert.deepEqual(diff(before, after), UPDATE);
      assert.deepEqual(diff(after, before), UPDATE);
    });
  }
});

test('what is not known yet is an update, also of what can only be set at creation', () => {
  for (const kind of KINDS) {
    const old = completeInputs(kind);
    const declared = without(old, 'kind', 'adopt', 'timeoutSeconds');
    for (const { path, value } of replacedOneByOne(declared, UNKNOWN_VALUE)) {
      // A program states these as objects.
      if (['', 'metadata.', 'target.'].includes(path)) continue;
      const now = { ...old, ...(value as Properties) };
      assert.deepEqual(diff(old, now), UPDATE, `${kind} ${path}`);
    }
  }
});

test('a spec is the same as itself with its defaults, and in any order of its sets', () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), fc.nat(9), (kind, by) => {
      const spec = completeInputs(kind);
      const shuffled = shuffle(spec, by);
      assert.ok(isSameSpec(kind, spec, shuffled));
      assert.ok(isSameSpec(kind, withDefaults(kind, {}), {}));
    }),
  );
});

/** Fields of objects in another order, and the lists that are sets. */
function shuffle(value: unknown, by: number): unknown {
  if (Array.isArray(value)) return rotate(value, by);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(
    ([field, item]: [string, unknown]) => [field, shuffle(item, by)] as const,
  );
  return Object.fromEntries(rotate(fields, by));
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
