import type { Violation } from '../domain/violation.ts';

/** A violation and the place in a manifest that somebody must open to mend it. */
export interface Located {
  /** Path of the file, beginning with the folder as it was named; of the folder, if that is it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `Client/default/vehicle-1`; undefined where no object can be told. */
  readonly object?: string;
  readonly violation: Violation;
}

/** By file, line and column: the order in which a person mends them. */
export function byPlace(left: Located, right: Located): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
