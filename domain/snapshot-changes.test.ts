import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { anySnapshot, copyOf } from '../test/support/any-snapshot.ts';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { applyChanges, changesBetween, snapshotHasher } from './snapshot-changes.ts';
import { SNAPSHOT_LISTS } from './snapshot-changes.ts';
import type { Snapshot } from './snapshot.ts';

let digested = 0;
const { hashOf } = snapshotHasher((text) => {
  digested++;
  return hash('sha256', text, 'base64url');
});

test('applied to the one snapshot, the changes make the other, also after a journey', () => {
  fc.assert(
    fc.property(fc.option(anySnapshot, { nil: undefined }), anySnapshot, (before, after) => {
      const changes = copyOf(changesBetween(before, after));
      const made = applyChanges(before, changes);
      assert.equal(JSON.stringify(made), JSON.stringify(after));
      assert.deepEqual(made, after);
    }),
    { numRuns: 2000 },
  );
});

test('there are changes if and only if the snapshots differ, and so are the hashes', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, fc.boolean(), (left, other, same) => {
      const right = same ? copyOf(left) : other;
      const equal = JSON.stringify(left) === JSON.stringify(right);
      assert.equal(changesBetween(left, right).length === 0, equal);
      assert.equal(hashOf(left) === hashOf(right), equal);
    }),
    { numRuns: 2000 },
  );
});

test('no change is told twice, and none of what stays', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, (before, after) => {
      const changes = changesBetween(before, after);
      const targets = changes.map((each) => {
        if (each.change === 'SetNamespace') return 'namespace';
        return `${each.list} ${each.change === 'Set' ? each.value.name : each.name}`;
      });
      assert.equal(new Set(targets).size, targets.length);
      const all =
        changesBetween(undefined, before).length + changesBetween(undefined, after).length;
      assert.ok(changes.length <= all);
    }),
  );
});

test('the hash is the same by whatever steps the content was reached', () => {
  fc.assert(
    fc.property(anySnapshot, fc.array(anySnapshot, { maxLength: 4 }), (last, path) => {
      let made: Snapshot | undefined;
      for (const next of [...path, last]) {
        made = applyChanges(made, copyOf(changesBetween(made, next)));
      }
      assert.equal(hashOf(made!), hashOf(last));
    }),
  );
});

test('of what is not routed, the hash is the one from before there was routing', () => {
  const snapshot = aSnapshot({ clients: [aClient('a')], spaces: { s: { templates: ['a'] } } });
  const known = { ...snapshot, limits: { messageBytes: 1 } as Snapshot['limits'] };
  assert.equal(hashOf(known), 'b0CYAYxGNnoAUghMxOwRP7xl1M6shwayxT0ZCrYOaCI');
});

test('what did not change is the same object afterwards', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, (before, after) => {
      const made = applyChanges(before, changesBetween(before, copyOf(after)))!;
      for (const list of SNAPSHOT_LISTS) {
        for (const value of made[list]) {
          const old = before[list].find(({ name }) => name === value.name);
          if (JSON.stringify(old) === JSON.stringify(value)) assert.equal(value, old);
        }
      }
    }),
  );
});

test('changes on nothing that do not name the MqttNamespace make nothing', () => {
  const snapshot = aSnapshot({ clients: [aClient('a')], spaces: {} });
  assert.equal(applyChanges(undefined, changesBetween(undefined, snapshot).slice(1)), undefined);
});

test('among 10,000 clients, one that changed is one change, and three digests', () => {
  const clients = Array.from({ length: 10_000 }, (_, index) => aClient(`client-${10_000 + index}`));
  const before = aSnapshot({ clients, spaces: {} });
  const after = {
    ...before,
    clients: clients.with(5000, { ...clients[5000]!, state: 'Disabled' }),
  };
  const changes = changesBetween(before, after);
  assert.equal(changes.length, 1);
  hashOf(before);
  digested = 0;
  hashOf(applyChanges(before, changes)!);
  // The MqttNamespace's name, the client, and the whole.
  assert.equal(digested, 3);
});
