import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock, settle } from '../../../test/support/manual-clock.ts';
import {
  DELIVERED,
  NOT_THIS_ONE,
  REJECTED,
  ScriptedDestination,
  UNREACHABLE,
} from '../../../test/support/scripted-destination.ts';
import type { DestinationFault } from '../../../domain/delivery-standing.ts';
import { DeliveryQueue, type DeliveryPolicy, type GivenUp } from './delivery-queue.ts';

const DAY_MS = 86_400_000;

function stage(
  destination: ScriptedDestination,
  policy: DeliveryPolicy = { maxAttempts: 30, timeToLiveMs: DAY_MS },
) {
  const clock = new ManualClock();
  const delivered: string[] = [];
  const failed: string[] = [];
  const givenUp: (GivenUp & { readonly id: string })[] = [];
  const faults: (DestinationFault | undefined)[] = [];
  const queue = new DeliveryQueue({
    destination,
    policy,
    clock,
    random: () => 1,
    onDelivered: ({ id }) => delivered.push(id),
    onFailed: ({ id }) => failed.push(id),
    onGivenUp: ({ id }, why) => givenUp.push({ id, ...why }),
    onFault: (fault) => faults.push(fault),
  });
  let number = 0;
  /** `a1`: an event of the topic `a`. */
  const push = async (...ids: string[]): Promise<void> => {
    for (const id of ids) {
      const topic = id[0]!;
      const json = Buffer.from(JSON.stringify({ id }));
      const receivedAtMs = clock.nowMs();
      queue.push({ id, subject: topic, topic, json, number: ++number, receivedAtMs });
    }
    queue.pump();
    await settle();
  };
  return { clock, queue, push, delivered, failed, givenUp, faults };
}

suite('events on their way to a destination', () => {
  test('go at once, and several at a time if they are of different topics', async () => {
    const destination = new ScriptedDestination({ concurrency: 3 });
    destination.script = () => undefined;
    const { push, delivered } = stage(destination);
    await push('a1', 'a2', 'b1', 'b2');
    assert.deepEqual(
      destination.open.map(({ ids }) => ids),
      [['a1'], ['b1']],
    );
    destination.open[1]!.answer(DELIVERED);
    await settle();
    assert.deepEqual(
      destination.open.map(({ ids }) => ids),
      [['a1'], ['b2']],
    );
    assert.deepEqual(delivered, ['b1']);
  });

  test('fill a batch, in order of age', async () => {
    const destination = new ScriptedDestination({ events: 3 });
    destination.script = () => undefined;
    const { push } = stage(destination);
    await push('x0');
    await push('a1', 'b1', 'a2', 'b2');
    destination.open[0]!.answer(DELIVERED);
    await settle();
    assert.deepEqual(destination.calls, [['x0'], ['a1', 'b1', 'a2']]);
  });

  test('are as many bytes as a batch may have, but for one that is larger alone', async () => {
    const destination = new ScriptedDestination({ events: 10, bytes: 25 });
    const { push } = stage(destination);
    await push('a1', 'a2', 'a3', `a${'x'.repeat(50)}`, 'a4');
    assert.deepEqual(
      destination.calls.map(({ length }) => length),
      [2, 1, 1, 1],
    );
  });

  test('are tried again, and nothing of their topic overtakes them', async () => {
    const destination = new ScriptedDestination();
    destination.script = ([event]) => (event!.id === 'a1' ? NOT_THIS_ONE : DELIVERED);
    const { clock, push, delivered } = stage(destination);
    await push('a1', 'a2', 'b1');
    assert.deepEqual(delivered, ['b1']);
    await clock.advance(999);
    assert.equal(destination.calls.length, 2);
    destination.script = () => DELIVERED;
    await clock.advance(1);
    assert.deepEqual(delivered, ['b1', 'a1', 'a2']);
  });

  test('are tried one by one where a batch of them is rejected', async () => {
    const destination = new ScriptedDestination({ events: 10 });
    destination.script = (events) => (events.some(({ id }) => id === 'a2') ? REJECTED : DELIVERED);
    const { push, delivered, givenUp } = stage(destination);
    await push('a1', 'a2', 'b1');
    assert.deepEqual(delivered.toSorted(), ['a1', 'b1']);
    assert.deepEqual(
      givenUp.map(({ id, reason, attempts, cause }) => [id, reason, attempts, cause]),
      [['a2', 'Rejected', 1, 'it answered 400']],
    );
  });

  test('are given up after their last attempt', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => NOT_THIS_ONE;
    const { clock, push, failed, givenUp } = stage(destination, {
      maxAttempts: 3,
      timeToLiveMs: DAY_MS,
    });
    await push('a1');
    await clock.advance(1000);
    assert.equal(givenUp.length, 0);
    await clock.advance(2000);
    assert.equal(failed.length, 3);
    assert.equal(givenUp[0]?.reason, 'MaxDeliveryAttemptsExceeded');
    assert.equal(givenUp[0]?.attempts, 3);
  });

  test('are given up when their time is over, also those that were never tried', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => UNREACHABLE;
    const { clock, push, givenUp } = stage(destination, { maxAttempts: 30, timeToLiveMs: 60_000 });
    await push('a1', 'a2');
    await clock.advance(62_000);
    assert.deepEqual(givenUp.map(({ id, reason }) => [id, reason]).toSorted(), [
      ['a1', 'TimeToLiveExceeded'],
      ['a2', 'TimeToLiveExceeded'],
    ]);
    assert.equal(givenUp.find(({ id }) => id === 'a2')?.attempts, 0);
  });
});

