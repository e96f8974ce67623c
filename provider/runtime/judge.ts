/** What is wrong with an object beside others: of the program, and of the target. */
import { consequencesOf, judgeAdmission } from '../../domain/admission.ts';
import { ownerOf } from '../../domain/compile.ts';
import { mayFollow } from '../../domain/reasons.ts';
import type { Resource } from '../../domain/resources.ts';
import { printViolation, type Violation } from '../../domain/violation.ts';
import { DECLARED_YEAR } from './program.ts';
import type { World } from './worlds.ts';

/** What of an object is certain to be wrong: the program is the reason. */
export function errorsOf(resource: Resource, own: World): Violation[] {
  const { world } = own.compile(ownerOf(resource));
  const { faults, unresolved } = judgeAdmission(world, resource);
  return [...faults, ...unresolved.filter(isCertain)].map(inWordsOfAProgram);
}

/**
 * What will go wrong, with an object that has no errors, unless what is there changes first: Pulumi
 * does not tell a preview what else this update is about to delete.
 *
 * @param beside what the target holds, and over it what the program declares
 */
export function warningsOf(resource: Resource, beside: World): string[] {
  const { world } = beside.compile(ownerOf(resource));
  const { faults, unresolved } = judgeAdmission(world, resource);
  const faulty = [...faults, ...unresolved.filter(isCertain)].map(
    (violation) => `beside what is there: ${printViolation(inWordsOfAProgram(violation))}`,
  );
  const missing = unresolved
    .filter((violation) => !isCertain(violation))
    .map((violation) => `${printViolation(violation)}; until then this waits`);
  return [...faulty, ...consequencesOf(world, resource), ...missing];
}

/** What is there and does not fit will not. */
function isCertain({ reason }: Violation): boolean {
  return !mayFollow(reason);
}

const DECLARED_EARLIER = new RegExp(`, which is older \\(created ${DECLARED_YEAR}-[^)]*\\)`);

/** What is only declared has no age. */
function inWordsOfAProgram(violation: Violation): Violation {
  const message = violation.message.replace(DECLARED_EARLIER, ', which this program declares, too');
  return { ...violation, message };
}
