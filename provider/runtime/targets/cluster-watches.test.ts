import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeApiError, UnreachableError, type KubeList } from '../../../kube/kube-api.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { ScriptedKubeApi } from '../../../test/support/scripted-kube-api.ts';
import type { ClusterObject } from './cluster-objects.ts';
import { ClusterWatches } from './cluster-watches.ts';

/** `pump@7`: of that name, in that state. */
function client(sketch: string, uid = 'new'): ClusterObject {
  const [name = '', resourceVersion = ''] = sketch.split('@');
  const metadata = { namespace: 'plant', name, uid, resourceVersion };
  return { apiVersion: 'mqttgrid.io/v1', kind: 'Client', metadata };
}

interface Stage {
  readonly api: ScriptedKubeApi<ClusterObject>;
  readonly clock: ManualClock;
  /** What each `get` answers, in turn; the last one again and again. */
  readonly gets: (ClusterObject | undefined | Error)[];
  /** By name, what was told: a state, `gone`, or trouble. */
  readonly told: string[];
  readonly follow: (name: string) => () => void;
}

function stage(answers: (KubeList<ClusterObject> | Error)[]): Stage {
  const api = new ScriptedKubeApi<ClusterObject>();
  api.answers = answers;
  const gets: Stage['gets'] = [];
  api.get = (() => {
    const answer = gets.length > 1 ? gets.shift() : gets[0];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }) as typeof api.get;
  const clock = new ManualClock();
  const watches = new ClusterWatches(api, clock);
  const told: string[] = [];
  const follow = (name: string): (() => void) =>
    watches.follow(
      { kind: 'Client', metadata: { namespace: 'plant', name } },
      {
        uid: 'new',
        look: (object) => told.push(`${name} ${object?.metadata.resourceVersion ?? 'gone'}`),
        onTrouble: (error, isFinal) => told.push(`${name} ${String(error)} ${isFinal}`),
      },
    );
  return { api, clock, gets, told, follow };
}

const EMPTY: KubeList<ClusterObject> = { resourceVersion: '5', items: [] };

test('what is held may be older than a write, so the server is asked before anything is gone', async () => {
  const { clock, gets, told, follow } = stage([
    { resourceVersion: '5', items: [client('replaced@4', 'old')] },
  ]);
  gets.push(client('made@6'), client('replaced@7'), undefined);
  follow('made');
  follow('replaced');
  follow('never');
  await clock.advance(0);
  assert.deepEqual(told, ['made 6', 'replaced 7', 'never gone']);
});

test('each change is told to who waits for that object, by one watch that ends with the last', async () => {
  const { api, clock, told, follow } = stage([
    { resourceVersion: '5', items: [client('a@3'), client('b@4')] },
  ]);
  const stops = [follow('a'), follow('b')];
  await clock.advance(0);
  api.watching.emit({ type: 'MODIFIED', object: client('b@6') });
  const late = follow('b');
  await clock.advance(0);
  assert.deepEqual(told, ['a 3', 'b 4', 'b 6', 'b 6']);
  for (const stop of stops) stop();
  assert.equal(api.watching.options.signal.aborted, false);
  api.watching.emit({ type: 'MODIFIED', object: client('b@7') });
  late();
  api.watching.emit({ type: 'MODIFIED', object: client('b@8') });
  await clock.advance(0);
  assert.deepEqual(told.slice(4), ['b 7']);
  assert.deepEqual([api.watches.length, api.watching.options.signal.aborted], [1, true]);
  assert.equal(clock.pending, 0);
  follow('a');
  await clock.advance(0);
  assert.equal(api.watches.length, 2);
});

test('where lists are forbidden, each object is looked at every 2 s while it is waited for', async () => {
  const forbidden = new KubeApiError('no', { status: 403, reason: 'Forbidden' });
  const { api, clock, gets, told, follow } = stage([forbidden]);
  gets.push(client('a@1'), client('a@2'), client('a@3'));
  const stop = follow('a');
  await clock.advance(100);
  assert.deepEqual(told, ['a 1']);
  await clock.advance(2_000);
  assert.deepEqual(told, ['a 1', 'a 2']);
  await clock.advance(2_000);
  assert.deepEqual(told, ['a 1', 'a 2', 'a 3']);
  assert.equal(api.lists.length, 1);
  stop();
  await clock.advance(10_000);
  assert.deepEqual([told.length, clock.pending], [3, 0]);
});

test('a server that does not answer is trouble, and asked again; what it refuses is final', async () => {
  const { api, clock, gets, told, follow } = stage([EMPTY]);
  gets.push(new UnreachableError('down'), client('a@6'));
  follow('a');
  await clock.advance(0);
  assert.deepEqual(told, ['a UnreachableError: down false']);
  await clock.advance(2_000);
  assert.deepEqual(told.slice(1), ['a 6']);
  api.answers = [new KubeApiError('expired', { status: 401, reason: 'Unauthorized' })];
  api.watching.fail(new KubeApiError('expired', { status: 401, reason: 'Unauthorized' }));
  await clock.advance(0);
  assert.deepEqual(told.slice(2, 3), ['a KubeApiError: expired true']);
});
