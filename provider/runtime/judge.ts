/** What is wrong with an object beside others: of the program, and of the target. */
import type { Clock } from '../../control/clock.ts';
import { consequencesOf, judgeAdmission } from '../../domain/admission.ts';
import type { Verdict } from '../../domain/compile.ts';
import type { Resource } from '../../domain/resources.ts';
import { printViolation, type Violation } from '../../domain/violation.ts';
import { compileFor, overlay, ownerOf } from './worlds.ts';

export interface Judgement {
  /** Certain: the program is the reason. */
  readonly errors: readonly Violation[];
  /** What will go wrong unless the target changes first. */
  readonly warnings: readonly string[];
  /** What others refer to may still be declared. */
  readonly missing: readonly Violation[];
}

/**
 * @param program what it declares in the Kubernetes namespace so far, the object included
 * @param held what the target has there; undefined: nobody knows
 */
export function judge(
  resource: Resource,
  program: readonly Resource[],
  held: readonly Resource[] | undefined,
  clock: Clock,
): Judgement {
  const owner = ownerOf(resource);
  const { world: ownWorld } = compileFor(owner, program, clock);
  const own = judgeAdmission(ownWorld, resource);
  const errors = [...own.faults, ...own.unresolved.filter(isCertain)];
  if (held === undefined) return { errors, warnings: [], missing: [] };
  const { world } = compileFor(owner, overlay(held, program), clock);
  const beside = judgeAdmission(world, resource);
  const known = new Set(errors.map(printViolation));
  const warnings = [...beside.faults, ...beside.unresolved.filter(isCertain)]
    .map(printViolation)
    .filter((text) => !known.has(text));
  return {
    errors,
    warnings: [...warnings, ...consequencesOf(world, resource)],
    missing: missingOf(beside),
  };
}

/** What is not there may come; what is there and does not fit will not. */
function isCertain({ reason }: Violation): boolean {
  return reason !== 'RefNotFound';
}

function missingOf({ unresolved }: Verdict): Violation[] {
  return unresolved.filter((violation) => !isCertain(violation));
}
