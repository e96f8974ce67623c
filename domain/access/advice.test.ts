import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { declare, OWNER, readAnyCertificate } from '../../test/support/resources.ts';
import { ANY_TEMPLATE, anyFilter } from '../../test/support/topics.ts';
import { compile } from '../compile.ts';
import { nameOf, resourceKey, type Kind, type Resource } from '../resources.ts';
import type { Snapshot } from '../snapshot.ts';
import { adviseOn, type Advice } from './advice.ts';
import { printChanges, type Change } from './change.ts';
import { grantFor, type AccessQuestion } from './decision.ts';
import { buildPolicy } from './policy.ts';

/** What a cluster holds before and after somebody follows an advice. */
type Declared = readonly Resource[];

const GRID = declare('MqttNamespace', OWNER);

interface Compiled {
  readonly snapshot: Snapshot;
  /** Keys of those that are not accepted or not resolved. */
  readonly refused: readonly string[];
}

function compiled(resources: Declared): Compiled {
  const context = { nowMs: 0, readCertificate: readAnyCertificate };
  const { snapshots, verdicts } = compile(resources, context);
  const snapshot = snapshots.get(resourceKey(GRID));
  assert.ok(snapshot);
  const refused = [...verdicts].filter(
    ([, { faults, unresolved }]) => faults.length + unresolved.length > 0,
  );
  return { snapshot, refused: refused.map(([key]) => key).sort() };
}

/** With this field of the object's spec replaced. */
function edited(
  resources: Declared,
  object: readonly [kind: Kind, name: string],
  edit: (spec: Readonly<Record<string, unknown>>) => object,
): Declared {
  let found = 0;
  const after = resources.map((resource): Resource => {
    if (resource.kind !== object[0] || nameOf(resource) !== object[1]) return resource;
    found++;
    const spec = { ...resource.spec, ...edit({ ...resource.spec }) };
    return { ...resource, spec } as Resource;
  });
  assert.equal(found, 1, `there is one ${object.join(' ')}`);
  return after;
}

/** Somebody makes the change; what is new is younger than all. */
function changed(resources: Declared, step: Change): Declared {
  const added = (kind: Kind, name: string, spec: Readonly<Record<string, unknown>>): Declared => {
    return [...resources, declare(kind, name, spec, 2024)];
  };
  switch (step.change) {
    case 'EnableClient':
      return edited(resources, ['Client', step.client], () => ({ state: 'Enabled' }));
    case 'AddTopicTemplate':
      return edited(resources, ['TopicSpace', step.topicSpace], ({ topicTemplates }) => {
        return { topicTemplates: [...(topicTemplates as readonly string[]), step.topicTemplate] };
      });
    case 'AddTopicSpace':
      return added('TopicSpace', step.topicSpace, {
        topicTemplates: [step.topicTemplate],
        subscriptionSupport: step.subscriptionSupport,
      });
    case 'AddClientGroup':
      return added('ClientGroup', step.clientGroup, { query: step.query });
    case 'WidenClientGroup':
      return edited(resources, ['ClientGroup', step.clientGroup], () => ({ query: step.query }));
    case 'AddPermissionBinding':
      return added('PermissionBinding', 'advised', {
        clientGroupName: step.clientGroup,
        topicSpaceName: step.topicSpace,
        permission: step.permission,
      });
  }
}

function isAllowed(snapshot: Snapshot, question: AccessQuestion): boolean {
  const access = buildPolicy(snapshot).clientAccess(question.client);
  return access !== undefined && grantFor(access, question) !== undefined;
}

function adviceIn(resources: Declared, question: AccessQuestion): readonly Advice[] {
  return adviseOn(buildPolicy(compiled(resources).snapshot), question);
}

/** Mostly such as templates have, so that there is something to meet. */
const topicFilter = anyFilter(['a', 'a', 'b', 'b', '$c', '', '{x', '${']);

