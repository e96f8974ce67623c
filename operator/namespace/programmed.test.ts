import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotVersion } from '../../control/messages.ts';
import type { BrokerStanding } from '../control-server/snapshot-publisher.ts';
import { Declared } from './declared.ts';
import { PENDING_AFTER_MS, Programmed } from './programmed.ts';

const KEY = 'Client/default/one';

function version(counter: number, epoch = 1): SnapshotVersion {
  return { epoch, counter };
}

function broker(runs: SnapshotVersion | undefined, pod = 'grid-0'): BrokerStanding {
  return { pod, runs, refused: undefined, deliveries: new Map() };
}

function aClient(programmed?: { readonly observedGeneration: number }): Declared {
  const condition = programmed && { type: 'Programmed', status: 'True', ...programmed };
  return new Declared({
    apiVersion: 'mqttgrid.io/v1',
    kind: 'Client',
    metadata: { name: 'one', namespace: 'default', uid: 'u', generation: 1 },
    spec: {},
    status: { conditions: condition === undefined ? [] : [condition] },
  });
}

/** After `note` of one client in the version given, and what the brokers answered. */
function stateAfter(
  noted: SnapshotVersion,
  connected: readonly BrokerStanding[],
  { client = aClient(), replicas = 1, atMs = 0 } = {},
): unknown {
  const programmed = new Programmed();
  programmed.note(new Map([[KEY, client]]), noted, 0);
  programmed.acknowledge({ replicas, connected });
  return programmed.stateOf(KEY, { replicas, connected }, atMs);
}

test('an object is programmed once every broker runs a version that holds it', () => {
  assert.equal(stateAfter(version(2), [broker(version(2))]), 'Programmed');
  assert.equal(stateAfter(version(2), [broker(version(3))]), 'Programmed');
  assert.equal(stateAfter(version(2), [broker(version(1))]), 'TooEarly');
  assert.equal(stateAfter(version(2, 2), [broker(version(9, 1))]), 'TooEarly');
  assert.equal(stateAfter(version(2), [broker(undefined)]), 'TooEarly');
});

test('one broker that is behind, or is not there, is enough for it not to be', () => {
  const two = [broker(version(2)), broker(version(1), 'grid-1')];
  assert.equal(stateAfter(version(2), two), 'TooEarly');
  assert.equal(stateAfter(version(2), [broker(version(2))], { replicas: 2 }), 'TooEarly');
  assert.equal(stateAfter(version(2), []), 'TooEarly');
});

test('what takes longer than brokers take is pending', () => {
  assert.equal(stateAfter(version(2), [], { atMs: PENDING_AFTER_MS - 1 }), 'TooEarly');
  assert.equal(stateAfter(version(2), [], { atMs: PENDING_AFTER_MS }), 'Pending');
});

test('a MqttNamespace without replicas says so', () => {
  const state = stateAfter(version(1), [], { replicas: 0 });
  assert.match(JSON.stringify(state), /spec\.replicas of the MqttNamespace is 0/);
});

test('a refusal is told in the words of the broker', () => {
  const refused = { version: version(2), message: 'no memory' };
  const state = stateAfter(version(2), [{ ...broker(version(1)), refused }]);
  assert.deepEqual(state, {
    reason: 'SnapshotRefused',
    message: 'the broker grid-0 refused it: no memory',
  });
});

test('told once, it stays told for its generation, whatever pods come and go', () => {
  const client = aClient();
  const programmed = new Programmed();
  const note = (at: SnapshotVersion): void => programmed.note(new Map([[KEY, client]]), at, 0);
  note(version(1));
  programmed.acknowledge({ replicas: 1, connected: [broker(version(1))] });
  note(version(2));
  assert.equal(programmed.stateOf(KEY, { replicas: 1, connected: [] }, 0), 'Programmed');
});

test('what an earlier leader told counts for the same generation', () => {
  const told = aClient({ observedGeneration: 1 });
  assert.equal(stateAfter(version(1), [], { client: told }), 'Programmed');
  const edited = aClient({ observedGeneration: 0 });
  assert.equal(stateAfter(version(1), [], { client: edited }), 'TooEarly');
});

test('what was withdrawn in between has to be acknowledged again', () => {
  const client = aClient({ observedGeneration: 1 });
  const programmed = new Programmed();
  programmed.note(new Map([[KEY, client]]), version(1), 0);
  programmed.note(new Map(), version(2), 0);
  programmed.note(new Map([[KEY, client]]), version(3), 0);
  const connected = [broker(version(2))];
  programmed.acknowledge({ replicas: 1, connected });
  assert.equal(programmed.stateOf(KEY, { replicas: 1, connected }, 0), 'TooEarly');
  programmed.withdraw();
  programmed.note(new Map([[KEY, client]]), version(4), 0);
  assert.equal(programmed.stateOf(KEY, { replicas: 1, connected }, 0), 'TooEarly');
});
