import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../domain/snapshot.ts';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import type { SnapshotSketch } from '../test/support/snapshots.ts';
import { findExchange } from './exchange.ts';
import type { Exchange } from './exchange.ts';

const car = aClient('car', { attributes: { type: 'vehicle' } });
const phone = aClient('phone', { attributes: { type: 'mobile' } });
const groups = { cars: "attributes.type = 'vehicle'", phones: "attributes.type = 'mobile'" };

function sketch(spaces: SnapshotSketch['spaces']): Snapshot {
  return aSnapshot({ clients: [car, phone], groups, spaces });
}

const cases: readonly (readonly [string, Snapshot, Exchange])[] = [
  [
    'one template for both',
    sketch({ a: { templates: ['samples/#'], publishers: ['cars'], subscribers: ['phones'] } }),
    {
      publication: { client: 'car', topic: 'samples/topic' },
      subscription: { client: 'phone', filter: 'samples/#' },
    },
  ],
  [
    'names on both sides',
    sketch({
      a: { templates: ['req/+/${client.name}'], publishers: ['phones'], subscribers: [] },
      b: { templates: ['req/${client.name}/#'], publishers: [], subscribers: ['cars'] },
    }),
    {
      publication: { client: 'phone', topic: 'req/car/phone' },
      subscription: { client: 'car', filter: 'req/car/#' },
    },
  ],
  [
    'nobody else who listens',
    sketch({ a: { templates: ['a/b'], publishers: ['cars'], subscribers: ['cars'] } }),
    {
      publication: { client: 'car', topic: 'a/b' },
      subscription: { client: 'car', filter: 'a/b' },
    },
  ],
  [
    'topics that do not meet',
    sketch({
      a: { templates: ['a/+'], publishers: ['cars'], subscribers: [] },
      b: { templates: ['b/+'], publishers: [], subscribers: ['phones'] },
    }),
    {
      publication: { client: 'car', topic: 'a/topic' },
      subscription: { client: 'phone', filter: 'b/+' },
    },
  ],
  ['no permission at all', sketch({}), {}],
];

for (const [name, snapshot, expected] of cases) {
  test(`${name}: what may be done is found, and only that`, () => {
    const found = findExchange(snapshot, () => true);
    // Which topic stands for a wildcard is for the rules to choose.
    if (name === 'topics that do not meet') {
      assert.match(found.publication?.topic ?? '', /^a\/[^/]+$/);
      assert.deepEqual(found.subscription, expected.subscription);
    } else {
      assert.deepEqual(found, expected);
    }
  });
}

test('clients that are disabled or cannot be used are passed over', () => {
  const spaces = { a: { templates: ['a/b'] } };
  const off = aClient('a-disabled', { state: 'Disabled' });
  const snapshot = aSnapshot({ clients: [off, car, phone], spaces });
  const { publication, subscription } = findExchange(snapshot, () => true);
  assert.deepEqual([publication?.client, subscription?.client], ['car', 'phone']);
  assert.deepEqual(
    findExchange(snapshot, (client) => client === 'phone').publication?.client,
    'phone',
  );
});
