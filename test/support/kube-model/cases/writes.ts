import assert from 'node:assert/strict';
import type { KubeObject } from '../../../../kube/kube-api.ts';
import {
  aClient,
  aCondition,
  aConfigMap,
  ALREADY_EXISTS,
  aStatefulSet,
  AUTHENTICATION,
  CLIENTS,
  CONFIG_MAPS,
  CONFLICT,
  INVALID,
  LEASES,
  MQTT_NAMESPACES,
  NAMESPACES,
  NOT_FOUND,
  refusal,
  SECRETS,
  STATEFUL_SETS,
  type AnyObject,
  type ConformanceCases,
  type ConformanceWorld,
} from './world.ts';

async function created(world: ConformanceWorld, name: string, spec = {}): Promise<AnyObject> {
  return world.api.create<AnyObject>(CLIENTS, aClient(world, name, spec));
}

function versionOf({ metadata }: KubeObject): string {
  assert.ok(metadata.resourceVersion !== undefined);
  return metadata.resourceVersion;
}

export const WRITES: ConformanceCases = {
  'what is created gets its identity, defaults, and no status but the default one': async (
    world,
  ) => {
    const given = { ...aClient(world, 'one', { unknown: 1 }), status: { observedGeneration: 7 } };
    const answered = await world.api.create<AnyObject>(CLIENTS, given);
    const { metadata, spec, status } = answered;
    assert.equal(metadata.generation, 1);
    assert.match(metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    assert.match(metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const namespaceRef = { name: 'grid' };
    assert.deepEqual(spec, { namespaceRef, authentication: AUTHENTICATION, state: 'Enabled' });
    assert.deepEqual(status, { observedGeneration: -1 });
    const read = await world.api.get<AnyObject>(CLIENTS, metadata);
    assert.deepEqual(read?.status, status);
    assert.equal(read?.metadata.resourceVersion, metadata.resourceVersion);
  },
  'there is one object of a name, and none in a Kubernetes namespace that is missing': async (
    world,
  ) => {
    const first = await created(world, 'one');
    assert.equal(await refusal(created(world, 'one')), ALREADY_EXISTS);
    assert.equal((await world.api.get(CLIENTS, first.metadata))?.metadata.uid, first.metadata.uid);
    const elsewhere = { ...world, namespace: 'is-missing' };
    assert.equal(await refusal(created(elsewhere, 'one')), NOT_FOUND);
    assert.equal(await world.api.get(CLIENTS, { ...first.metadata, name: 'two' }), undefined);
  },
  'what the schema or its rules refuse is not stored': async (world) => {
    const faulty = [{ state: 'Sleeping' }, { authentication: {} }, { namespaceRef: {} }];
    for (const spec of faulty) {
      assert.equal(await refusal(created(world, 'one', spec)), INVALID);
    }
    const { metadata } = await created(world, 'one');
    const patch = { spec: { namespaceRef: { name: 'other' } } };
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, patch)), INVALID);
    const both = { certificateThumbprint: { primary: 'a1'.repeat(20) } };
    const choice = { spec: { authentication: both } };
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, choice)), INVALID);
    const read = await world.api.get(CLIENTS, metadata);
    assert.equal(read?.metadata.resourceVersion, metadata.resourceVersion);
  },
  'a generation counts changes of the spec, and nothing else': async (world) => {
    const first = await created(world, 'one');
    const labels = { tier: 'gold' };
    const labelled = { ...first, metadata: { ...first.metadata, labels } };
    const second = await world.api.replace(CLIENTS, labelled);
    assert.equal(second.metadata.generation, 1);
    assert.notEqual(versionOf(second), versionOf(first));
    const spec = { ...second.spec, description: 'first' };
    const third = await world.api.replace(CLIENTS, { ...second, spec });
    assert.equal(third.metadata.generation, 2);
    const status = { conditions: [aCondition('Ready', 'True')], observedGeneration: 2 };
    const where = { subresource: 'status' } as const;
    const fourth = await world.api.patch(CLIENTS, first.metadata, { status }, where);
    assert.equal(fourth.metadata.generation, 2);
    assert.equal(fourth.metadata.uid, first.metadata.uid);
  },
  'a replace is for the state that it names': async (world) => {
    const first = await created(world, 'one');
    const second = await world.api.replace(CLIENTS, {
      ...first,
      spec: { ...first.spec, description: 'second' },
    });
    assert.equal(await refusal(world.api.replace(CLIENTS, first)), CONFLICT);
    assert.equal(await refusal(world.api.replace(CLIENTS, aClient(world, 'one'))), INVALID);
    assert.equal(await refusal(world.api.replace(CLIENTS, aClient(world, 'two'))), NOT_FOUND);
    const uid = '12345678-1234-1234-1234-123456789012';
    const other = { ...second, metadata: { ...second.metadata, uid } };
    assert.equal(await refusal(world.api.replace(CLIENTS, other)), CONFLICT);
    const read = await world.api.get<AnyObject>(CLIENTS, first.metadata);
    assert.equal(read?.spec?.['description'], 'second');
  },
  'a write that changes nothing is no new state': async (world) => {
    const born = await created(world, 'one');
    // But this one: now the status that the schema gives it is stored, too.
    const first = await world.api.replace(CLIENTS, born);
    assert.notEqual(versionOf(first), versionOf(born));
    assert.equal(first.metadata.generation, 1);
    const same = await world.api.replace(CLIENTS, first);
    assert.equal(versionOf(same), versionOf(first));
    const patch = { spec: { state: 'Enabled', description: null } };
    const patched = await world.api.patch(CLIENTS, first.metadata, patch);
    assert.equal(versionOf(patched), versionOf(first));
  },
  'a merge patch changes what it names, removes what is null, and heeds a version': async (
    world,
  ) => {
    const { metadata } = await created(world, 'one', { description: 'first', name: 'One' });
    const patch = { spec: { description: null, state: 'Disabled' } };
    const second = await world.api.patch<AnyObject>(CLIENTS, metadata, patch);
    const namespaceRef = { name: 'grid' };
    const rest = { namespaceRef, authentication: AUTHENTICATION, name: 'One' };
    assert.deepEqual(second.spec, { ...rest, state: 'Disabled' });
    const { resourceVersion } = metadata;
    const stale = { metadata: { resourceVersion }, spec: { state: 'Enabled' } };
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, stale)), CONFLICT);
    const uid = '12345678-1234-1234-1234-123456789012';
    const other = { metadata: { uid }, spec: { state: 'Enabled' } };
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, other)), INVALID);
    const missing = { ...metadata, name: 'two' };
    assert.equal(await refusal(world.api.patch(CLIENTS, missing, patch)), NOT_FOUND);
  },
  'a patch of the status leaves the rest, is validated, and heeds a version': async (world) => {
    const first = await created(world, 'one');
    const where = { subresource: 'status' } as const;
    const { metadata } = first;
    const status = { observedGeneration: 1, conditions: [aCondition('Ready', 'True')] };
    const patch = {
      metadata: { resourceVersion: versionOf(first), labels: { ignored: 'yes' } },
      spec: { description: 'ignored' },
      status,
    };
    const second = await world.api.patch<AnyObject>(CLIENTS, metadata, patch, where);
    assert.deepEqual(second.status, status);
    assert.deepEqual(second.spec, first.spec);
    assert.equal(second.metadata.labels, undefined);
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, patch, where)), CONFLICT);
    const uid = '12345678-1234-1234-1234-123456789012';
    // No fence at all: what is to fence a status is its version.
    const other = { metadata: { uid }, status: { observedGeneration: 2 } };
    assert.equal(await refusal(world.api.patch(CLIENTS, metadata, other, where)), 'accepted');
    const incomplete = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    const refused = await refusal(world.api.patch(CLIENTS, metadata, incomplete, where));
    assert.equal(refused, INVALID);
  },
  'a write of the object leaves its status': async (world) => {
    const { metadata } = await created(world, 'one');
    const status = { observedGeneration: 1 };
    const where = { subresource: 'status' } as const;
    const second = await world.api.patch<AnyObject>(CLIENTS, metadata, { status }, where);
    const without = { ...second, status: {}, spec: { ...second.spec, state: 'Disabled' } };
    const third = await world.api.replace<AnyObject>(CLIENTS, without);
    assert.deepEqual(third.status, status);
    const patch = { status: { observedGeneration: 9 } };
    const fourth = await world.api.patch<AnyObject>(CLIENTS, metadata, patch);
    assert.deepEqual(fourth.status, status);
  },
  'a status for an object that was made anew since is refused': async (world) => {
    const first = await created(world, 'one');
    const { uid = '', resourceVersion } = first.metadata;
    await world.api.delete(CLIENTS, first.metadata, { uid });
    const second = await created(world, 'one');
    const patch = { metadata: { resourceVersion }, status: { observedGeneration: 1 } };
    const where = { subresource: 'status' } as const;
    const stale = await refusal(world.api.patch(CLIENTS, first.metadata, patch, where));
    assert.equal(stale, CONFLICT);
    assert.notEqual(second.metadata.uid, uid);
    const read = await world.api.get<AnyObject>(CLIENTS, first.metadata);
    assert.deepEqual(read?.status, { observedGeneration: -1 });
  },
  'a MqttNamespace gets the defaults of its schema, and keeps what only creation may say': async (
    world,
  ) => {
    const given = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'MqttNamespace',
      metadata: { name: 'grid', namespace: world.namespace },
      spec: { storage: { size: '2Gi' } },
    };
    const { metadata, spec } = await world.api.create<AnyObject>(MQTT_NAMESPACES, given);
    assert.equal(spec?.['replicas'], 1);
    assert.deepEqual(spec?.['storage'], { size: '2Gi', retain: false });
    const patch = { spec: { routeTopicRef: { name: 'events' } } };
    assert.equal(await refusal(world.api.patch(MQTT_NAMESPACES, metadata, patch)), INVALID);
  },
  'a StatefulSet has a generation, a status beside it, and fields that stay as they are': async (
    world,
  ) => {
    const set = await world.api.create<AnyObject>(STATEFUL_SETS, aStatefulSet(world, 'set'));
    const { metadata } = set;
    assert.equal(metadata.generation, 1);
    const scaled = await world.api.patch(STATEFUL_SETS, metadata, { spec: { replicas: 0 } });
    assert.equal(scaled.metadata.generation, 2);
    const fixed = { spec: { serviceName: 'other' } };
    assert.equal(await refusal(world.api.patch(STATEFUL_SETS, metadata, fixed)), INVALID);
    const status = { observedGeneration: 2, replicas: 0 };
    const where = { subresource: 'status' } as const;
    const told = await world.api.patch<AnyObject>(STATEFUL_SETS, metadata, { status }, where);
    assert.equal(told.status?.['observedGeneration'], 2);
    assert.equal(told.metadata.generation, 2);
  },
  'types of the server without a generation are replaced in whatever state they are': async (
    world,
  ) => {
    const map = await world.api.create(CONFIG_MAPS, aConfigMap(world, 'map', { a: '1' }));
    assert.equal(map.metadata.generation, undefined);
    const replaced = await world.api.replace(CONFIG_MAPS, aConfigMap(world, 'map', { b: '2' }));
    assert.deepEqual(replaced.data, { b: '2' });
    const stale = aConfigMap(world, 'map', {}, { resourceVersion: versionOf(map) });
    assert.equal(await refusal(world.api.replace(CONFIG_MAPS, stale)), CONFLICT);
  },
  'a Secret keeps its type': async (world) => {
    const metadata = { name: 'secret', namespace: world.namespace };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata };
    const { metadata: stored } = await world.api.create(SECRETS, secret);
    const patch = { type: 'kubernetes.io/tls' };
    assert.equal(await refusal(world.api.patch(SECRETS, stored, patch)), INVALID);
  },
  'a Lease is taken by whoever replaces the state that both have seen': async (world) => {
    const metadata = { name: 'lease', namespace: world.namespace };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: { holderIdentity: '', leaseDurationSeconds: 15 },
    };
    const seen = await world.api.create<AnyObject>(LEASES, lease);
    const taken = (holderIdentity: string): AnyObject => {
      return { ...seen, spec: { ...seen.spec, holderIdentity } };
    };
    const both = await Promise.all([
      refusal(world.api.replace(LEASES, taken('one'))),
      refusal(world.api.replace(LEASES, taken('two'))),
    ]);
    assert.deepEqual(both.sort(), [CONFLICT, 'accepted']);
    assert.equal(await refusal(world.api.replace(LEASES, lease)), INVALID);
  },
  'nothing is created in a Kubernetes namespace that is being deleted': async (world) => {
    const { metadata } = await world.api.create<KubeObject>(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: `${world.namespace}-ending` },
    });
    const ending = { ...world, namespace: metadata.name };
    // Something in it: where controllers run, an empty one is gone at once.
    const kept = aConfigMap(ending, 'kept', {}, { finalizers: ['example.com/wait'] });
    await world.api.create(CONFIG_MAPS, kept);
    await world.api.delete(NAMESPACES, metadata, { uid: metadata.uid ?? '' });
    const refused = await refusal(world.api.create(CONFIG_MAPS, aConfigMap(ending, 'map')));
    assert.equal(refused, '403 Forbidden');
    const finalizers = { metadata: { finalizers: null } };
    await world.api.patch(CONFIG_MAPS, kept.metadata, finalizers);
  },
};
