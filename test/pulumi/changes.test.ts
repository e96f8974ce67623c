/** What the next preview, update and refresh make of a change, in the program or in the folder. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { issueCertificateAuthority } from '../../certificates/issue.ts';
import { IMMUTABLE_FIELDS, KINDS, resourceKey, type Kind } from '../../domain/resources.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import type { Properties } from '../../provider/runtime/declaration.ts';
import {
  client,
  GRID,
  object,
  openObjectsStack,
  type DeclaredObject,
} from '../support/pulumi-objects.ts';
import { assertDone, assertUnchanged, changesOf, saidOf } from '../support/pulumi-results.ts';

const ELSEWHERE = { directory: { path: 'elsewhere' } };

/** What a field of an object becomes; before, it is what `object` says. */
const CHANGED = new Map<string, (kind: Kind) => Properties>([
  ['name', (kind) => ({ name: `renamed-${kind}` })],
  ['namespaceRef', () => ({ namespaceRef: { name: 'other' } })],
  ['routeTopicRef', () => ({ routeTopicRef: { name: 'topic' } })],
  ['subscriptionSupport', () => ({ subscriptionSupport: 'HighFanout' })],
  ['metadata.name', (kind) => ({ metadata: { name: `moved-${kind.toLowerCase()}` } })],
  ['metadata.namespace', () => ({ metadata: { namespace: 'other' } })],
  ['target', () => ({ target: ELSEWHERE })],
]);

interface Rule {
  readonly before: DeclaredObject;
  readonly after: DeclaredObject;
}

async function rules(): Promise<Rule[]> {
  const all = KINDS.flatMap((kind) =>
    [...IMMUTABLE_FIELDS[kind], 'metadata.name', 'metadata.namespace', 'target'].map(
      async (field): Promise<Rule> => {
        const name = `${kind}-${field.replace('.', '-')}`.toLowerCase();
        const before = object(kind, name, await distinct(kind, name));
        const changed = CHANGED.get(field)?.(kind);
        assert.ok(changed !== undefined, `what ${field} of ${kind} becomes`);
        return { before, after: { ...before, args: { ...before.args, ...changed } } };
      },
    ),
  );
  return await Promise.all(all);
}

/** What no two objects of a kind may have in common. */
async function distinct(kind: Kind, name: string): Promise<Properties> {
  switch (kind) {
    case 'CaCertificate': {
      const { certificatePem } = await issueCertificateAuthority({
        nowMs: Date.now(),
        commonName: name,
      });
      return { encodedCertificate: certificatePem };
    }
    case 'Client':
      return client(name).args;
    case 'TopicSpace':
      return { topicTemplates: [`${name}/#`] };
    default:
      return {};
  }
}

/** What objects refer to, wherever they go. */
function surroundings(): DeclaredObject[] {
  const places: readonly (readonly [string, Properties])[] = [
    ['here', {}],
    ['there', { metadata: { namespace: 'other' } }],
    ['elsewhere', { target: ELSEWHERE }],
  ];
  const everywhere = places.flatMap(([place, { metadata, ...args }]) => {
    const named = (kind: Kind, name: string, spec: Properties = {}): DeclaredObject => {
      const named = { ...recordOf(metadata), name };
      return object(kind, `${name}-${place}`, { ...args, ...spec, metadata: named });
    };
    return [
      named('MqttNamespace', 'grid', { limits: { caCertificates: KINDS.length } }),
      named('EventTopic', 'topic'),
      named('TopicSpace', 'space'),
    ];
  });
  const namespaceRef = { name: 'other' };
  const space = { namespaceRef, metadata: { name: 'other-space' }, name: 'space' };
  return [
    ...everywhere,
    object('MqttNamespace', 'other'),
    object('TopicSpace', 'space-of-other', space),
  ];
}

function keyOf({ kind, name, args }: DeclaredObject): string {
  return resourceKey({
    kind,
    metadata: { name, namespace: 'default', ...recordOf(args['metadata']) },
  });
}

function isElsewhere({ args }: DeclaredObject): boolean {
  return args['target'] === ELSEWHERE;
}

