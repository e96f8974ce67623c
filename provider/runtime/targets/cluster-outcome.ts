/** How an object stands, for who waits for it to be in force. */
import type { Condition } from '../../../domain/conditions.ts';
import { mayFollow } from '../../../domain/reasons.ts';
import { currentConditions, type ObjectStatus } from './cluster-objects.ts';

export type Outcome =
  | { readonly state: 'Ready' }
  /** No operator has looked at it. */
  | { readonly state: 'Unseen' }
  /** May come by waiting. */
  | { readonly state: 'Waiting'; readonly reason: string; readonly words: string }
  /** Only a person can mend it. */
  | { readonly state: 'Refused'; readonly words: string };

/** @param generation of what is waited for, or a later one */
export function outcomeOf(status: ObjectStatus | undefined, generation: number): Outcome {
  if ((status?.observedGeneration ?? -1) < generation) return { state: 'Unseen' };
  const conditions = currentConditions(status, generation);
  const refusal = conditions.find(isRefusal);
  if (refusal !== undefined) return { state: 'Refused', words: wordsOf(refusal) };
  const ready = conditions.find(({ type }) => type === 'Ready') ?? NOT_TOLD;
  if (ready.status === 'True') return { state: 'Ready' };
  return { state: 'Waiting', reason: ready.reason, words: wordsOf(ready) };
}

const NOT_TOLD: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Pending',
  message: 'its status has no Ready condition',
};

function wordsOf({ reason, message }: Condition): string {
  return `${reason}: ${message}`;
}

function isRefusal({ type, status, reason }: Condition): boolean {
  switch (type) {
    case 'Stalled':
      return status === 'True';
    case 'Accepted':
      return status === 'False';
    // What is not there yet may follow; what is there and does not fit is for a person to mend.
    case 'ResolvedRefs':
      return status === 'False' && !mayFollow(reason);
    // Reserved for a later version: no broker of this one will ever run it.
    case 'Programmed':
      return status === 'False' && reason === 'UnsupportedValue';
    // A destination that does not answer may do so later.
    case 'Delivering':
    case 'Ready':
      return false;
  }
}
