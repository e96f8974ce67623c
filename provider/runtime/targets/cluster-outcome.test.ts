import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../../domain/conditions.ts';
import type { ObjectStatus } from './cluster-objects.ts';
import { outcomeOf } from './cluster-outcome.ts';

type Told = readonly [
  type: Condition['type'],
  status: 'True' | 'False',
  reason: Condition['reason'],
];

function statusOf(observedGeneration: number, ...told: readonly Told[]): ObjectStatus {
  const conditions = told.map(([type, status, reason]) => {
    return { type, status, reason, message: `of ${type}`, observedGeneration };
  });
  return { observedGeneration, conditions };
}

const READY = ['Ready', 'True', 'Ready'] as const;

const CASES: readonly (readonly [string, ObjectStatus | undefined, string])[] = [
  ['without a status', undefined, 'Unseen'],
  ['before the operator has seen it', { observedGeneration: -1 }, 'Unseen'],
  ['with a status without a generation', { conditions: [] }, 'Unseen'],
  ['with a status of the generation before', statusOf(1, READY), 'Unseen'],
  ['ready', statusOf(2, READY), 'Ready'],
  ['ready in a later generation', statusOf(3, READY), 'Ready'],
  ['without conditions yet', statusOf(2), 'Waiting Pending: its status has no Ready condition'],
  [
    'with a Ready condition of the generation before',
    { observedGeneration: 2, conditions: statusOf(1, READY).conditions ?? [] },
    'Waiting Pending: its status has no Ready condition',
  ],
  ['pending', statusOf(2, ['Ready', 'False', 'Pending']), 'Waiting Pending: of Ready'],
  [
    'while no broker runs',
    statusOf(
      2,
      ['Programmed', 'False', 'BrokerUnavailable'],
      ['Ready', 'False', 'BrokerUnavailable'],
    ),
    'Waiting BrokerUnavailable: of Ready',
  ],
  [
    'while a broker refuses the snapshot that it is in',
    statusOf(2, ['Programmed', 'False', 'SnapshotRefused'], ['Ready', 'False', 'SnapshotRefused']),
    'Waiting SnapshotRefused: of Ready',
  ],
  [
    'while what it refers to is not there',
    statusOf(2, ['ResolvedRefs', 'False', 'RefNotFound'], ['Ready', 'False', 'RefNotFound']),
    'Waiting RefNotFound: of Ready',
  ],
  [
    'where what it refers to is refused',
    statusOf(2, ['ResolvedRefs', 'False', 'RefNotAccepted'], ['Ready', 'False', 'RefNotAccepted']),
    'Refused RefNotAccepted: of ResolvedRefs',
  ],
  [
    'where it is refused itself',
    statusOf(2, ['Accepted', 'False', 'TemplateOverlap'], ['Ready', 'False', 'TemplateOverlap']),
    'Refused TemplateOverlap: of Accepted',
  ],
  [
    'stalled',
    statusOf(2, ['Ready', 'False', 'NameConflict'], ['Stalled', 'True', 'NameConflict']),
    'Refused NameConflict: of Stalled',
  ],
  ['no longer stalled', statusOf(2, READY, ['Stalled', 'False', 'NameConflict']), 'Ready'],
  [
    'where this version runs no such thing',
    statusOf(
      2,
      ['Programmed', 'False', 'UnsupportedValue'],
      ['Ready', 'False', 'UnsupportedValue'],
    ),
    'Refused UnsupportedValue: of Programmed',
  ],
];

for (const [how, status, expected] of CASES) {
  test(`an object ${how} is: ${expected}`, () => {
    const outcome = outcomeOf(status, 2);
    const words = 'words' in outcome ? ` ${outcome.words}` : '';
    assert.equal(`${outcome.state}${words}`, expected);
  });
}