test('what can only be set at creation is replaced, the old object deleted first', async (t) => {
  const [around, table] = [surroundings(), await rules()];
  const after = [...around, ...table.map((rule) => rule.after)];
  const before = [...around, ...table.map((rule) => rule.before)];
  const { stack, declare, keys } = await openObjectsStack(t, before);
  const assertHolds = (objects: readonly DeclaredObject[]): void => {
    const here = objects.filter((each) => !isElsewhere(each));
    assert.deepEqual(keys(), here.map(keyOf).sort());
    assert.deepEqual(keys('elsewhere'), objects.filter(isElsewhere).map(keyOf).sort());
  };
  assertDone(await stack.up());
  assertHolds(before);

  declare(...after);
  for (const command of ['preview', 'up'] as const) {
    const result = await stack[command]();
    assertDone(result);
    const changes = Map.groupBy(changesOf(result), ([resource]) => resource);
    for (const { kind, name } of table.map((rule) => rule.after)) {
      const steps = changes.get(`${kind} ${name}`)?.map(([, operation]) => operation);
      const expected = ['delete-replaced', 'replace', 'create-replacement'];
      assert.deepEqual(steps, expected, `${command}: ${kind} ${name}`);
      changes.delete(`${kind} ${name}`);
    }
    assert.deepEqual([...changes], [], command);
  }
  assertHolds(after);
  assertUnchanged(await stack.up());
});

test('what is referred to by a plain name goes first, wherever the program declares it', async (t) => {
  const binding = object('PermissionBinding', 'everybody', { clientGroupName: 'group' });
  const members = [binding, object('TopicSpace', 'space'), object('ClientGroup', 'group'), GRID];
  const subscription = object('EventSubscription', 'subscription');
  const objects = [subscription, ...members, object('EventTopic', 'topic')];
  // Those that wait would leave no operation for what they wait for.
  const { stack, keys } = await openObjectsStack(t, objects, {
    config: { 'mqttgrid:timeoutSeconds': '5' },
  });
  assertDone(await stack.up('--parallel', '1'));
  assert.deepEqual(keys(), objects.map(keyOf).sort());
});

const CHAIN = `
const mqttgrid = require('mqttgrid');
const { Config } = require('@pulumi/pulumi');
const generation = new Config().require('generation');
const grid = new mqttgrid.MqttNamespace('grid', { metadata: { name: 'grid-' + generation } });
const events = new mqttgrid.EventTopic('events', { metadata: { name: 'events-' + generation } });
new mqttgrid.EventSubscription('log', {
  topicRef: events.ref,
  destination: { file: { path: '/tmp/log' } },
});
const { ref: namespaceRef } = grid;
const group = new mqttgrid.ClientGroup('group', { namespaceRef, query: "name = 'a'" });
const space = new mqttgrid.TopicSpace('space', {
  namespaceRef,
  topicTemplates: ['all/#'],
  subscriptionSupport: 'LowFanout',
});
new mqttgrid.PermissionBinding('binding', {
  namespaceRef,
  clientGroupName: group.name,
  topicSpaceName: space.name,
  permission: 'Subscriber',
});
`;

test('what refers to a replaced object follows it, replaced itself only where it must', async (t) => {
  const { stack, keys } = await openObjectsStack(t, [], {
    files: { 'index.js': CHAIN },
    config: { generation: 'one' },
  });
  assertDone(await stack.up());
  await stack.configure({ generation: 'two' });
  for (const result of [await stack.preview(), await stack.up()]) {
    assertDone(result);
    const changes = changesOf(result);
    const replaced = changes.flatMap(([name, step]) => (step === 'replace' ? [name] : []));
    assert.deepEqual(replaced.sort(), [
      'ClientGroup group',
      'EventTopic events',
      'MqttNamespace grid',
      'PermissionBinding binding',
      'TopicSpace space',
    ]);
    const updated = changes.flatMap(([name, step]) => (step === 'update' ? [name] : []));
    assert.deepEqual(updated, ['EventSubscription log']);
  }
  assert.deepEqual(keys(), [
    'ClientGroup/default/group',
    'EventSubscription/default/log',
    'EventTopic/default/events-two',
    'MqttNamespace/default/grid-two',
    'PermissionBinding/default/binding',
    'TopicSpace/default/space',
  ]);
  assertUnchanged(await stack.up());
});

/** Of a file that somebody edits. */
const SPACE_FILE = 'topicspace.default.alerts.yaml';

