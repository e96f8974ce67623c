/**
 * An early answer to who declares something. The operator judges again whatever is said here, so
 * this only refuses what it would refuse: what refers to objects that may follow is let through
 * with a warning, and so is everything while nothing is known.
 */
import { isEqualJson } from '../../domain/access.ts';
import { consequencesOf, judgeAdmission, nearLimits } from '../../domain/admission.ts';
import { ownerOf, type NamespaceWorld } from '../../domain/compile.ts';
import { printViolations } from '../../domain/conditions.ts';
import { immutableViolations } from '../../domain/immutable.ts';
import { API_GROUP, type Resource } from '../../domain/resources.ts';
import { printFieldPath, printViolation, type Violation } from '../../domain/violation.ts';
import type {
  AdmissionAnswer,
  AdmissionRequest,
  DenialStatus,
  ScaleRequest,
} from './admission-review.ts';
import type { AdmissionWorlds } from './admission-worlds.ts';
import { readRequest, readScale } from './admission-review.ts';
import { deletionWarnings } from './deletion-warnings.ts';

/** An API server cuts what is beyond 4096 characters of all webhooks together. */
const WARNINGS_MAX = 10;

const ALLOWED: AdmissionAnswer = { allowed: true };

export function reviewAdmission(review: unknown, worlds: AdmissionWorlds): AdmissionAnswer {
  const scale = readScale(review);
  if (scale !== undefined) return reviewScale(scale, worlds);
  const request = readRequest(review);
  if (request === undefined || request.isTerminating) return ALLOWED;
  if (!worlds.synced) return allowedUnseen('mqttgrid has not read all objects yet');
  const world = worldFor(worlds, request.resource);
  if (request.operation === 'DELETE') {
    const subscriptions = worlds.eventSubscriptions(request.resource.metadata.namespace);
    return allowed(deletionWarnings(world, request.resource, subscriptions));
  }
  // Labels, annotations and finalizers of an object may always change, however bad its spec is.
  if (request.before !== undefined && hasEqualSpec(request.before, request.resource)) {
    return ALLOWED;
  }
  return judge(world, request);
}

/** Where nothing could be judged. */
export function allowedUnseen(reason: string): AdmissionAnswer {
  return allowed([`${reason}, so this was not checked: its conditions will tell`]);
}

function allowed(warnings: readonly string[]): AdmissionAnswer {
  if (warnings.length === 0) return ALLOWED;
  return { allowed: true, warnings: warnings.slice(0, WARNINGS_MAX) };
}

/** The same as an edit of the object itself, of which the caches know the rest. */
function reviewScale(
  { namespace, name, replicas }: ScaleRequest,
  worlds: AdmissionWorlds,
): AdmissionAnswer {
  if (!worlds.synced) return allowedUnseen('mqttgrid has not read all objects yet');
  const world = worlds.worldOf(namespace, name);
  const before = world.owners.get(name)?.resource;
  if (before === undefined) return ALLOWED;
  // Whatever somebody sent for a number is for the rules to refuse.
  const resource = { ...before, spec: { ...before.spec, replicas } } as typeof before;
  const { kind } = before;
  return judge(world, { kind, operation: 'UPDATE', resource, before, isTerminating: false });
}

/** A world without members serves those that are in none: event objects and malformed ones. */
function worldFor(worlds: AdmissionWorlds, resource: Resource): NamespaceWorld {
  return worlds.worldOf(resource.metadata.namespace, ownerOf(resource));
}

function hasEqualSpec(before: Resource, after: Resource): boolean {
  return isEqualJson(before.spec, after.spec);
}

function judge(world: NamespaceWorld, request: AdmissionRequest): AdmissionAnswer {
  const { resource, before } = request;
  const { faults, unresolved } = judgeAdmission(world, resource);
  const changed = before === undefined ? [] : immutableViolations(before, resource);
  // Who mends one of two faults is not told to mend both at once.
  const standing = before === undefined ? [] : judgeAdmission(world, before).faults;
  const known = new Set(standing.map(printViolation));
  const added = faults.filter((fault) => !known.has(printViolation(fault)));
  const refused = [...changed, ...added];
  if (refused.length > 0) return { allowed: false, status: denial(resource, refused) };
  const remaining = [...faults, ...unresolved].map(printViolation);
  const more = before === undefined ? nearLimits : consequencesOf;
  return allowed([...remaining, ...more(world, resource)]);
}

function denial({ kind, metadata }: Resource, violations: readonly Violation[]): DenialStatus {
  const causes = violations.map(({ field, reason, message, remedy }) => {
    return { reason, message: `${message}; ${remedy}`, field: printFieldPath(field) };
  });
  return {
    status: 'Failure',
    code: 422,
    reason: 'Invalid',
    message: printViolations(violations),
    details: { group: API_GROUP, kind, name: metadata.name, causes },
  };
}
