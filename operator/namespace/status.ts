/** What the status of an object shall be, given how it stands. Pure. */
import {
  conditionsOf,
  type DeliveringState,
  type ProgrammedState,
} from '../../domain/conditions.ts';
import type { Condition } from '../../domain/conditions.ts';
import type { Verdict } from '../../domain/compile.ts';
import { isEqualJson } from '../../domain/access.ts';
import { isRecord } from '../../domain/validate/shape.ts';
import type { StatusFields } from './fields.ts';
import { readStatus, type Declared, type Status, type StatusCondition } from './declared.ts';

export interface Standing {
  readonly verdict: Verdict;
  readonly programmed: ProgrammedState;
  /** Of an EventSubscription; undefined: nobody has said it yet. */
  readonly delivering?: DeliveringState | undefined;
  /** What only this kind has, in the schema's names. */
  readonly fields: StatusFields | undefined;
}

/** Undefined: the object says so already, or is about to. */
export function nextStatus(
  declared: Declared,
  standing: Standing,
  nowMs: number,
): Status | undefined {
  const { generation } = declared;
  const said = readStatus(declared.writing ?? declared.status);
  const { verdict, programmed, delivering } = standing;
  const conditions = conditionsOf(verdict, programmed, delivering).map((condition) => {
    return withTimes(condition, generation, { said: said.conditions, nowMs });
  });
  const status = { observedGeneration: generation, conditions, ...standing.fields };
  return isEqualStatus(said, status) ? undefined : status;
}

interface Times {
  /** The conditions that the object has or is about to have, in whatever shape. */
  readonly said: unknown;
  readonly nowMs: number;
}

/** `lastTransitionTime` is when `status` changed, not when something was last written. */
function withTimes(condition: Condition, generation: number, times: Times): StatusCondition {
  const before = findCondition(times.said, condition.type);
  const kept = before?.status === condition.status ? before.lastTransitionTime : undefined;
  return {
    ...condition,
    observedGeneration: generation,
    lastTransitionTime: typeof kept === 'string' ? kept : printTime(times.nowMs),
  };
}

export function findCondition(
  conditions: unknown,
  type: Condition['type'],
): Partial<StatusCondition> | undefined {
  if (!Array.isArray(conditions)) return undefined;
  return conditions.find((condition) => isRecord(condition) && condition.type === type) as
    Partial<StatusCondition> | undefined;
}

/** RFC 3339 in seconds, as Kubernetes writes it. */
function printTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Whether it was programmed in its present generation, as told in an earlier life of ours. */
export function saysProgrammed(declared: Declared): boolean {
  const condition = findCondition(readStatus(declared.status).conditions, 'Programmed');
  return condition?.status === 'True' && condition.observedGeneration === declared.generation;
}

/** Fields in any order, since the server sorts them; conditions in ours or any. */
function isEqualStatus(left: Partial<Status>, right: Status): boolean {
  return isEqualJson(canonical(left), canonical(right));
}

/** Recursion is as deep as a status, which the schema bounds. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted.map(([field, inner]) => [field, canonical(inner)]));
}
