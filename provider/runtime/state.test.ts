import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { withDefaults } from '../../crds/schemas.ts';
import { KINDS, type Kind } from '../../domain/resources.ts';
import { storedAs } from '../../test/support/memory-target.ts';
import { completeInputs, inputsOf, overTheWire, without } from '../../test/support/programs.ts';
import { declarationOf, manifestOf, type Properties } from './declaration.ts';
import { diff } from './diff.ts';
import { inputsAsFound, outputsOf } from './state.ts';
import type { StoredObject } from './targets/target.ts';

const MANAGER = 'pulumi-mqttgrid:fleet/dev';
const UNCHANGED = { changes: false, replaces: [], deleteBeforeReplace: true };

/** As an API server stores it: with defaults. */
function stored(inputs: Properties, found: Properties = {}): StoredObject {
  const manifest = manifestOf(declarationOf(inputs));
  const spec = { ...withDefaults(manifest.kind, manifest.spec), ...found };
  return { ...storedAs({ ...manifest, spec: overTheWire(spec) }, [MANAGER]), uid: 'u-1' };
}

function stateOf(inputs: Properties): Properties {
  return overTheWire(outputsOf(inputs, stored(inputs), MANAGER));
}

/** What a refresh makes of inputs, where the object was changed outside. */
function found(inputs: Properties, changes: Properties = {}): Properties {
  return inputsAsFound(stateOf(inputs), stored(inputs, changes));
}

suite('what was declared and left alone', () => {
  for (const kind of KINDS) {
    for (const [words, inputs] of [
      ['with every field', completeInputs(kind)],
      ['with the least', inputsOf(kind, 'least')],
    ] as const) {
      test(`${kind} ${words}: nothing changes, and is read back as it was written`, () => {
        const state = stateOf(inputs);
        assert.deepEqual(diff(state, inputs), UNCHANGED);
        assert.deepEqual(found(inputs), inputs);
        const refreshed = outputsOf(found(inputs), stored(inputs), MANAGER);
        assert.deepEqual(overTheWire(refreshed), state);
        assert.deepEqual(diff(refreshed, inputs), UNCHANGED);
      });
    }
  }
});

test('state says who declared what, in which version, and holds nothing that cannot be kept', () => {
  const inputs = inputsOf('MqttNamespace', 'grid');
  const outputs = outputsOf(inputs, { ...stored(inputs), generation: 3 }, MANAGER);
  assert.deepEqual(outputs, {
    ...inputs,
    conditions: [],
    generation: 3,
    uid: 'u-1',
    fieldManager: MANAGER,
    schemaVersion: 1,
    endpoints: [],
    counts: {},
  });
  const client = outputsOf(inputsOf('Client', 'a'), stored(inputsOf('Client', 'a')), MANAGER);
  assert.ok(!('endpoints' in client) && !('generation' in client));
});

suite('drift is seen', () => {
  const cases: [string, Kind, Properties, Properties, Properties][] = [
    ['of a value', 'ClientGroup', {}, { query: 'a.b = 1' }, { query: 'a.b = 1' }],
    ['of what nobody stated', 'Client', {}, { state: 'Disabled' }, { state: 'Disabled' }],
    ['of a name', 'Client', {}, { name: 'other' }, { name: 'other' }],
    ['of what was taken out', 'Client', { description: 'a' }, { description: undefined }, {}],
    [
      'within an object, without the defaults beside it',
      'MqttNamespace',
      { storage: { size: '1Gi' } },
      { storage: { size: '2Gi', retain: false } },
      { storage: { size: '2Gi' } },
    ],
    [
      'within an object, with a default that was stated',
      'MqttNamespace',
      { storage: { size: '1Gi', retain: false } },
      { storage: { size: '2Gi', retain: false } },
      { storage: { size: '2Gi', retain: false } },
    ],
    [
      'of a new object, without its defaults',
      'MqttNamespace',
      {},
      { storage: { size: '2Gi', retain: false } },
      { storage: { size: '2Gi' } },
    ],
    [
      'of a set',
      'TopicSpace',
      { topicTemplates: ['b', 'a'] },
      { topicTemplates: ['a', 'b', 'c'] },
      { topicTemplates: ['a', 'b', 'c'] },
    ],
  ];
  for (const [title, kind, stated, changed, expected] of cases) {
    test(title, () => {
      const inputs = inputsOf(kind, 'a', stated);
      const [field = ''] = Object.keys(changed);
      const others = without(inputs, field);
      const refreshed = found(inputs, changed);
      assert.deepEqual(overTheWire(refreshed), overTheWire({ ...others, ...expected }));
      // The next update puts it back.
      assert.ok(diff({ ...without(stateOf(inputs), field), ...refreshed }, inputs).changes);
    });
  }
});

test('what means the same is kept as it was written', () => {
  const inputs = inputsOf('TopicSpace', 'a', { topicTemplates: ['b', 'a'] });
  assert.deepEqual(found(inputs, { topicTemplates: ['a', 'b'] }), inputs);
  const client = inputsOf('Client', 'a', { attributes: { sensors: ['y', 'x'] } });
  assert.deepEqual(found(client, { attributes: { sensors: ['x', 'y'] } }), client);
});

test('labels and annotations of others are theirs; ours are seen to change and to go', () => {
  const metadata = { name: 'a', namespace: 'default', labels: { team: 'fleet', tier: 'one' } };
  const inputs = inputsOf('Client', 'a', { metadata });
  const object = { ...stored(inputs), labels: { team: 'other', theirs: 'x' } };
  const refreshed = inputsAsFound(stateOf(inputs), { ...object, annotations: { theirs: 'y' } });
  assert.deepEqual(refreshed['metadata'], { ...metadata, labels: { team: 'other' } });
  assert.ok(diff(refreshed, inputs).changes);
});

test('a name that was never stated is not, either, when it is read', () => {
  const inputs = without(inputsOf('Client', 'a'), 'name');
  assert.deepEqual(found(inputs), inputs);
  assert.deepEqual(found(inputs, { name: 'b' })['name'], 'b');
});
