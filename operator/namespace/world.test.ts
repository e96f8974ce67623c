import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeclaredObject } from './declared.ts';
import { World } from './world.ts';

function anObject(
  kind: string,
  name: string,
  more: {
    readonly spec?: unknown;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly status?: unknown;
  } = {},
): DeclaredObject {
  const { spec = { namespaceRef: { name: 'grid' } }, status, ...metadata } = more;
  return {
    apiVersion: 'mqttgrid.io/v1',
    kind,
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-of-${name}`,
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec,
    status,
  };
}

test('a member touches the MqttNamespace that it names, which need not exist', () => {
  const world = new World();
  const touched = world.set(anObject('Client', 'one'));
  assert.deepEqual(touched, { keys: ['default/grid'], statusOnly: false });
  assert.deepEqual(
    world.input('default', 'grid').members.map(({ metadata }) => metadata.name),
    ['one'],
  );
  assert.ok(world.hasMembers('default', 'grid'));
});

test('a MqttNamespace touches all of its Kubernetes namespace, which share names and a maximum', () => {
  const world = new World();
  world.set(anObject('Client', 'one', { spec: { namespaceRef: { name: 'elsewhere' } } }));
  const { keys } = world.set(anObject('MqttNamespace', 'grid', { spec: {} }));
  assert.deepEqual([...keys].sort(), ['default/elsewhere', 'default/grid']);
});

test('an EventTopic touches all who may route to it; a subscription those who do', () => {
  const world = new World();
  const routing = { spec: { routeTopicRef: { name: 'telemetry' } } };
  world.set(anObject('MqttNamespace', 'grid', routing));
  const topic = world.set(anObject('EventTopic', 'telemetry', { spec: {} }));
  world.set(anObject('MqttNamespace', 'elsewhere', { spec: {} }));
  assert.deepEqual(topic.keys, ['default', 'default/grid']);
  const hot = (topicRef: unknown, generation: number) => {
    return world.set(anObject('EventSubscription', 'hot', { generation, spec: { topicRef } }));
  };
  assert.deepEqual(hot(undefined, 1).keys, ['default']);
  assert.deepEqual(hot({ name: 'telemetry' }, 2).keys, ['default', 'default', 'default/grid']);
  assert.deepEqual(hot({ name: 'others' }, 3).keys, ['default', 'default/grid', 'default']);
  const { eventTopics, eventSubscriptions } = world.events('default');
  assert.deepEqual([eventTopics.length, eventSubscriptions.length], [1, 1]);
});

test('a resource stays the same object while only its status changes', () => {
  const world = new World();
  world.set(anObject('Client', 'one'));
  const before = world.find('Client', 'default', 'one')?.resource;
  const written = anObject('Client', 'one', { resourceVersion: '2', status: { conditions: [] } });
  assert.deepEqual(world.set(written), { keys: ['default/grid'], statusOnly: true });
  const after = world.find('Client', 'default', 'one');
  assert.equal(after?.resource, before);
  assert.equal(after?.resourceVersion, '2');
});

test('an edit makes another resource of the same object', () => {
  const world = new World();
  world.set(anObject('Client', 'one'));
  const before = world.find('Client', 'default', 'one');
  const resource = before?.resource;
  const { statusOnly } = world.set(anObject('Client', 'one', { generation: 2 }));
  assert.equal(statusOnly, false);
  assert.equal(world.find('Client', 'default', 'one'), before);
  assert.notEqual(before?.resource, resource);
});

test('an edit that a store without a schema let through moves a member, and touches both owners', () => {
  const world = new World();
  world.set(anObject('Client', 'one'));
  const spec = { namespaceRef: { name: 'other' } };
  const { keys } = world.set(anObject('Client', 'one', { generation: 2, spec }));
  assert.deepEqual(keys, ['default/grid', 'default/other']);
  assert.equal(world.hasMembers('default', 'grid'), false);
  assert.equal(world.input('default', 'other').members.length, 1);
});

test('a namesake with another UID is another object', () => {
  const world = new World();
  world.set(anObject('Client', 'one'));
  const before = world.find('Client', 'default', 'one');
  world.set(anObject('Client', 'one', { uid: 'another' }));
  const after = world.find('Client', 'default', 'one');
  assert.notEqual(after, before);
  assert.equal(world.input('default', 'grid').members.length, 1);
});

test('an object that is being deleted counts as gone', () => {
  const world = new World();
  world.set(anObject('Client', 'one'));
  const leaving = anObject('Client', 'one', { deletionTimestamp: '2026-01-02T00:00:00Z' });
  assert.deepEqual(world.set(leaving).keys, ['default/grid']);
  assert.equal(world.hasMembers('default', 'grid'), false);
  assert.deepEqual(world.remove(leaving).keys, []);
  assert.deepEqual(world.keys(), []);
});

for (const spec of [
  undefined,
  null,
  7,
  'text',
  [],
  { namespaceRef: 'grid' },
  { namespaceRef: {} },
]) {
  test(`a stored object whose spec is ${JSON.stringify(spec)} belongs to no MqttNamespace`, () => {
    const world = new World();
    assert.deepEqual(world.set({ ...anObject('Client', 'one'), spec }).keys, ['default/']);
    assert.equal(world.input('default', '').members.length, 1);
  });
}
