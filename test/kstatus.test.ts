/** What tools that wait make of our conditions, by their own rules, which are tested here, too. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { schemaOf } from '../crds/definitions.ts';
import type { Verdict } from '../domain/compile/verdict.ts';
import { conditionsOf } from '../domain/conditions.ts';
import type { ProgrammedState } from '../domain/conditions.ts';
import { KINDS } from '../domain/resources.ts';
import { kstatusOf } from './support/kstatus.ts';
import type { Kstatus, KstatusObject } from './support/kstatus.ts';

type Fields = Readonly<Record<string, unknown>>;

function custom(status: KstatusObject['status'], deletionTimestamp?: string): KstatusObject {
  return { kind: 'Client', metadata: { generation: 2, deletionTimestamp }, status };
}

function conditions(...pairs: readonly (readonly [type: string, status: string])[]): Fields {
  return { conditions: pairs.map(([type, status]) => ({ type, status })) };
}

function replicated(kind: string, status: Readonly<Record<string, unknown>>): KstatusObject {
  return { kind, metadata: { generation: 1 }, spec: { replicas: 2 }, status };
}

const ROLLED_OUT = {
  observedGeneration: 1,
  replicas: 2,
  updatedReplicas: 2,
  availableReplicas: 2,
  readyReplicas: 2,
  conditions: [
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    { type: 'Available', status: 'True' },
  ],
};
const TIMED_OUT = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
const STATEFUL = {
  replicas: 2,
  readyReplicas: 2,
  currentReplicas: 2,
  currentRevision: 'a',
  updateRevision: 'a',
};

const CASES: readonly (readonly [what: string, object: KstatusObject, expected: Kstatus])[] = [
  ['no status at all', custom(undefined), 'Current'],
  ['conditions of other types', custom(conditions(['Synced', 'False'])), 'Current'],
  ['Ready', custom(conditions(['Ready', 'True'])), 'Current'],
  ['not Ready', custom(conditions(['Ready', 'False'])), 'InProgress'],
  ['Ready Unknown', custom(conditions(['Ready', 'Unknown'])), 'InProgress'],
  ['Stalled', custom(conditions(['Ready', 'False'], ['Stalled', 'True'])), 'Failed'],
  ['Stalled no more', custom(conditions(['Ready', 'True'], ['Stalled', 'False'])), 'Current'],
  ['both', custom(conditions(['Stalled', 'True'], ['Reconciling', 'True'])), 'InProgress'],
  ['as observed', custom({ observedGeneration: 2 }), 'Current'],
  [
    'Ready, but of the generation before',
    custom({ observedGeneration: 1, ...conditions(['Ready', 'True']) }),
    'InProgress',
  ],
  [
    'Stalled, but of the generation before',
    custom({ observedGeneration: 1, ...conditions(['Stalled', 'True']) }),
    'InProgress',
  ],
  ['deleted', custom(conditions(['Ready', 'True']), '2026-01-01T00:00:00Z'), 'Terminating'],
  ['a Deployment that is rolled out', replicated('Deployment', ROLLED_OUT), 'Current'],
  [
    'a Deployment with a pod of before',
    replicated('Deployment', { ...ROLLED_OUT, replicas: 3 }),
    'InProgress',
  ],
  [
    'a Deployment with a pod that is not ready',
    replicated('Deployment', { ...ROLLED_OUT, readyReplicas: 1 }),
    'InProgress',
  ],
  [
    'a Deployment that got nowhere',
    replicated('Deployment', { ...ROLLED_OUT, conditions: TIMED_OUT }),
    'Failed',
  ],
  ['a StatefulSet that runs', replicated('StatefulSet', STATEFUL), 'Current'],
  [
    'a StatefulSet that is being rolled out',
    replicated('StatefulSet', { ...STATEFUL, updateRevision: 'b' }),
    'InProgress',
  ],
  [
    'a StatefulSet that lacks a pod',
    replicated('StatefulSet', { ...STATEFUL, readyReplicas: 1 }),
    'InProgress',
  ],
  ['a bound claim', { ...custom({ phase: 'Bound' }), kind: 'PersistentVolumeClaim' }, 'Current'],
  [
    'a claim that waits',
    { ...custom({ phase: 'Pending' }), kind: 'PersistentVolumeClaim' },
    'InProgress',
  ],
];

suite('kstatus', () => {
  for (const [what, object, expected] of CASES) {
    test(`of ${what} is ${expected}`, () => assert.equal(kstatusOf(object), expected));
  }
});

suite('an object of ours', () => {
  const violation = { field: ['spec'], reason: 'InvalidShape', message: 'm', remedy: 'r' } as const;
  const good: Verdict = { faults: [], unresolved: [] };
  const STATES: readonly (readonly [string, Verdict, ProgrammedState, Kstatus])[] = [
    ['that every broker runs', good, 'Programmed', 'Current'],
    ['that not every broker runs yet', good, 'Pending', 'InProgress'],
    [
      'that names what does not exist',
      { ...good, unresolved: [violation] },
      'Pending',
      'InProgress',
    ],
    ['that is refused', { ...good, faults: [violation] }, 'Pending', 'Failed'],
  ];
  for (const [what, verdict, programmed, expected] of STATES) {
    test(`${what} is ${expected}`, () => {
      const status = { observedGeneration: 2, conditions: conditionsOf(verdict, programmed) };
      assert.equal(kstatusOf(custom(status)), expected);
    });
  }

  test('that the operator has not seen yet is InProgress, whatever its kind', () => {
    for (const kind of KINDS) {
      const status = schemaOf(kind).properties?.['status']?.default as KstatusObject['status'];
      assert.equal(kstatusOf({ kind, metadata: { generation: 1 }, status }), 'InProgress', kind);
    }
  });
});
