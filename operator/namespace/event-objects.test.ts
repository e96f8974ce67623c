import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ProgrammedState } from '../../domain/conditions.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { Violation } from '../../domain/violation.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { COUNTERS_AFTER_MS, EventObjects, type Routing } from './event-objects.ts';
import { StatusTeller } from './status-teller.ts';
import type { StatusWriter } from './status-writer.ts';
import { findCondition } from './status.ts';
import { World } from './world.ts';

const FAULT = { reason: 'DestinationRefused', message: 'it answers 403', sinceMs: 60_000 } as const;

function standing(change: Partial<DeliveryStanding> = {}): DeliveryStanding {
  const counts = { matched: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0, pending: 0 };
  return { name: 'all', ...counts, ...change };
}

/** A MqttNamespace whose brokers told these. */
function routing(name: string, ...told: readonly (DeliveryStanding | undefined)[]) {
  const connected = told.map((each, index) => ({
    pod: `${name}-${index}`,
    runs: undefined,
    refused: undefined,
    deliveries: new Map(each === undefined ? [] : [[each.name, each]]),
  }));
  const state: { programmed: ProgrammedState | 'TooEarly' } = { programmed: 'Programmed' };
  const brokers = { replicas: told.length, connected };
  const stateOf = (): ProgrammedState | 'TooEarly' => state.programmed;
  const unresolvedSecrets = new Map<string, readonly Violation[]>();
  return { name, eventTopic: 'events', brokers, stateOf, state, unresolvedSecrets };
}

function aScene() {
  const clock = new ManualClock();
  const world = new World();
  const destination = { file: { path: '/f' } };
  const declare = (kind: string, name: string, spec: object): void => {
    const metadata = { name, namespace: 'default', uid: name, generation: 1 };
    world.set({ apiVersion: 'mqttgrid.io/v1', kind, metadata, spec });
  };
  declare('EventTopic', 'events', {});
  declare('EventSubscription', 'all', { topicRef: { name: 'events' }, destination });
  let writes = 0;
  const writer = {
    write: (_key: string, declared: { status: unknown }, status: unknown) => {
      writes++;
      declared.status = status;
    },
  } as unknown as StatusWriter;
  const statuses = new StatusTeller({ writer, clock, events: { record: () => undefined } });
  let routings: readonly Routing[] = [];
  const objects = new EventObjects({ world, statuses, clock, routingsOf: () => routings });
  return {
    clock,
    reconcile: (...now: readonly Routing[]): number | undefined => {
      routings = now;
      return objects.reconcile('default', 'default');
    },
    writes: (): number => {
      const count = writes;
      writes = 0;
      return count;
    },
    status: (kind: 'EventTopic' | 'EventSubscription', name: string) => {
      const { conditions, ...fields } = world.find(kind, 'default', name)?.status as {
        readonly conditions: unknown;
      } & Readonly<Record<string, unknown>>;
      const words = (['Programmed', 'Delivering', 'Ready'] as const).map((type) => {
        const { status = 'none', message = '' } = findCondition(conditions, type) ?? {};
        return `${type}=${status} ${message}`.trim();
      });
      return { words, fields };
    },
  };
}

suite('event objects', () => {
  test('are programmed where nobody routes, and say so', () => {
    const { reconcile, status } = aScene();
    assert.equal(reconcile(), undefined);
    const { words } = status('EventTopic', 'events');
    const why = 'no MqttNamespace routes to the EventTopic: there is nothing to deliver';
    assert.deepEqual(words, [`Programmed=True ${why}`, 'Delivering=none', 'Ready=True']);
  });

  test('are programmed when every MqttNamespace runs them', () => {
    const { reconcile, status } = aScene();
    const [one, other] = [routing('one', standing()), routing('other', standing())];
    other.state.programmed = { reason: 'SnapshotRefused', message: 'no memory' };
    reconcile(one, other);
    const { words } = status('EventTopic', 'events');
    assert.equal(words[0], 'Programmed=False MqttNamespace other: no memory');
    other.state.programmed = 'Programmed';
    reconcile(one, other);
    assert.equal(status('EventTopic', 'events').words[0], 'Programmed=True');
  });

  test('are told nothing of while it is too early', () => {
    const { reconcile, writes } = aScene();
    const one = routing('one', standing());
    one.state.programmed = 'TooEarly';
    assert.equal(reconcile(one), 2000);
    assert.equal(writes(), 0);
  });
});

