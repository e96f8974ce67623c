import assert from 'node:assert/strict';
import {
  aClient,
  aCondition,
  aConfigMap,
  aStatefulSet,
  AUTHENTICATION,
  CLIENTS,
  CONFIG_MAPS,
  CONFLICT,
  INVALID,
  NOT_FOUND,
  refusal,
  SERVICES,
  STATEFUL_SETS,
  type AnyObject,
  type ConformanceCases,
} from './world.ts';

const OURS = { fieldManager: 'ours', force: false };
const THEIRS = { fieldManager: 'theirs', force: false };

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

function containersOf(set: AnyObject): readonly Container[] {
  const template = set.spec?.['template'] as { spec: { containers: readonly Container[] } };
  return template.spec.containers;
}

export const APPLIES: ConformanceCases = {
  'an apply creates what is missing, and changes nothing when it says the same again': async ({
    api,
    ...world
  }) => {
    const config = aClient({ api, ...world }, 'one', { description: 'first' });
    const first = await api.apply(CLIENTS, config, OURS);
    assert.equal(first.metadata.generation, 1);
    assert.equal(first.spec?.['state'], 'Enabled');
    const status = { observedGeneration: 1 };
    const where = { subresource: 'status' } as const;
    const told = await api.patch(CLIENTS, first.metadata, { status }, where);
    const again = await api.apply(CLIENTS, config, OURS);
    assert.equal(again.metadata.resourceVersion, told.metadata.resourceVersion);
  },
  'what a manager applies no longer is gone, and what others say stays': async (world) => {
    const { api } = world;
    const data = { a: '1', b: '2' };
    const labels = { tier: 'gold' };
    await api.apply(CONFIG_MAPS, aConfigMap(world, 'map', data, { labels }), OURS);
    await api.apply(CONFIG_MAPS, aConfigMap(world, 'map', { c: '3' }), THEIRS);
    await api.patch(CONFIG_MAPS, aConfigMap(world, 'map').metadata, { data: { d: '4' } });
    const less = await api.apply(CONFIG_MAPS, aConfigMap(world, 'map', { a: '1' }), OURS);
    assert.deepEqual(less.data, { a: '1', c: '3', d: '4' });
    assert.equal(less.metadata.labels, undefined);
  },
  'a structure that nobody says anything of any more goes with its last field': async (world) => {
    const { api } = world;
    const attributes = { type: 'vehicle' };
    await api.apply(CLIENTS, aClient(world, 'one', { attributes, description: 'x' }), OURS);
    const bare = await api.apply(CLIENTS, aClient(world, 'one'), OURS);
    const namespaceRef = { name: 'grid' };
    assert.deepEqual(bare.spec, {
      namespaceRef,
      authentication: AUTHENTICATION,
      state: 'Enabled',
    });
  },
  "another manager's field is taken by force alone, and then is not theirs": async (world) => {
    const { api } = world;
    await api.apply(CONFIG_MAPS, aConfigMap(world, 'map', { a: '1', b: '1' }), OURS);
    const change = aConfigMap(world, 'map', { a: '2' });
    assert.equal(await refusal(api.apply(CONFIG_MAPS, change, THEIRS)), CONFLICT);
    const forced = await api.apply(CONFIG_MAPS, change, { ...THEIRS, force: true });
    assert.deepEqual(forced.data, { a: '2', b: '1' });
    const rest = await api.apply(CONFIG_MAPS, aConfigMap(world, 'map', {}), OURS);
    assert.deepEqual(rest.data, { a: '2' });
  },
  'what two managers say alike belongs to both, and stays until both let go': async (world) => {
    const { api } = world;
    const config = aConfigMap(world, 'map', { a: '1' });
    const first = await api.apply(CONFIG_MAPS, config, OURS);
    const second = await api.apply(CONFIG_MAPS, config, THEIRS);
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    const empty = aConfigMap(world, 'map');
    assert.deepEqual((await api.apply(CONFIG_MAPS, empty, OURS)).data, { a: '1' });
    const none = await api.apply(CONFIG_MAPS, empty, THEIRS);
    assert.deepEqual(none.data ?? {}, {});
  },
  'a patch takes the fields that it changes, and an apply by force puts them right': async (
    world,
  ) => {
    const { api } = world;
    const config = aConfigMap(world, 'map', { a: '1' });
    const { metadata } = await api.apply(CONFIG_MAPS, config, OURS);
    await api.patch(CONFIG_MAPS, metadata, { data: { a: 'drifted' } });
    assert.equal(await refusal(api.apply(CONFIG_MAPS, config, OURS)), CONFLICT);
    const right = await api.apply(CONFIG_MAPS, config, { ...OURS, force: true });
    assert.deepEqual(right.data, { a: '1' });
  },
  'conditions are applied by their types, each by its manager': async (world) => {
    const { api } = world;
    const { metadata } = await api.create(CLIENTS, aClient(world, 'one'));
    const { name, namespace } = metadata;
    const told = (...types: string[]): AnyObject => ({
      apiVersion: 'mqttgrid.io/v1',
      kind: 'Client',
      metadata: { name, ...(namespace !== undefined && { namespace }) },
      status: { conditions: types.map((type) => aCondition(type, 'True')) },
    });
    const where = { subresource: 'status' } as const;
    await api.apply(CLIENTS, told('Accepted', 'Stalled'), { ...OURS, ...where });
    await api.apply(CLIENTS, told('Theirs'), { ...THEIRS, ...where });
    const less = await api.apply(CLIENTS, told('Accepted'), { ...OURS, ...where });
    assert.deepEqual(less.status?.['conditions'], [
      aCondition('Accepted', 'True'),
      aCondition('Theirs', 'True'),
    ]);
    assert.equal(less.status?.['observedGeneration'], -1);
    assert.equal(less.metadata.generation, 1);
  },
  'an apply of a status makes no object, and one for another object or state is refused': async (
    world,
  ) => {
    const { api } = world;
    const config = aClient(world, 'one');
    const status = { ...config, status: { observedGeneration: 1 } };
    const where = { ...OURS, subresource: 'status' } as const;
    assert.equal(await refusal(api.apply(CLIENTS, status, where)), NOT_FOUND);
    const uid = '12345678-1234-1234-1234-123456789012';
    const named = { ...config, metadata: { ...config.metadata, uid } };
    assert.equal(await refusal(api.apply(CLIENTS, named, OURS)), CONFLICT);
    const { metadata } = await api.apply(CLIENTS, config, OURS);
    assert.equal(await refusal(api.apply(CLIENTS, named, OURS)), INVALID);
    const statusOfOther = { ...named, status: { observedGeneration: 1 } };
    assert.equal(await refusal(api.apply(CLIENTS, statusOfOther, where)), 'accepted');
    await api.patch(CLIENTS, metadata, { metadata: { labels: { a: 'b' } } });
    const { resourceVersion = '' } = metadata;
    const stale = { ...config, metadata: { ...config.metadata, resourceVersion } };
    assert.equal(await refusal(api.apply(CLIENTS, stale, OURS)), CONFLICT);
  },
  'a dry run judges, and does nothing': async (world) => {
    const { api } = world;
    const dry = { ...OURS, dryRun: true };
    const config = aStatefulSet(world, 'set');
    const { metadata } = await api.apply(STATEFUL_SETS, config, dry);
    assert.equal(await api.get(STATEFUL_SETS, metadata), undefined);
    const first = await api.apply(STATEFUL_SETS, config, OURS);
    const fixed = { ...config, spec: { ...config.spec, serviceName: 'other' } };
    assert.equal(await refusal(api.apply(STATEFUL_SETS, fixed, dry)), INVALID);
    const scaled = { ...config, spec: { ...config.spec, replicas: 3 } };
    const answered = await api.apply(STATEFUL_SETS, scaled, dry);
    assert.equal(answered.spec?.['replicas'], 3);
    assert.deepEqual(await api.get(STATEFUL_SETS, metadata), first);
  },
  'owners are applied by their UIDs': async (world) => {
    const { api } = world;
    const owner = (uid: string): AnyObject['metadata']['ownerReferences'] => [
      { apiVersion: 'v1', kind: 'ConfigMap', name: `owner-${uid[0]}`, uid },
    ];
    const [first, second] = ['1', '2'].map((digit) => digit.repeat(8));
    const config = (uid: string): AnyObject => {
      const ownerReferences = owner(uid) ?? [];
      return aConfigMap(world, 'map', {}, { ownerReferences });
    };
    await api.apply(CONFIG_MAPS, config(first ?? ''), OURS);
    const both = await api.apply(CONFIG_MAPS, config(second ?? ''), THEIRS);
    assert.equal(both.metadata.ownerReferences?.length, 2);
    const one = await api.apply(CONFIG_MAPS, aConfigMap(world, 'map'), THEIRS);
    assert.deepEqual(
      one.metadata.ownerReferences?.map(({ uid }) => uid),
      [first],
    );
  },
  "a pod template's containers and their variables are applied by their names": async (world) => {
    const { api } = world;
    const config = aStatefulSet(world, 'set');
    const first = await api.apply(STATEFUL_SETS, config, OURS);
    const added = { name: 'sidecar', image: 'sidecar:1' };
    const env = [{ name: 'B', value: 'b' }];
    const patched = containersOf(first).map((container) => {
      return { ...container, env: [...(container.env ?? []), ...env] };
    });
    await api.patch(STATEFUL_SETS, first.metadata, {
      spec: { template: { spec: { containers: [...patched, added] } } },
    });
    const again = await api.apply(STATEFUL_SETS, config, { ...OURS, force: true });
    const [broker, sidecar] = containersOf(again);
    assert.deepEqual(broker?.env, [
      { name: 'A', value: 'a' },
      { name: 'B', value: 'b' },
    ]);
    assert.equal(sidecar?.name, 'sidecar');
    assert.equal(again.metadata.generation, 2);
    const third = await api.apply(STATEFUL_SETS, config, { ...OURS, force: true });
    assert.equal(third.metadata.resourceVersion, again.metadata.resourceVersion);
  },
  "a Service's ports are applied by number and protocol": async (world) => {
    const { api } = world;
    const config = (...ports: readonly object[]): AnyObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'service', namespace: world.namespace },
      spec: { ports, selector: { app: 'broker' } },
    });
    const mqtts = { name: 'mqtts', port: 8883, protocol: 'TCP' };
    const metrics = { name: 'metrics', port: 8080, protocol: 'TCP' };
    const first = await api.apply(SERVICES, config(mqtts, metrics), OURS);
    const clusterIp = first.spec?.['clusterIP'];
    assert.equal(typeof clusterIp, 'string');
    const second = await api.apply(SERVICES, config(mqtts), OURS);
    const ports = second.spec?.['ports'] as readonly { readonly name: string }[];
    assert.deepEqual(
      ports.map(({ name }) => name),
      ['mqtts'],
    );
    assert.equal(second.spec?.['clusterIP'], clusterIp);
  },
};
