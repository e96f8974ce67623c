import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aReview } from '../../test/support/admission.ts';
import { declare, OWNER } from '../../test/support/resources.ts';
import { API_VERSION, type Resource } from '../../domain/resources.ts';
import { Compilations } from '../namespace/compilations.ts';
import { World } from '../namespace/world.ts';
import type { AdmissionAnswer } from './admission-review.ts';
import { DeclaredWorlds } from './declared-worlds.ts';
import { reviewAdmission } from './review-admission.ts';

function start(resources: readonly Resource[]): {
  readonly world: World;
  readonly compilations: Compilations;
  readonly review: (resource: Resource) => AdmissionAnswer;
  readonly sync: () => void;
} {
  const world = new World();
  for (const resource of resources) world.set({ apiVersion: API_VERSION, ...resource });
  const compilations = new Compilations({ world, clock: new ManualClock() });
  let synced = false;
  const worlds = new DeclaredWorlds({ world, compilations, isSynced: () => synced });
  return {
    world,
    compilations,
    review: (resource) => reviewAdmission(aReview(resource), worlds),
    sync: () => (synced = true),
  };
}

const GRID = declare('MqttNamespace', OWNER);
const FIRST = declare('Client', 'first', { name: 'shared' });
const SECOND = declare('Client', 'second', { name: 'shared' });

test('admission sees what the caches hold, once they are complete', () => {
  const { review, sync, world, compilations } = start([GRID, FIRST]);
  assert.equal(review(SECOND).allowed, true);
  sync();
  assert.equal(review(SECOND).allowed, false);
  const { keys } = world.remove({ apiVersion: API_VERSION, ...FIRST });
  compilations.touch(keys);
  assert.deepEqual(review(SECOND), { allowed: true });
});

test('admission keeps nothing of MqttNamespaces that no object names', () => {
  const { review, sync, compilations } = start([GRID]);
  sync();
  const stranger = declare('Client', 'stranger', { namespaceRef: { name: 'nobody' } });
  assert.equal(review(stranger).allowed, true);
  assert.notEqual(compilations.recent('default/nobody'), compilations.recent('default/nobody'));
  assert.equal(compilations.recent('default/grid'), compilations.recent('default/grid'));
});
