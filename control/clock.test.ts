import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

const DAY_MS = 24 * 3_600_000;

test('a delay is kept however long it is, and can be cancelled in each part of it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let called = 0;
  systemClock.after(60 * DAY_MS, () => called++);
  const cancel = systemClock.after(60 * DAY_MS, () => assert.fail('it was cancelled'));
  // A mocked timer ticks only once for what is begun by another one.
  for (let day = 0; day < 59; day++) t.mock.timers.tick(DAY_MS);
  assert.equal(called, 0);
  cancel();
  for (let day = 0; day < 4; day++) t.mock.timers.tick(DAY_MS);
  assert.equal(called, 1);
});
