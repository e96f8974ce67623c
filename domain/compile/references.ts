/** What is said about an object that names another one in vain. */
import { didYouMean } from '../nearest.ts';
import type { Kind, Resource } from '../resources.ts';
import { quote } from '../text.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { printObject } from './peers.ts';

export interface Missing {
  readonly kind: Kind;
  readonly name: string;
  /** Where it was looked for: `the Kubernetes namespace "default"`. */
  readonly within: string;
  /** What does exist there. */
  readonly known: readonly string[];
}

/** Names compared with a missing one: bounds the work for thousands of dangling references. */
const KNOWN_MAX = 100;

export function refNotFound(field: FieldPath, missing: Missing): Violation {
  const { kind, name, within, known } = missing;
  return {
    field,
    reason: 'RefNotFound',
    message: `there is no ${kind} ${quote(name)} in ${within}`,
    remedy: didYouMean(name, known.slice(0, KNOWN_MAX), 'declare it, or name one that exists'),
  };
}

export function refNotAccepted(
  field: FieldPath,
  other: Resource,
  faults: readonly Violation[],
): Violation {
  const why = faults[0] === undefined ? '' : ` (${faults[0].reason})`;
  return {
    field,
    reason: 'RefNotAccepted',
    message: `${printObject(other)} is itself refused${why}`,
    remedy: 'mend that object',
  };
}