const client = fc.record({
  k: fc.constantFrom(undefined, 'a', '+'),
  state: fc.constantFrom('Enabled', 'Enabled', 'Enabled', 'Disabled'),
});
const boundGroups = fc.constantFrom([], ['$all'], ['group'], ['none'], ['group', 'none']);
const space = fc.record({
  templates: fc.array(ANY_TEMPLATE, { minLength: 1, maxLength: 2 }),
  support: fc.constantFrom('NotSupported', 'LowFanout', 'HighFanout'),
  publishers: boundGroups,
  subscribers: boundGroups,
});
const limits = fc.record({
  topicSpaces: fc.constantFrom(3, 10),
  clientGroups: fc.constantFrom(2, 10),
  permissionBindings: fc.constantFrom(3, 100),
  topicTemplatesPerTopicSpace: fc.constantFrom(2, 10),
});

const world = fc
  .record({
    clients: fc.tuple(client, client),
    spaces: fc.array(space, { minLength: 1, maxLength: 3 }),
    limits,
  })
  .map(({ clients, spaces, limits }): Declared => {
    const bind = (permission: string, index: number) => {
      return (group: string): Resource => {
        const name = `${permission.toLowerCase()}-${index}-${group.replace('$', '')}`;
        const names = { clientGroupName: group, topicSpaceName: `space-${index}` };
        return declare('PermissionBinding', name, { ...names, permission });
      };
    };
    return [
      declare('MqttNamespace', OWNER, { limits }),
      declare('ClientGroup', 'group', { query: "attributes.k = 'a'" }),
      declare('ClientGroup', 'none', { query: "name = 'nobody' or name = 'neither'" }),
      ...clients.map(({ k, state }, index) => {
        const attributes = k === undefined ? {} : { k };
        return declare('Client', ['a', 'b'][index]!, { state, attributes });
      }),
      ...spaces.flatMap(({ templates, support, publishers, subscribers }, index) => [
        declare('TopicSpace', `space-${index}`, {
          topicTemplates: templates,
          subscriptionSupport: support,
        }),
        ...publishers.map(bind('Publisher', index)),
        ...subscribers.map(bind('Subscriber', index)),
      ]),
    ];
  })
  // What a snapshot does not hold cannot be known: everything declared is in force.
  .filter((resources) => compiled(resources).refused.length === 0);

/** Vehicles report under their own names, a map watches; as in the fan-in scenario. */
const FLEET: Declared = [
  GRID,
  declare('Client', 'car1', { attributes: { type: 'vehicle' } }),
  declare('Client', 'car2', { attributes: { type: 'vehicle', isElectric: 1 } }),
  declare('Client', 'parked', { attributes: { type: 'vehicle' }, state: 'Disabled' }),
  declare('Client', 'map', { attributes: { type: 'map' } }),
  declare('Client', 'guest'),
  declare('ClientGroup', 'vehicles', { query: "attributes.type = 'vehicle'" }),
  declare('ClientGroup', 'electric', { query: 'attributes.isElectric = 1' }),
  declare('ClientGroup', 'maps', { query: "attributes.type = 'map'" }),
  declare('TopicSpace', 'report', {
    topicTemplates: ['vehicles/${client.name}/GPS/#'],
    subscriptionSupport: 'NotSupported',
  }),
  declare('TopicSpace', 'watch', {
    topicTemplates: ['vehicles/+/GPS/#'],
    subscriptionSupport: 'LowFanout',
  }),
  declare('TopicSpace', 'inbox', {
    topicTemplates: ['to/${client.name}'],
    subscriptionSupport: 'LowFanout',
  }),
  ...[
    ['vehicles', 'report', 'Publisher'],
    ['maps', 'watch', 'Subscriber'],
    ['vehicles', 'inbox', 'Subscriber'],
  ].map(([clientGroupName, topicSpaceName, permission]) => {
    const names = { clientGroupName, topicSpaceName, permission };
    return declare('PermissionBinding', `${clientGroupName}-${topicSpaceName}`, names);
  }),
];

