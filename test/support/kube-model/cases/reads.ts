import assert from 'node:assert/strict';
import {
  isGone,
  type KubeList,
  type KubeObject,
  type ListOptions,
  type WatchEvent,
  type WatchOptions,
} from '../../../../kube/kube-api.ts';
import {
  aClient,
  CLIENTS,
  refusal,
  type ConformanceCases,
  type ConformanceWorld,
} from './world.ts';

function names(list: KubeList<KubeObject>): string[] {
  return list.items.map(({ metadata }) => metadata.name);
}

function ofNamespace({ api, namespace }: ConformanceWorld, options: ListOptions = {}) {
  return api.list(CLIENTS, { namespace, ...options });
}

interface OpenWatch {
  readonly events: readonly WatchEvent<KubeObject>[];
  /** `ADDED one`, in the order in which they came; without bookmarks. */
  readonly told: () => string[];
  readonly ended: Promise<void>;
  readonly stop: () => void;
}

function watch(
  { api, namespace }: ConformanceWorld,
  resourceVersion: string,
  options: Partial<WatchOptions> = {},
): OpenWatch {
  const events: WatchEvent<KubeObject>[] = [];
  const { signal, abort } = stopper();
  const all = { namespace, resourceVersion, timeoutSeconds: 20, signal, ...options };
  const ended = api.watch(CLIENTS, all, (event) => void events.push(event));
  ended.catch(() => undefined);
  const told = (): string[] =>
    events
      .filter(({ type }) => type !== 'BOOKMARK')
      .map(({ type, object }) => `${type} ${object.metadata.name}`);
  return { events, told, ended, stop: abort };
}

function stopper(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

const TOLD_MS = 500;

async function create(world: ConformanceWorld, name: string, labels = {}): Promise<KubeObject> {
  return world.api.create<KubeObject>(CLIENTS, aClient(world, name, {}, { labels }));
}

export const READS: ConformanceCases = {
  'a list is of one Kubernetes namespace or all, of labels, of a name, in order': async (world) => {
    await create(world, 'two', { tier: 'gold' });
    await create(world, 'one', { tier: 'lead' });
    await create(world, 'three', {});
    assert.deepEqual(names(await ofNamespace(world)), ['one', 'three', 'two']);
    const select = async (options: ListOptions): Promise<string[]> =>
      names(await ofNamespace(world, options));
    assert.deepEqual(await select({ labelSelector: 'tier=gold' }), ['two']);
    assert.deepEqual(await select({ labelSelector: 'tier in (gold, lead)' }), ['one', 'two']);
    assert.deepEqual(await select({ labelSelector: 'tier' }), ['one', 'two']);
    assert.deepEqual(await select({ labelSelector: 'tier!=gold' }), ['one', 'three']);
    assert.deepEqual(await select({ labelSelector: '!tier' }), ['three']);
    assert.deepEqual(await select({ fieldSelector: 'metadata.name=one' }), ['one']);
    assert.equal(await refusal(select({ fieldSelector: 'spec.state=Enabled' })), '400 BadRequest');
    const everywhere = await world.api.list(CLIENTS, {});
    const here = everywhere.items.filter(({ metadata }) => {
      return metadata.namespace === world.namespace;
    });
    assert.equal(here.length, 3);
  },
  'the pages of a list are of one state': async (world) => {
    for (const name of ['one', 'three', 'two']) await create(world, name);
    const first = await ofNamespace(world, { limit: 2 });
    assert.deepEqual(names(first), ['one', 'three']);
    const { metadata } = await create(world, 'tail');
    assert.ok(first.continue !== undefined);
    const second = await ofNamespace(world, { limit: 2, continue: first.continue });
    assert.deepEqual(names(second), ['two']);
    assert.equal(second.continue, undefined);
    assert.equal(second.resourceVersion, first.resourceVersion);
    assert.notEqual(metadata.resourceVersion, first.resourceVersion);
  },
  'a watch goes on where a list ended, in order, with the state after each change': async (
    world,
  ) => {
    const one = await create(world, 'one');
    const { resourceVersion } = await ofNamespace(world);
    const two = await create(world, 'two');
    const { ended, events, told, stop } = watch(world, resourceVersion);
    const patch = { spec: { state: 'Disabled' } };
    const edited = await world.api.patch(CLIENTS, one.metadata, patch);
    await world.api.delete(CLIENTS, two.metadata, { uid: two.metadata.uid ?? '' });
    await world.pause(TOLD_MS);
    assert.deepEqual(told(), ['ADDED two', 'MODIFIED one', 'DELETED two']);
    const [, modified, deleted] = events;
    assert.deepEqual(modified?.object, edited);
    assert.equal(deleted?.object.metadata.uid, two.metadata.uid);
    assert.notEqual(deleted?.object.metadata.resourceVersion, two.metadata.resourceVersion);
    const again = await ofNamespace(world);
    assert.equal(again.resourceVersion, deleted?.object.metadata.resourceVersion);
    stop();
    await ended;
    await create(world, 'three');
    await world.pause(TOLD_MS);
    assert.equal(told().length, 3);
  },
  'what a selector no longer selects is told as deleted, and what it does as added': async (
    world,
  ) => {
    const one = await create(world, 'one', { tier: 'gold' });
    await create(world, 'two', { tier: 'lead' });
    const { resourceVersion } = await ofNamespace(world);
    const { told, stop, ended } = watch(world, resourceVersion, { labelSelector: 'tier=gold' });
    for (const tier of ['lead', 'gold']) {
      await world.api.patch(CLIENTS, one.metadata, { metadata: { labels: { tier } } });
    }
    await world.pause(TOLD_MS);
    assert.deepEqual(told(), ['DELETED one', 'ADDED one']);
    stop();
    await ended;
  },
  'a watch ends when its time is up, and says before how far it has come': async (world) => {
    const { resourceVersion } = await ofNamespace(world);
    const { ended, events } = watch(world, resourceVersion, { timeoutSeconds: 8 });
    // Without anything new since it began there is nothing to say.
    await world.pause(2 * TOLD_MS);
    const elsewhere = { ...world, namespace: 'default' };
    const { metadata } = await create(elsewhere, `other-${world.namespace}`);
    await ended;
    assert.ok(events.length > 0, 'it said nothing');
    assert.ok(events.every(({ type }) => type === 'BOOKMARK'));
    const reached = Number(events.at(-1)?.object.metadata.resourceVersion);
    assert.ok(reached >= Number(metadata.resourceVersion), 'the bookmark is behind');
    await world.api.delete(CLIENTS, metadata, { uid: metadata.uid ?? '' });
  },
  'lists and watches that would go on from a state that is no longer kept are refused': async (
    world,
  ) => {
    for (const name of ['one', 'three', 'two']) await create(world, name);
    const first = await ofNamespace(world, { limit: 1 });
    await create(world, 'four');
    await world.forgetPast();
    const { resourceVersion, continue: rest = '' } = first;
    const isRefused = (error: unknown): boolean => isGone(error);
    await assert.rejects(ofNamespace(world, { limit: 1, continue: rest }), isRefused);
    await assert.rejects(watch(world, resourceVersion).ended, isRefused);
    const anew = await ofNamespace(world);
    assert.equal(anew.items.length, 4);
    const { told, stop, ended } = watch(world, anew.resourceVersion);
    await create(world, 'five');
    await world.pause(TOLD_MS);
    assert.deepEqual(told(), ['ADDED five']);
    stop();
    await ended;
  },
};
