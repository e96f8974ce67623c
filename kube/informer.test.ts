import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { ManualClock } from '../test/support/manual-clock.ts';
import { ScriptedKubeApi } from '../test/support/scripted-kube-api.ts';
import { Informer } from './informer.ts';
import type { InformerOptions } from './informer.ts';
import { KubeApiError, UnreachableError } from './kube-api.ts';
import type { KubeList, KubeObject, ResourceType, WatchEvent } from './kube-api.ts';

const THINGS: ResourceType = {
  apiVersion: 'test/v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};

interface Thing extends KubeObject {
  readonly owner?: string;
}

/** `pump@7`: of that name, in that state. */
function thing(sketch: string, fields: { uid?: string; owner?: string } = {}): Thing {
  const [name = '', resourceVersion = ''] = sketch.split('@');
  const metadata = { namespace: 'plant', name, uid: fields.uid ?? name, resourceVersion };
  const owner = fields.owner === undefined ? {} : { owner: fields.owner };
  return { apiVersion: 'test/v1', kind: 'Thing', metadata, ...owner };
}

function list(resourceVersion: string, ...items: Thing[]): KubeList<Thing> {
  return { resourceVersion, items };
}

function event(type: WatchEvent<Thing>['type'], object: Thing): WatchEvent<Thing> {
  return { type, object };
}

function sketchOf(object: Thing | undefined): string {
  return object === undefined
    ? '-'
    : `${object.metadata.name}@${object.metadata.resourceVersion ?? ''}`;
}

const GONE = new KubeApiError('too old', { status: 410, reason: 'Expired' });
const DOWN = new UnreachableError('refused');

interface Setup {
  readonly api: ScriptedKubeApi<Thing>;
  readonly clock: ManualClock;
  readonly informer: Informer<Thing>;
  /** `before > after` of each change. */
  readonly changes: string[];
  readonly logged: string[];
}

async function started(
  t: TestContext,
  answers: (KubeList<Thing> | Error)[],
  options: Partial<InformerOptions<Thing>> = {},
): Promise<Setup> {
  const api = new ScriptedKubeApi<Thing>();
  api.answers = answers;
  const clock = new ManualClock();
  const changes: string[] = [];
  const logged: string[] = [];
  const informer = new Informer<Thing>({
    api,
    type: THINGS,
    clock,
    random: () => 0.5,
    logger: pino({}, { write: (line: string) => void logged.push(line) }),
    onChange: (before, after) => changes.push(`${sketchOf(before)} > ${sketchOf(after)}`),
    ...options,
  });
  t.after(() => informer.stop());
  informer.start();
  await clock.advance(0);
  return { api, clock, informer, changes, logged };
}

test('it lists in pages, is synced when it has all of them, and watches from there', async (t) => {
  const { api, informer, changes } = await started(
    t,
    [{ ...list('7', thing('a@3')), continue: 'more' }, list('7', thing('b@5'))],
    { selection: { namespace: 'plant', labelSelector: 'x=y' } },
  );
  await informer.synced;
  const selection = { namespace: 'plant', labelSelector: 'x=y' };
  assert.deepEqual(api.lists, [
    { ...selection, limit: 500 },
    { ...selection, limit: 500, continue: 'more' },
  ]);
  assert.deepEqual(changes, ['- > a@3', '- > b@5']);
  const { signal, ...watched } = api.watching.options;
  assert.equal(signal.aborted, false);
  assert.deepEqual(watched, { ...selection, resourceVersion: '7', timeoutSeconds: 24 });
});

test('before it has all pages it is not synced', async (t) => {
  const { clock, informer } = await started(t, [
    { ...list('7', thing('a@3')), continue: 'more' },
    DOWN,
  ]);
  await clock.advance(60_000);
  assert.equal(informer.isSynced, false);
  assert.equal(informer.size, 0);
});

test('events change the cache, each object has its identity until it changes', async (t) => {
  const { api, informer, changes } = await started(t, [list('7', thing('a@3'))]);
  const first = informer.get('plant', 'a');
  api.watching.emit(event('ADDED', thing('b@8')));
  api.watching.emit(event('MODIFIED', thing('a@3')));
  assert.equal(informer.get('plant', 'a'), first);
  api.watching.emit(event('MODIFIED', thing('a@9')));
  api.watching.emit(event('DELETED', thing('b@10')));
  api.watching.emit(event('DELETED', thing('c@11')));
  assert.deepEqual(changes, ['- > a@3', '- > b@8', 'a@3 > a@9', 'b@8 > -']);
  assert.deepEqual(informer.list().map(sketchOf), ['a@9']);
  assert.equal(informer.get('other', 'a'), undefined);
});

test('a watch that ends goes on from the last event or bookmark, at once', async (t) => {
  const { api, clock } = await started(t, [list('7')]);
  api.watching.emit(event('ADDED', thing('a@8')));
  api.watching.emit(event('BOOKMARK', thing('@20')));
  api.watching.end();
  await clock.advance(0);
  assert.equal(api.watches.length, 2);
  assert.equal(api.watching.options.resourceVersion, '20');
  assert.equal(api.lists.length, 1);
});

test('past states that are gone mean another list: what vanished meanwhile is told of', async (t) => {
  const { api, clock, informer, changes } = await started(t, [
    list('7', thing('a@3'), thing('b@4'), thing('c@5')),
    list('30', thing('a@3'), thing('b@22'), thing('d@25')),
  ]);
  const kept = informer.get('plant', 'a');
  changes.length = 0;
  api.watching.fail(GONE);
  await clock.advance(0);
  assert.deepEqual(changes, ['c@5 > -', 'b@4 > b@22', '- > d@25']);
  assert.equal(informer.get('plant', 'a'), kept);
  assert.equal(api.watching.options.resourceVersion, '30');
});

test('a server that calls everything gone is not asked again and again at once', async (t) => {
  const { api, clock } = await started(t, [list('7')]);
  for (let round = 0; round < 20; round++) {
    api.watching.fail(GONE);
    await clock.advance(0);
  }
  assert.equal(api.watches.length, 2);
  for (let round = 0; round < 20; round++) {
    api.watching.fail(GONE);
    await clock.advance(5_000);
  }
  assert.ok(api.watches.length > 8, 'it went on');
});

test('whatever fails is tried again for ever, ever later up to 5 s, and logged once', async (t) => {
  const { api, clock, informer, logged } = await started(t, [DOWN]);
  const begun: number[] = [];
  const startMs = clock.nowMs();
  for (let ms = 0; ms < 600_000; ms += 100) {
    const before = api.lists.length;
    await clock.advance(100);
    if (api.lists.length > before) begun.push(clock.nowMs() - startMs);
  }
  assert.deepEqual(begun.slice(0, 7), [100, 300, 700, 1_500, 3_100, 6_300, 11_300]);
  assert.ok(begun.length > 115 && begun.length < 130, `${begun.length} tries in ten minutes`);
  assert.equal(logged.length, 1);
  assert.match(logged[0]!, /cannot follow: refused/);
  api.answers = [list('7', thing('a@3'))];
  await clock.advance(5_000);
  assert.equal(informer.isSynced, true);
  // And from the beginning when it worked meanwhile.
  api.watching.emit(event('ADDED', thing('b@8')));
  api.watching.fail(DOWN);
  await clock.advance(100);
  assert.equal(api.watches.length, 2);
  assert.equal(api.watching.options.resourceVersion, '8');
});

test('a server that ends each watch at once is not asked without a pause', async (t) => {
  const { api, clock } = await started(t, [list('7')]);
  for (let round = 0; round < 50; round++) {
    api.watching.end();
    await clock.advance(10);
  }
  assert.ok(api.watches.length < 6, `${api.watches.length} watches in half a second`);
});

test('a watch that is silent and does not end when it should is given up', async (t) => {
  const { api, clock } = await started(t, [list('7')]);
  const [first] = api.watches;
  await clock.advance(28_900);
  assert.equal(api.watches.length, 1);
  await clock.advance(200);
  assert.equal(first?.options.signal.aborted, true);
  assert.equal(api.watches.length, 2);
  first?.emit(event('ADDED', thing('a@99')));
  assert.equal(api.watching.options.resourceVersion, '7');
});

test('a namesake of what was deleted is told as a deletion and a new object', async (t) => {
  const { api, informer, changes } = await started(t, [list('7', thing('a@3', { uid: 'old' }))]);
  api.watching.emit(event('MODIFIED', thing('a@9', { uid: 'new' })));
  assert.deepEqual(changes, ['- > a@3', 'a@3 > -', '- > a@9']);
  api.watching.emit(event('DELETED', thing('a@8', { uid: 'old' })));
  assert.equal(informer.get('plant', 'a')?.metadata.uid, 'new');
});

test('an own write is read at once, and events from before it do not take it back', async (t) => {
  const { api, informer, changes } = await started(t, [list('7', thing('a@3'))]);
  informer.wrote(thing('a@12'));
  api.watching.emit(event('MODIFIED', thing('a@11')));
  api.watching.emit(event('MODIFIED', thing('a@12')));
  assert.equal(sketchOf(informer.get('plant', 'a')), 'a@12');
  api.watching.emit(event('MODIFIED', thing('a@13')));
  informer.wrote(thing('a@12'));
  assert.deepEqual(changes, ['- > a@3', 'a@3 > a@12', 'a@12 > a@13']);
});

test('the answer to a write does not bring back what was deleted since', async (t) => {
  const { api, informer, changes } = await started(t, [list('7', thing('a@3'))]);
  informer.wrote(thing('new@9'));
  api.watching.emit(event('DELETED', thing('a@15')));
  informer.wrote(thing('a@14'));
  assert.deepEqual(informer.list().map(sketchOf), ['new@9']);
  assert.deepEqual(changes, ['- > a@3', '- > new@9', 'a@3 > -']);
});

test('a list that began before an own write does not take it back', async (t) => {
  const { api, clock, informer } = await started(t, [
    list('7', thing('a@3')),
    list('8', thing('a@3')),
  ]);
  informer.wrote(thing('a@12'));
  informer.wrote(thing('b@13'));
  api.watching.fail(GONE);
  await clock.advance(0);
  assert.deepEqual(informer.list().map(sketchOf), ['a@12', 'b@13']);
});

test('a store that was restored to an earlier state is believed', async (t) => {
  const { api, clock, informer, logged } = await started(t, [
    list('70', thing('a@30'), thing('b@31')),
    list('9', thing('a@3')),
  ]);
  api.watching.fail(GONE);
  await clock.advance(0);
  assert.deepEqual(informer.list().map(sketchOf), ['a@3']);
  api.watching.emit(event('MODIFIED', thing('a@10')));
  assert.equal(sketchOf(informer.get('plant', 'a')), 'a@10');
  assert.match(logged[0]!, /went back in time/);
});

test('a resync tells every object again, and what was lost on the way', async (t) => {
  const { api, clock, informer, changes } = await started(
    t,
    [list('7', thing('a@3'), thing('b@4')), list('40', thing('a@3'), thing('c@30'))],
    { resyncMs: 60_000 },
  );
  const kept = informer.get('plant', 'a');
  changes.length = 0;
  for (let ms = 0; ms < 59_000; ms += 1_000) {
    api.watching.emit(event('BOOKMARK', thing('@8')));
    await clock.advance(1_000);
  }
  assert.deepEqual(changes, []);
  await clock.advance(1_100);
  assert.deepEqual(changes, ['b@4 > -', '- > c@30', 'a@3 > a@3']);
  assert.equal(informer.get('plant', 'a'), kept);
});

test('objects are found by what the index says, as long as it says so', async (t) => {
  const { api, informer } = await started(
    t,
    [list('7', thing('a@3', { owner: 'x' }), thing('b@4', { owner: 'x' }), thing('c@5'))],
    { indexBy: ({ owner }) => owner },
  );
  const found = (value: string): string[] => informer.byIndex(value).map(sketchOf);
  assert.deepEqual(found('x'), ['a@3', 'b@4']);
  api.watching.emit(event('MODIFIED', thing('a@8', { owner: 'y' })));
  api.watching.emit(event('MODIFIED', thing('c@9', { owner: 'x' })));
  api.watching.emit(event('DELETED', thing('b@10', { owner: 'x' })));
  assert.deepEqual([found('x'), found('y'), found('z')], [['c@9'], ['a@8'], []]);
});

test('what is not needed of an object is dropped before it is kept', async (t) => {
  const fat = thing('a@3', { owner: 'x' });
  Object.assign(fat.metadata, { managedFields: [{ manager: 'kubectl' }] });
  const { informer } = await started(t, [list('7', fat)], {
    transform: ({ owner: _owner, ...rest }) => rest,
  });
  assert.deepEqual(informer.get('plant', 'a'), thing('a@3'));
});

test('a fault of ours with one object is logged and hides neither it nor the others', async (t) => {
  const fail = (): never => {
    throw new Error('a bug');
  };
  const { api, informer, logged } = await started(t, [list('7', thing('a@3'))], {
    transform: fail,
    indexBy: fail,
    onChange: fail,
  });
  api.watching.emit(event('ADDED', thing('b@8')));
  assert.deepEqual(informer.list().map(sketchOf), ['a@3', 'b@8']);
  assert.equal(api.watches.length, 1);
  assert.match(logged.join(''), /cannot keep an object.*cannot index.*cannot tell/s);
});

test('once stopped it tells nothing and asks nothing', async (t) => {
  const { api, clock, informer, changes } = await started(t, [list('7')]);
  const { watching } = api;
  informer.stop();
  watching.emit(event('ADDED', thing('a@8')));
  await clock.advance(60_000);
  assert.deepEqual(changes, []);
  assert.equal(api.watches.length, 1);
  assert.equal(clock.pending, 0);
});
