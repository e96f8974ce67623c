import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TICK_MS, TimingWheel } from './timing-wheel.ts';

test('everyone comes out once, not before the time and at most a tick after it', () => {
  const waiting = fc.record({ afterMs: fc.nat(300), delayMs: fc.nat(1200) });
  fc.assert(
    fc.property(
      fc.array(waiting, { maxLength: 40 }),
      fc.integer({ min: 0, max: 1_000_000_000_000 }),
      (entries, startMs) => {
        const wheel = new TimingWheel<number>();
        const dueMs: number[] = [];
        let nowMs = startMs;
        const check = (): void => {
          for (const item of wheel.takeDue(nowMs)) {
            assert.ok(dueMs[item]! <= nowMs, `${item} came early`);
            assert.ok(nowMs - dueMs[item]! < 2 * TICK_MS, `${item} came late`);
            dueMs[item] = Infinity;
          }
        };
        for (const [item, { afterMs, delayMs }] of entries.entries()) {
          for (const until = nowMs + afterMs; nowMs < until; nowMs++) check();
          dueMs[item] = nowMs + delayMs;
          wheel.add(item, nowMs, delayMs);
        }
        for (const until = nowMs + 1300; nowMs < until; nowMs++) check();
        assert.equal(wheel.size, 0);
        assert.ok(dueMs.every((due) => due === Infinity));
      },
    ),
    { numRuns: 50 },
  );
});

test('who waits longer than the wheel reaches comes out early, to be put in again', () => {
  const wheel = new TimingWheel<string>();
  wheel.add('item', 0, 3_600_000);
  assert.deepEqual(wheel.takeDue(1000), []);
  assert.deepEqual(wheel.takeDue(1300), ['item']);
  assert.equal(wheel.size, 0);
});

test('a long pause lets everyone out that is due, and none twice', () => {
  const wheel = new TimingWheel<string>();
  wheel.add('first', 0, 5);
  wheel.add('second', 0, 900);
  assert.deepEqual(wheel.takeDue(1_000_000), ['first', 'second']);
  assert.deepEqual(wheel.takeDue(1_000_010), []);
});

test('a clock that is set back lets everyone out', () => {
  const wheel = new TimingWheel<string>();
  wheel.add('item', 1_000_000, 500);
  assert.deepEqual(wheel.takeDue(5000), ['item']);
  wheel.add('item', 5000, 20);
  assert.deepEqual(wheel.takeDue(5020), ['item']);
});