suite('a destination that takes nothing', () => {
  test('is asked by one call at a time, less and less often', async () => {
    const destination = new ScriptedDestination({ concurrency: 4 });
    destination.script = () => UNREACHABLE;
    const { clock, push } = stage(destination);
    await push('a1', 'b1', 'c1', 'd1', 'e1');
    // Those that had begun when the first failed fail for the same cause.
    assert.equal(destination.calls.length, 4);
    await clock.advance(1000);
    assert.equal(destination.calls.length, 5);
    await clock.advance(1999);
    assert.equal(destination.calls.length, 5);
    await clock.advance(1);
    assert.equal(destination.calls.length, 6);
    const before = destination.calls.length;
    await clock.advance(3_600_000);
    assert.ok(destination.calls.length - before <= 66, `${destination.calls.length - before}`);
  });

  test('gets all that waits as soon as it takes anything', async () => {
    const destination = new ScriptedDestination({ concurrency: 2 });
    destination.script = () => UNREACHABLE;
    const { clock, push, delivered, faults } = stage(destination);
    await push('a1', 'b1', 'c1');
    await clock.advance(600_000);
    destination.script = () => DELIVERED;
    await clock.advance(60_000);
    assert.deepEqual(delivered.toSorted(), ['a1', 'b1', 'c1']);
    assert.equal(faults.at(-1), undefined);
    assert.equal(faults[0]?.reason, 'DestinationUnreachable');
    assert.equal(faults[0]?.message, 'nobody answers');
  });

  test('is told since when, also where the cause changes', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => UNREACHABLE;
    const { clock, push, faults } = stage(destination);
    const sinceMs = clock.nowMs();
    await push('a1');
    destination.script = () => ({ ...UNREACHABLE, fault: 'Refused', cause: 'it answered 403' });
    await clock.advance(1000);
    assert.deepEqual(faults.at(-1), {
      reason: 'DestinationRefused',
      message: 'it answered 403',
      sinceMs,
    });
  });

  test('is left alone for as long as it asks, within a bound', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => ({ ...UNREACHABLE, retryAfterMs: 30_000 });
    const { clock, push } = stage(destination);
    await push('a1', 'b1');
    await clock.advance(29_999);
    assert.equal(destination.calls.length, 1);
    destination.script = () => ({ ...UNREACHABLE, retryAfterMs: Infinity });
    await clock.advance(1);
    assert.equal(destination.calls.length, 2);
    await clock.advance(3_600_000);
    assert.equal(destination.calls.length, 3);
  });

  test('is not called with everything where it fails for each event', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => NOT_THIS_ONE;
    const { push, faults } = stage(destination);
    await push(...Array.from('abcdefghijklmnopqrst', (topic) => `${topic}1`));
    assert.equal(destination.calls.length, 8);
    assert.equal(faults[0]?.reason, 'DestinationRefused');
  });

  test('is given up in the middle of a call at the end', async () => {
    const destination = new ScriptedDestination();
    destination.script = () => undefined;
    const { clock, queue, push, failed } = stage(destination);
    await push('a1');
    await queue.close();
    assert.equal(destination.isClosed, true);
    assert.deepEqual(failed, []);
    assert.equal(clock.pending, 0);
  });
});
