import type { Violation } from '../violation.ts';

/** What is wrong with one object, given everything that was declared beside it. */
export interface Verdict {
  /** With itself or with its peers. Not empty: `Accepted=False`. */
  readonly faults: readonly Violation[];
  /** With what it refers to. Not empty: `ResolvedRefs=False`. */
  readonly unresolved: readonly Violation[];
}
