/** Verdicts as Kubernetes conditions; kstatus reads `Ready` and `Stalled`. */
import type { Verdict } from './compile/verdict.ts';
import { CONDITION_MESSAGE_LENGTH_MAX } from './limits.ts';
import type { ConditionType, Reason } from './reasons.ts';
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

/** How EventTopics and EventSubscriptions stand in this version. */
export const NOT_ROUTED: ProgrammedState = {
  reason: 'UnsupportedValue',
  message: 'messages are not routed to event topics in this version',
};

/**
 * Accepted, ResolvedRefs, Programmed, Ready; and Stalled where only the user can mend it. What is
 * not accepted or not resolved is in no snapshot, whatever `programmed` says.
 */
export function conditionsOf(verdict: Verdict, programmed: ProgrammedState): Condition[] {
  const accepted = judged('Accepted', verdict.faults);
  const resolvedRefs = judged('ResolvedRefs', verdict.unresolved);
  const blocking = [accepted, resolvedRefs].find(({ status }) => status === 'False');
  const runs = blocking === undefined ? programmedCondition(programmed) : blocked(blocking);
  const conditions: Condition[] = [accepted, resolvedRefs, runs, ready(blocking ?? runs)];
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
  const type = 'Programmed';
  if (programmed === 'Programmed') return { type, status: 'True', reason: type, message: '' };
  if (programmed === 'Pending') {
    return { type, status: 'False', reason: 'Pending', message: 'not every broker runs it yet' };
  }
  const { reason, message } = programmed;
  return { type, status: 'False', reason, message: cut(message) };
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
