import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../test/support/manual-clock.ts';
import { CallLimiter } from './call-limiter.ts';
import { UnreachableError } from './kube-api.ts';

const LIMITS = { inFlightMax: 3, writesPerSecond: 100, writesBurst: 10 };

/** A call that ends when it is told to. */
function heldCall(): { readonly call: () => Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { call: () => promise, end: resolve };
}

test('no more calls are under way than may be, and a slot that is freed is used in order', async () => {
  const clock = new ManualClock();
  const limiter = new CallLimiter(LIMITS, clock);
  const begun: number[] = [];
  const held = Array.from({ length: 6 }, heldCall);
  const runs = held.map(({ call }, index) =>
    limiter.run(false, () => {
      begun.push(index);
      return call();
    }),
  );
  await clock.advance(1000);
  assert.deepEqual(begun, [0, 1, 2]);
  held[1]!.end();
  await clock.advance(0);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  for (const { end } of held) end();
  await Promise.all(runs);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5]);
});

test('a call that fails frees its slot', async () => {
  const limiter = new CallLimiter({ ...LIMITS, inFlightMax: 1 }, new ManualClock());
  await assert.rejects(limiter.run(false, () => Promise.reject(new Error('no'))));
  assert.equal(await limiter.run(false, () => Promise.resolve(1)), 1);
});

test('writes go in bursts and then at their rate; reads do not wait for them', async () => {
  const clock = new ManualClock();
  const limiter = new CallLimiter(LIMITS, clock);
  let written = 0;
  const write = (): Promise<number> => limiter.run(true, () => Promise.resolve(++written));
  const all = Promise.all(Array.from({ length: 60 }, write));
  await clock.advance(0);
  assert.equal(written, 10);
  assert.equal(await limiter.run(false, () => Promise.resolve('read')), 'read');
  await clock.advance(100);
  assert.ok(written >= 19 && written <= 20, `${written} after 100 ms`);
  await clock.advance(400);
  await all;
  assert.equal(written, 60);
  // Quiet for long: a burst again, and not more.
  await clock.advance(60_000);
  void Promise.all(Array.from({ length: 15 }, write));
  await clock.advance(0);
  assert.equal(written, 70);
});

test('a clock that is set back holds writes up no longer than their rate does', async () => {
  const clock = new ManualClock();
  const limiter = new CallLimiter(LIMITS, clock);
  const write = (): Promise<void> => limiter.run(true, () => Promise.resolve());
  await Promise.all(Array.from({ length: 10 }, write));
  clock.set(clock.nowMs() - 3_600_000);
  const late = Promise.all(Array.from({ length: 10 }, write));
  await clock.advance(200);
  await late;
});

test('what waits when it is closed is refused, and so is what comes later', async () => {
  const clock = new ManualClock();
  const limiter = new CallLimiter({ ...LIMITS, inFlightMax: 1, writesBurst: 2 }, clock);
  const first = heldCall();
  const running = limiter.run(true, first.call);
  await clock.advance(0);
  const begun: number[] = [];
  const refused = [true, true, false].map((isWrite, index) =>
    limiter.run(isWrite, () => Promise.resolve(begun.push(index))),
  );
  await clock.advance(0);
  limiter.close();
  refused.push(limiter.run(false, () => Promise.resolve(begun.push(3))));
  for (const { reason } of (await Promise.allSettled(refused)) as { reason?: unknown }[]) {
    assert.ok(reason instanceof UnreachableError, String(reason));
  }
  first.end();
  await running;
  assert.deepEqual(begun, []);
});
