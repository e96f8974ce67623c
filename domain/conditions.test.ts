import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  conditionsOf,
  deliveringState,
  NOT_ROUTED_TO,
  type ProgrammedState,
} from './conditions.ts';
import { CONDITION_MESSAGE_LENGTH_MAX } from './limits.ts';
import type { Violation } from './violation.ts';

function violation(reason: Violation['reason'], message = 'is wrong'): Violation {
  return { field: ['spec', 'query'], reason, message, remedy: 'mend it' };
}

/** `Type=Status/Reason` of each. */
function short(faults: Violation[], unresolved: Violation[], state: ProgrammedState): string[] {
  return conditionsOf({ faults, unresolved }, state).map(({ type, status, reason }) => {
    return `${type}=${status}/${reason}`;
  });
}

suite('conditions say', () => {
  test('that all is well', () => {
    assert.deepEqual(short([], [], 'Programmed'), [
      'Accepted=True/Accepted',
      'ResolvedRefs=True/ResolvedRefs',
      'Programmed=True/Programmed',
      'Ready=True/Ready',
    ]);
  });

  test('that brokers are still to follow', () => {
    assert.deepEqual(short([], [], 'Pending').slice(2), [
      'Programmed=False/Pending',
      'Ready=False/Pending',
    ]);
  });

  test('what a broker refused', () => {
    const state = { reason: 'InvalidLimit', message: 'too large for this broker' } as const;
    const conditions = conditionsOf({ faults: [], unresolved: [] }, state);
    assert.deepEqual(conditions.at(-1), { type: 'Ready', status: 'False', ...state });
  });

  test('that a destination does not take events, since when, and only of what runs', () => {
    const fault = {
      reason: 'DestinationRefused',
      message: 'it answers 403',
      sinceMs: 999,
    } as const;
    const good = { faults: [], unresolved: [] };
    const message = 'it answers 403, since 1970-01-01T00:00:00Z';
    const failing = { status: 'False', reason: 'DestinationRefused', message } as const;
    assert.deepEqual(conditionsOf(good, 'Programmed', deliveringState(fault)).slice(3), [
      { type: 'Delivering', ...failing },
      { type: 'Ready', ...failing },
    ]);
    const ready = conditionsOf(good, 'Pending', deliveringState(fault)).at(-1);
    assert.equal(ready?.reason, 'Pending');
    const refused = { faults: [violation('InvalidQuery')], unresolved: [] };
    const types = conditionsOf(refused, 'Programmed', 'Delivering').map(({ type }) => type);
    assert.ok(!types.includes('Delivering'));
  });

  test('that what nothing is routed to has nothing to wait for', () => {
    const conditions = conditionsOf({ faults: [], unresolved: [] }, NOT_ROUTED_TO);
    assert.ok(conditions.every(({ status }) => status === 'True'));
    assert.match(conditions[2]?.message ?? '', /no MqttNamespace routes/);
  });

  test('that only the user can mend what is not accepted', () => {
    const faults = [violation('InvalidQuery'), violation('NameConflict')];
    assert.deepEqual(short(faults, [], 'Programmed'), [
      'Accepted=False/InvalidQuery',
      'ResolvedRefs=True/ResolvedRefs',
      'Programmed=False/InvalidQuery',
      'Ready=False/InvalidQuery',
      'Stalled=True/InvalidQuery',
    ]);
  });

  test('that an unresolved reference blocks without stalling: the object may yet come', () => {
    assert.deepEqual(short([], [violation('RefNotFound')], 'Programmed'), [
      'Accepted=True/Accepted',
      'ResolvedRefs=False/RefNotFound',
      'Programmed=False/RefNotFound',
      'Ready=False/RefNotFound',
    ]);
  });

  test('that what it lacks and runs without keeps it from being ready alone', () => {
    const lacking = [violation('RefNotFound', 'names a Secret')];
    const verdict = { faults: [], unresolved: [], lacking };
    const conditions = conditionsOf(verdict, 'Programmed', 'Delivering');
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`),
      [
        'Accepted=True/Accepted',
        'ResolvedRefs=False/RefNotFound',
        'Programmed=True/Programmed',
        'Delivering=True/Delivering',
        'Ready=False/RefNotFound',
      ],
    );
    const missing = { ...verdict, unresolved: [violation('RefNotFound', 'names an EventTopic')] };
    const [, unresolved, programmed] = conditionsOf(missing, 'Programmed');
    assert.match(unresolved!.message, /an EventTopic; .*a Secret/);
    assert.equal(programmed!.status, 'False', 'the EventTopic it does not run without');
  });

  test('everything that is wrong, with where and how to mend it', () => {
    const faults = [violation('InvalidQuery'), violation('NameConflict', 'is taken')];
    const [accepted] = conditionsOf({ faults, unresolved: [] }, 'Programmed');
    const expected = 'spec.query: is wrong; mend it. spec.query: is taken; mend it';
    assert.equal(accepted?.message, expected);
  });

  test('no more than Kubernetes takes', () => {
    const faults = Array.from({ length: 5000 }, () => violation('InvalidTemplate', '😀'));
    for (const { message } of conditionsOf({ faults, unresolved: [] }, 'Programmed')) {
      assert.ok(message.length <= CONDITION_MESSAGE_LENGTH_MAX);
      assert.ok(message.isWellFormed());
    }
  });
});
