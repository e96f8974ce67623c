import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Session } from './session.ts';
import { HeldSubscription, Subscriptions } from './subscription.ts';

function aSubscription(filter: string, qos: 0 | 1): HeldSubscription {
  return new HeldSubscription({} as Session, { filter, qos, noLocal: false });
}

test('subscriptions are found by their filters, few or many, as in a map', () => {
  let most = 0;
  const filters = fc.integer({ min: 0, max: 14 }).map((number) => `a/${number}`);
  const steps = fc.array(fc.tuple(filters, fc.constantFrom(0, 1, 'delete')), {
    size: 'max',
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const subscriptions = new Subscriptions();
      const model = new Map<string, HeldSubscription>();
      for (const [filter, what] of all) {
        if (what === 'delete') {
          subscriptions.delete(filter);
          model.delete(filter);
        } else {
          const subscription = aSubscription(filter, what === 1 ? 1 : 0);
          subscriptions.set(filter, subscription);
          model.set(filter, subscription);
        }
        most = Math.max(most, model.size);
        assert.equal(subscriptions.size, model.size);
        assert.equal(subscriptions.get(filter), model.get(filter));
        assert.equal(subscriptions.has(filter), model.has(filter));
        assert.ok([...subscriptions.values()].every((each) => model.get(each.filter) === each));
      }
      subscriptions.clear();
      assert.deepEqual([...subscriptions.values()], []);
    }),
  );
  assert.ok(most > 8, `${most} at once`);
});

test('a subscription knows the levels of its filter', () => {
  assert.deepEqual(aSubscription('a/+/#', 1).levels, ['a', '+', '#']);
});
