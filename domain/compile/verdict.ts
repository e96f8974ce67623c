import type { Violation } from '../violation.ts';
import { NO_VIOLATIONS } from './judgement.ts';

/** What is wrong with one object, given everything that was declared beside it. */
export interface Verdict {
  /** With itself or with its peers. Not empty: `Accepted=False`. */
  readonly faults: readonly Violation[];
  /** With what it refers to. Not empty: `ResolvedRefs=False`. */
  readonly unresolved: readonly Violation[];
  /** The same, of what it runs without: an EventSubscription, its Secrets. */
  readonly lacking?: readonly Violation[];
}

/** Of the many that nothing is wrong with. */
const GOOD: Verdict = { faults: NO_VIOLATIONS, unresolved: NO_VIOLATIONS };

/** Whether the object is in the snapshot, if its MqttNamespace is. */
export function isInForce({ faults, unresolved }: Verdict): boolean {
  return faults.length === 0 && unresolved.length === 0;
}

function verdictOf(verdict: Verdict): Verdict {
  const { faults, unresolved } = verdict;
  return isInForce(verdict) ? GOOD : { faults, unresolved };
}

/** By `resourceKey`. */
export function verdictsOf(
  groups: readonly (readonly (Verdict & { readonly key: string })[])[],
): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const group of groups) {
    for (const judged of group) verdicts.set(judged.key, verdictOf(judged));
  }
  return verdicts;
}
