import assert from 'node:assert/strict';
import {
  aClient,
  aConfigMap,
  ALREADY_EXISTS,
  CLAIMS,
  CLIENTS,
  CONFIG_MAPS,
  CONFLICT,
  PODS,
  refusal,
  type AnyObject,
  type ConformanceCases,
  type ConformanceWorld,
} from './world.ts';

const FINALIZER = 'mqttgrid.io/test';

function aPod({ namespace }: ConformanceWorld, name: string, node: object = {}): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      containers: [{ name: 'broker', image: 'broker:1' }],
      terminationGracePeriodSeconds: 5,
      ...node,
    },
  };
}

export const DELETIONS: ConformanceCases = {
  'a delete is for one object and, where it says so, one state of it': async (world) => {
    const { api } = world;
    const { metadata } = await api.create(CLIENTS, aClient(world, 'one'));
    const { uid = '', resourceVersion = '' } = metadata;
    const other = { uid: '12345678-1234-1234-1234-123456789012' };
    assert.equal(await refusal(api.delete(CLIENTS, metadata, other)), CONFLICT);
    await api.patch(CLIENTS, metadata, { metadata: { labels: { a: 'b' } } });
    const stale = { uid, resourceVersion };
    assert.equal(await refusal(api.delete(CLIENTS, metadata, stale)), CONFLICT);
    await api.delete(CLIENTS, metadata, { uid });
    assert.equal(await api.get(CLIENTS, metadata), undefined);
    await api.delete(CLIENTS, metadata, { uid });
    const again = await api.create(CLIENTS, aClient(world, 'one'));
    assert.notEqual(again.metadata.uid, uid);
    assert.equal(again.metadata.generation, 1);
    assert.equal(await refusal(api.delete(CLIENTS, metadata, { uid })), CONFLICT);
  },
  'what has a finalizer is there, as being deleted, until the last one is taken off': async (
    world,
  ) => {
    const { api } = world;
    const config = aClient(world, 'one', {}, { finalizers: [FINALIZER] });
    const { metadata } = await api.create(CLIENTS, config);
    const { uid = '' } = metadata;
    await api.delete(CLIENTS, metadata, { uid });
    const ending = await api.get(CLIENTS, metadata);
    assert.match(ending?.metadata.deletionTimestamp ?? '', /Z$/);
    assert.equal(ending?.metadata.generation, 2);
    assert.equal(await refusal(api.create(CLIENTS, config)), ALREADY_EXISTS);
    await api.delete(CLIENTS, metadata, { uid });
    const same = await api.get(CLIENTS, metadata);
    assert.equal(same?.metadata.resourceVersion, ending?.metadata.resourceVersion);
    await api.patch(CLIENTS, metadata, { metadata: { finalizers: null } });
    assert.equal(await api.get(CLIENTS, metadata), undefined);
  },
  'what is owned, and what is to be orphaned, waits for the garbage collector': async (world) => {
    const { api } = world;
    const { metadata } = await api.create(CONFIG_MAPS, aConfigMap(world, 'owner'));
    const { uid = '', name } = metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    const owned = aConfigMap(world, 'owned', {}, { ownerReferences });
    await api.create(CONFIG_MAPS, owned);
    await api.delete(CONFIG_MAPS, metadata, { uid, propagationPolicy: 'Orphan' });
    assert.deepEqual((await api.get(CONFIG_MAPS, metadata))?.metadata.finalizers, ['orphan']);
    const left = await api.get(CONFIG_MAPS, owned.metadata);
    assert.deepEqual(left?.metadata.ownerReferences, ownerReferences);
  },
  'a pod on a node is stopped before it is gone, unless that shall not take any time': async (
    world,
  ) => {
    const { api } = world;
    const config = aPod(world, 'pod', { nodeName: 'node' });
    const { metadata } = await api.create(PODS, config);
    const { uid = '' } = metadata;
    await api.delete(PODS, metadata, { uid });
    const stopping = await api.get(PODS, metadata);
    assert.match(stopping?.metadata.deletionTimestamp ?? '', /Z$/);
    await api.delete(PODS, metadata, { uid, gracePeriodSeconds: 0 });
    assert.equal(await api.get(PODS, metadata), undefined);
    const homeless = await api.create(PODS, aPod(world, 'homeless'));
    await api.delete(PODS, homeless.metadata, { uid: homeless.metadata.uid ?? '' });
    assert.equal(await api.get(PODS, homeless.metadata), undefined);
  },
  'a claim waits until nobody uses it': async (world) => {
    const { api } = world;
    const claim: AnyObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: world.namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const { metadata } = await api.create(CLAIMS, claim);
    assert.deepEqual(metadata.finalizers, ['kubernetes.io/pvc-protection']);
    await api.delete(CLAIMS, metadata, { uid: metadata.uid ?? '' });
    const ending = await api.get(CLAIMS, metadata);
    assert.match(ending?.metadata.deletionTimestamp ?? '', /Z$/);
    await api.patch(CLAIMS, metadata, { metadata: { finalizers: null } });
    assert.equal(await api.get(CLAIMS, metadata), undefined);
  },
};