const NORTH = { attributes: { region: 'north' } };
const GROUP = object('ClientGroup', 'vehicles', { query: "attributes.region = 'north'" });
const SPACE = object('TopicSpace', 'alerts', {
  topicTemplates: ['alerts/${client.name}', 'alerts/all'],
  subscriptionSupport: 'LowFanout',
});
const BINDING = object('PermissionBinding', 'hear', {
  clientGroupName: 'vehicles',
  topicSpaceName: 'alerts',
  permission: 'Subscriber',
});
const CLIENTS = ['vehicle-1', 'vehicle-2', 'vehicle-3'].map((name) => client(name, NORTH));

const RESTORED = new Map([
  ['Client vehicle-3', 'create'],
  ['TopicSpace alerts', 'update'],
]);

function changed(base: DeclaredObject, args: Properties): DeclaredObject {
  return { ...base, args: { ...base.args, ...args } };
}

test('what means the same is no change, what is edited outside is, and access is told', async (t) => {
  const fleet = [GRID, ...CLIENTS, GROUP, SPACE, BINDING];
  const { stack, folder, declare, read, write } = await openObjectsStack(t, fleet);
  assertDone(await stack.up());
  const before = read(SPACE_FILE);

  await t.test('no change: defaults, the order of sets, a name, how it is declared', async () => {
    declare(
      changed(GRID, { replicas: 1, name: 'grid' }),
      ...CLIENTS.map((each) => changed(each, { state: 'Enabled', timeoutSeconds: 60 })),
      changed(GROUP, { name: 'vehicles', adopt: true, metadata: { namespace: 'default' } }),
      changed(SPACE, { topicTemplates: ['alerts/all', 'alerts/${client.name}'] }),
      changed(BINDING, { metadata: { name: 'hear', labels: {}, annotations: {} } }),
    );
    assertUnchanged(await stack.preview());
    declare(...fleet);
  });

  await t.test('an unrelated description says nothing of access', async () => {
    declare(GRID, ...CLIENTS, ...[GROUP, SPACE, BINDING].map(described));
    const preview = await stack.preview();
    assert.equal(changesOf(preview).length, 3);
    assert.deepEqual(saidOf(preview, 'info'), []);
  });

  await t.test('a narrower query takes access, another template takes and gives', async () => {
    declare(
      ...[GRID, ...CLIENTS, BINDING],
      changed(GROUP, { query: "attributes.region = 'north' and name = 'vehicle-2'" }),
      changed(SPACE, { topicTemplates: ['alerts/${client.name}', 'news'] }),
    );
    const preview = await stack.preview();
    assertDone(preview);
    // Each by itself, the space with the group as it will be.
    assert.deepEqual(saidOf(preview, 'info'), [
      'ClientGroup vehicles: 2 clients lose subscribe on alerts/${client.name} ' +
        '(such as alerts/vehicle-1): vehicle-1, vehicle-3\n' +
        '2 clients lose subscribe on alerts/all: vehicle-1, vehicle-3',
      'TopicSpace alerts: 1 client loses subscribe on alerts/all: vehicle-2\n' +
        '1 client gains subscribe on news: vehicle-2',
    ]);
  });

  await t.test(
    'of a file that was edited or deleted, refresh tells and the next up restores',
    async () => {
      declare(...fleet);
      write(SPACE_FILE, read(SPACE_FILE).replace('alerts/all', 'theirs'));
      const labelled = 'mqttnamespace.default.grid.yaml';
      write(labelled, read(labelled).replace('metadata:', 'metadata:\n  labels: { theirs: kept }'));
      rmSync(path.join(folder, 'client.default.vehicle-3.yaml'));

      const refresh = await stack.refresh();
      assertDone(refresh);
      assert.match(refresh.text, /Client vehicle-3 deleted/);
      assert.match(refresh.text, /TopicSpace alerts updated \[diff: ~topicTemplates\]/);
      assert.match(refresh.text, /2 changes\. 6 unchanged/);
      const preview = await stack.preview('--diff');
      assert.match(preview.text, /"theirs" => "alerts\/all"/);
      for (const result of [preview, await stack.up()]) {
        assertDone(result);
        assert.deepEqual(new Map(changesOf(result)), RESTORED, result.text);
      }
      assert.equal(read(SPACE_FILE), before);
      assert.match(read(labelled), /theirs: kept/);
      assert.match(read('client.default.vehicle-3.yaml'), /vehicle-3/);
      assertUnchanged(await stack.refresh());
    },
  );
});

function described(base: DeclaredObject): DeclaredObject {
  return changed(base, { description: 'changed' });
}
