/** Verdicts as Kubernetes conditions; kstatus reads `Ready` and `Stalled`. */
import { isInForce, type Verdict } from './compile/verdict.ts';
import type { DestinationFault } from './delivery-standing.ts';
import { CONDITION_MESSAGE_LENGTH_MAX } from './limits.ts';
import type { ConditionType, Reason } from './reasons.ts';
import { printTime } from './text.ts';
import { printViolation, type Violation } from './violation.ts';

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

/** What the brokers say of an object in their snapshot: it runs, not everywhere yet, or why not. */
export type ProgrammedState =
  'Programmed' | 'Pending' | { readonly reason: Reason; readonly message: string };

/** Of an EventTopic that nothing is published to, and of its EventSubscriptions. */
export const NOT_ROUTED_TO: ProgrammedState = {
  reason: 'Programmed',
  message: 'no MqttNamespace routes to the EventTopic: there is nothing to deliver',
};

/** Whether the destination of an EventSubscription takes events, as far as is known. */
export type DeliveringState = 'Delivering' | { readonly reason: Reason; readonly message: string };

export function deliveringState(fault: DestinationFault | undefined): DeliveringState {
  if (fault === undefined) return 'Delivering';
  const { reason, message, sinceMs } = fault;
  const since = printTime(Math.floor(sinceMs / 1000) * 1000);
  return { reason, message: `${message}, since ${since}` };
}

/**
 * Accepted, ResolvedRefs, Programmed, Delivering where that is known, Ready; and Stalled where only
 * the user can mend it. What is not accepted or not resolved is in no snapshot, whatever the rest
 * says, unless it runs without what it lacks.
 */
export function conditionsOf(
  verdict: Verdict,
  programmed: ProgrammedState,
  delivering?: DeliveringState,
): Condition[] {
  const { faults, unresolved, lacking = [] } = verdict;
  const accepted = judged('Accepted', faults);
  const resolvedRefs = judged('ResolvedRefs', [...unresolved, ...lacking]);
  const blocking = isInForce(verdict)
    ? undefined
    : [accepted, resolvedRefs].find(({ status }) => status === 'False');
  const runs = blocking === undefined ? programmedCondition(programmed) : blocked(blocking);
  const conditions: Condition[] = [accepted, resolvedRefs, runs];
  if (blocking === undefined && delivering !== undefined) {
    conditions.push(stated('Delivering', delivering));
  }
  conditions.push(ready(conditions.find(({ status }) => status === 'False') ?? runs));
  if (accepted.status === 'False') {
    conditions.push({ ...accepted, type: 'Stalled', status: 'True' });
  }
  return conditions;
}

function judged(type: 'Accepted' | 'ResolvedRefs', violations: readonly Violation[]): Condition {
  const [first] = violations;
  if (first === undefined) return { type, status: 'True', reason: type, message: '' };
  return { type, status: 'False', reason: first.reason, message: printViolations(violations) };
}

/** All of them, as far as a condition's message has room. */
export function printViolations(violations: readonly Violation[]): string {
  return cut(violations.map(printViolation).join('. '));
}

function blocked({ type, reason }: Condition): Condition {
  const message = `no broker runs it: ${type} is False`;
  return { type: 'Programmed', status: 'False', reason, message };
}

function programmedCondition(programmed: ProgrammedState): Condition {
  if (programmed !== 'Pending') return stated('Programmed', programmed);
  const message = 'not every broker runs it yet';
  return { type: 'Programmed', status: 'False', reason: 'Pending', message };
}

function stated<Type extends 'Programmed' | 'Delivering'>(
  type: Type,
  state: Type | { readonly reason: Reason; readonly message: string },
): Condition {
  if (typeof state === 'string') return { type, status: 'True', reason: type, message: '' };
  const { reason, message } = state;
  return { type, status: reason === type ? 'True' : 'False', reason, message: cut(message) };
}

/** All of them; where one is not, the first of them says why. */
function ready(cause: Condition): Condition {
  const type = 'Ready';
  if (cause.status === 'True') return { type, status: 'True', reason: type, message: '' };
  return { type, status: 'False', reason: cause.reason, message: cause.message };
}

function cut(message: string): string {
  if (message.length <= CONDITION_MESSAGE_LENGTH_MAX) return message;
  return `${message.slice(0, CONDITION_MESSAGE_LENGTH_MAX - 1).toWellFormed()}…`;
}