suite('an EventSubscription', () => {
  test('counts what all brokers of all MqttNamespaces count', () => {
    const { reconcile, status } = aScene();
    const counted = standing({ matched: 5, delivered: 3, pending: 2 });
    reconcile(routing('one', counted, counted), routing('other', counted));
    const { words, fields } = status('EventSubscription', 'all');
    assert.deepEqual(words, ['Programmed=True', 'Delivering=True', 'Ready=True']);
    assert.equal(fields['matched'], 15);
    assert.equal(fields['delivered'], 9);
    assert.equal(fields['pending'], 6);
  });

  test('that names a Secret in vain says which one', () => {
    const { reconcile, status } = aScene();
    const one = routing('one', standing());
    const field = ['spec', 'destination'];
    const message = 'names the Secret "s", which does not exist';
    one.unresolvedSecrets.set('all', [{ field, reason: 'RefNotFound', message, remedy: 'mend' }]);
    reconcile(one);
    const { words } = status('EventSubscription', 'all');
    assert.deepEqual(words.slice(0, 2), ['Programmed=True', 'Delivering=True'], 'brokers run it');
    assert.match(words[2]!, /^Ready=False .*the Secret "s"/);
    one.unresolvedSecrets.clear();
    reconcile(one);
    assert.equal(status('EventSubscription', 'all').words[2], 'Ready=True');
  });

  test('is not ready while a destination fails, and says since when', () => {
    const { reconcile, status } = aScene();
    const later = { ...FAULT, sinceMs: 120_000 };
    reconcile(routing('one', standing({ fault: later }), standing({ fault: FAULT })));
    const words = 'it answers 403, since 1970-01-01T00:01:00Z';
    assert.deepEqual(status('EventSubscription', 'all').words, [
      'Programmed=True',
      `Delivering=False ${words}`,
      `Ready=False ${words}`,
    ]);
  });

  test('stays as it was said to be while a broker is away, or has not told yet', () => {
    const { reconcile, writes } = aScene();
    reconcile(routing('one', standing({ delivered: 4, fault: FAULT })));
    writes();
    const away = routing('one');
    reconcile(routing('one', undefined));
    reconcile({ ...away, brokers: { ...away.brokers, replicas: 1 } });
    reconcile(away);
    assert.equal(writes(), 0);
  });

  test('is written for its counters alone now and then, and at rest not at all', async () => {
    const { reconcile, writes, clock, status } = aScene();
    reconcile(routing('one', standing()));
    writes();
    for (let delivered = 1; delivered <= 100; delivered++) {
      const againMs = reconcile(routing('one', standing({ delivered })));
      const said = status('EventSubscription', 'all').fields['delivered'];
      assert.equal(againMs !== undefined, said !== delivered, 'what waits is looked at again');
      await clock.advance(COUNTERS_AFTER_MS / 10);
    }
    const count = writes();
    assert.ok(count >= 8 && count <= 11, String(count));
    await clock.advance(COUNTERS_AFTER_MS);
    reconcile(routing('one', standing({ delivered: 100 })));
    assert.equal(status('EventSubscription', 'all').fields['delivered'], 100);
    writes();
    assert.equal(reconcile(routing('one', standing({ delivered: 100 }))), undefined);
    assert.equal(writes(), 0);
  });

  test('is written at once when the destination begins to fail, and when it ceases', () => {
    const { reconcile, writes } = aScene();
    reconcile(routing('one', standing()));
    writes();
    reconcile(routing('one', standing({ failed: 1, fault: FAULT })));
    assert.equal(writes(), 1);
    const other = { ...FAULT, message: 'it answers 500' };
    reconcile(routing('one', standing({ failed: 2, fault: other })));
    assert.equal(writes(), 0, 'another cause of the same is no news');
    reconcile(routing('one', standing({ failed: 2, delivered: 1 })));
    assert.equal(writes(), 1);
  });
});
