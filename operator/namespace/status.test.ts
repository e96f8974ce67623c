import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../domain/compile.ts';
import { Declared, type Status } from './declared.ts';
import { nextStatus, type Standing } from './status.ts';

const GOOD: Verdict = { faults: [], unresolved: [] };
const BAD: Verdict = {
  faults: [{ field: ['spec', 'query'], reason: 'InvalidQuery', message: 'no', remedy: 'mend' }],
  unresolved: [],
};
const START_MS = Date.parse('2026-01-01T00:00:00Z');

function aGroup(status?: unknown, generation = 1): Declared {
  return new Declared({
    apiVersion: 'mqttgrid.io/v1',
    kind: 'ClientGroup',
    metadata: { name: 'group', namespace: 'default', uid: 'u', generation, resourceVersion: '5' },
    spec: {},
    status,
  });
}

function standing(verdict: Verdict, more: Partial<Standing> = {}): Standing {
  return { verdict, programmed: 'Programmed', fields: undefined, ...more };
}

function written(declared: Declared, what: Standing, atMs = START_MS): Status {
  const status = nextStatus(declared, what, atMs);
  assert.ok(status !== undefined, 'a status is written');
  return status;
}

function times(status: Status): Record<string, string> {
  return Object.fromEntries(
    status.conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
  );
}

test('every condition says which generation it is about, also when the object is refused', () => {
  for (const verdict of [GOOD, BAD]) {
    const status = written(aGroup({ observedGeneration: -1 }, 7), standing(verdict));
    assert.equal(status.observedGeneration, 7);
    for (const condition of status.conditions) assert.equal(condition.observedGeneration, 7);
  }
});

test('what the object says already is not written again, in whatever order the server keeps it', () => {
  const first = written(aGroup(), standing(BAD));
  const sorted = {
    conditions: first.conditions.map((condition) =>
      Object.fromEntries(Object.entries(condition).sort()),
    ),
    observedGeneration: 1,
  };
  assert.equal(nextStatus(aGroup(sorted), standing(BAD), START_MS + 9000), undefined);
});

test('what is on its way counts as said', () => {
  const declared = aGroup();
  declared.writing = written(declared, standing(GOOD));
  assert.equal(nextStatus(declared, standing(GOOD), START_MS + 9000), undefined);
  assert.notEqual(nextStatus(declared, standing(BAD), START_MS + 9000), undefined);
});

test('lastTransitionTime changes with status, and with nothing else', () => {
  const first = written(aGroup(), standing(GOOD));
  const second = written(aGroup(first, 2), standing(GOOD), START_MS + 60_000);
  assert.deepEqual(times(second), times(first));
  const third = written(aGroup(second, 2), standing(BAD), START_MS + 120_000);
  const { Accepted, ResolvedRefs, Programmed, Stalled } = times(third);
  assert.equal(Accepted, '2026-01-01T00:02:00Z');
  assert.equal(Programmed, '2026-01-01T00:02:00Z');
  assert.equal(Stalled, '2026-01-01T00:02:00Z');
  assert.equal(ResolvedRefs, '2026-01-01T00:00:00Z');
});

for (const status of [
  undefined,
  null,
  3,
  'text',
  [],
  { conditions: 'none' },
  { conditions: [1] },
]) {
  test(`a stored status ${JSON.stringify(status)} is replaced`, () => {
    const next = written(aGroup(status), standing(GOOD));
    assert.deepEqual(
      next.conditions.map(({ type }) => type),
      ['Accepted', 'ResolvedRefs', 'Programmed', 'Ready'],
    );
  });
}

test('a condition that somebody else added is taken away', () => {
  const first = written(aGroup(), standing(GOOD));
  const [accepted] = first.conditions;
  const more = { ...first, conditions: [...first.conditions, { ...accepted, type: 'Odd' }] };
  const next = written(aGroup(more), standing(GOOD));
  assert.equal(next.conditions.length, 4);
});