suite('an administrator is advised', () => {
  const bind = (group: string, topicSpace: string, permission: string): string =>
    `add a PermissionBinding with clientGroupName "${group}", topicSpaceName "${topicSpace}" ` +
    `and permission ${permission}`;
  const cases: [string, [string, 'publish' | 'subscribe', string], string[]][] = [
    [
      "to widen a space of the client's own before binding it to one of others",
      ['car1', 'publish', 'vehicles/car2/GPS'],
      [
        'add the topic template "vehicles/car2/GPS" to the TopicSpace "report"',
        bind('vehicles', 'watch', 'Publisher'),
      ],
    ],
    [
      "to grant everybody bound to the space their own instead of this client's",
      ['car1', 'publish', 'vehicles/car1/speed'],
      ['add the topic template "vehicles/${client.name}/speed" to the TopicSpace "report"'],
    ],
    [
      'to bind the smallest group that the client is in',
      ['car2', 'publish', 'to/car2'],
      [
        'add the topic template "to/${client.name}" to the TopicSpace "report"',
        bind('electric', 'inbox', 'Publisher'),
      ],
    ],
    [
      'to make a group for a client that is in none, before opening it to all',
      ['guest', 'subscribe', 'to/guest'],
      [
        `declare a ClientGroup "new-group" with the query "name = 'guest'", and ` +
          bind('new-group', 'inbox', 'Subscriber'),
        bind('$all', 'inbox', 'Subscriber'),
        'make the client a member of the ClientGroup "vehicles", by its attributes or by the ' +
          `query "attributes.type = 'vehicle' or name = 'guest'": the binding "vehicles-inbox" ` +
          'permits it',
      ],
    ],
    [
      'to declare a space where none can hold it',
      ['map', 'publish', 'alerts/$c/${x'],
      [
        'declare a TopicSpace "new-space" with the topic template "alerts/$c/${dollar}{x" and ' +
          `subscriptionSupport NotSupported, and ${bind('maps', 'new-space', 'Publisher')}`,
      ],
    ],
    [
      'to use the only space that it would overlap',
      ['car1', 'subscribe', 'vehicles/#'],
      [
        'add the topic template "vehicles/#" to the TopicSpace "watch", and ' +
          bind('vehicles', 'watch', 'Subscriber'),
      ],
    ],
    [
      'to use no space that must not hold it',
      ['map', 'subscribe', 'vehicles/#'],
      ['add the topic template "vehicles/#" to the TopicSpace "watch"'],
    ],
    ['nothing where every space would overlap another', ['car1', 'subscribe', '#'], []],
    [
      'to enable a client',
      ['parked', 'publish', 'vehicles/parked/GPS'],
      ['set spec.state of the Client "parked" to Enabled'],
    ],
    [
      'to enable a client, and what it then lacks',
      ['parked', 'publish', 'x'],
      [
        'set spec.state of the Client "parked" to Enabled, and add the topic template "x" to the ' +
          'TopicSpace "report"',
      ],
    ],
    ['nothing about a client that is not there', ['car3', 'publish', 'x'], []],
  ];
  for (const [title, [name, operation, topic], expected] of cases) {
    test(title, () => {
      const advices = adviceIn(FLEET, { client: name, operation, topic });
      assert.deepEqual(advices.map(printChanges), expected);
    });
  }

  test('to do nothing that a limit forbids', () => {
    const limits = { topicTemplatesPerTopicSpace: 1, permissionBindings: 3 };
    const full = edited(FLEET, ['MqttNamespace', OWNER], () => ({ limits }));
    assert.deepEqual(adviceIn(full, { client: 'car1', operation: 'publish', topic: 'x' }), []);
  });
});

suite('whatever is declared and asked,', () => {
  test('each advice allows it when it is followed, and is accepted as a whole', () => {
    const seen = new Map<string, number>();
    const check = (resources: Declared, operation: 'publish' | 'subscribe', topic: string) => {
      const question: AccessQuestion = { client: 'a', operation, topic };
      fc.pre(operation === 'subscribe' || !/[+#]/.test(topic));
      fc.pre(!isAllowed(compiled(resources).snapshot, question));
      for (const advice of adviceIn(resources, question)) {
        for (const { change } of advice) seen.set(change, (seen.get(change) ?? 0) + 1);
        const after = compiled(advice.reduce(changed, resources));
        assert.deepEqual(after.refused, [], printChanges(advice));
        assert.ok(isAllowed(after.snapshot, question), printChanges(advice));
      }
    };
    const operation = fc.constantFrom('publish' as const, 'subscribe' as const);
    fc.assert(fc.property(world, operation, topicFilter, check), { numRuns: 1500 });
    assert.equal(seen.size, 6, [...seen].join(' '));
  });
});
