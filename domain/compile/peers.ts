/**
 * What objects of one kind do to each other: who is older, who holds a name, who is within the
 * limit. All of it depends on the objects alone, never on the order in which they are given.
 */
import type { Kind, Resource, ResourceOf } from '../resources.ts';
import { failure } from '../result.ts';
import { quote } from '../text.ts';
import {
  claimedName,
  nameField,
  type NamedResource,
  type Validated,
} from '../validate/validation.ts';
import type { Violation } from '../violation.ts';

/** An object on its way to a verdict: later rules add to its lists. */
export interface Candidate<K extends Kind, Value> {
  readonly resource: ResourceOf<K>;
  /** What the object means, if it is valid by itself. */
  readonly value: Value | undefined;
  readonly faults: Violation[];
  readonly unresolved: Violation[];
}

export function isAccepted(candidate: { readonly faults: readonly Violation[] }): boolean {
  return candidate.faults.length === 0;
}

function createdMs(resource: Resource): number {
  const time = Date.parse(resource.metadata.creationTimestamp);
  // Who cannot prove an age has none.
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}

/** Creation time, then `metadata.name`: "the older stays". */
function compareAge(left: Resource, right: Resource): number {
  const leftMs = createdMs(left);
  const rightMs = createdMs(right);
  if (leftMs !== rightMs) return leftMs < rightMs ? -1 : 1;
  return left.metadata.name < right.metadata.name ? -1 : 1;
}

/** Judges each by itself; the oldest comes first. */
export function candidatesOf<K extends Kind, Value>(
  resources: readonly ResourceOf<K>[],
  validate: (resource: ResourceOf<K>) => Validated<Value>,
): Candidate<K, Value>[] {
  // The cast loses nothing: a ResourceOf<K> is one of the union that Resource is.
  const byAge = [...resources].sort((left, right) => {
    return compareAge(left as Resource, right as Resource);
  });
  return byAge.map((resource) => {
    const { refusedFor = [] } = resource;
    const result = refusedFor.length > 0 ? failure(refusedFor) : validate(resource);
    return {
      resource,
      value: result.ok ? result.value : undefined,
      faults: result.ok ? [] : [...result.fault],
      unresolved: [],
    };
  });
}

export interface NamedCandidate {
  readonly resource: NamedResource;
  readonly faults: Violation[];
}

/**
 * Gives each name to its oldest claimant and refuses the younger ones; expects the oldest first.
 * A name is claimed by existence: an object that is itself invalid still holds its name, or a slip
 * in an old Client would hand its identity to a younger duplicate.
 * The answer is by key, which is the name unless objects may share a name.
 */
export function claimNames<C extends NamedCandidate>(
  candidates: readonly C[],
  keyOf: (name: string, candidate: C) => string = (name) => name,
): Map<string, C> {
  const holders = new Map<string, C>();
  for (const candidate of candidates) {
    const name = claimedName(candidate.resource);
    if (name === undefined) continue;
    const key = keyOf(name, candidate);
    const holder = holders.get(key);
    if (holder === undefined) holders.set(key, candidate);
    else candidate.faults.push(nameConflict(candidate.resource, name, holder.resource));
  }
  return holders;
}

/** `Client default/vehicle-1`. */
export function printObject(resource: Resource): string {
  return `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`;
}

/** `Client default/vehicle-1, which is older (created 2025-01-01T00:00:00Z)`. */
export function printElder(elder: Resource, resource: Resource): string {
  const why =
    createdMs(elder) < createdMs(resource)
      ? `is older (created ${elder.metadata.creationTimestamp})`
      : 'comes first by metadata.name, neither being older';
  return `${printObject(elder)}, which ${why}`;
}

function nameConflict(resource: NamedResource, name: string, holder: NamedResource): Violation {
  return {
    field: nameField(resource),
    reason: 'NameConflict',
    message: `the name ${quote(name)} belongs to ${printElder(holder, resource)}`,
    remedy: 'delete one of the two, or declare this object anew with another spec.name',
  };
}

/** How many may be accepted, and what the one too many is told. */
export interface Limit {
  readonly value: number;
  /** Who says so: `spec.limits.clients of the MqttNamespace "grid" is 3`. */
  readonly source: string;
  readonly remedy: string;
}

/** What speaks against a candidate beside those admitted before it. */
export type Objection<C> = (candidate: C, admitted: readonly C[]) => Violation | undefined;

/**
 * Refuses those, of the candidates that are accepted so far, that are too many or objected to. Who
 * is refused consumes no limit. Expects the oldest first. No limit: nobody knows how many may be.
 */
export function admit<C extends NamedCandidate>(
  candidates: readonly C[],
  limit: Limit | undefined,
  objection?: Objection<C>,
): void {
  const admitted: C[] = [];
  for (const candidate of candidates.filter(isAccepted)) {
    const fault =
      limit !== undefined && admitted.length >= limit.value
        ? limitExceeded(limit)
        : objection?.(candidate, admitted);
    if (fault === undefined) admitted.push(candidate);
    else candidate.faults.push(fault);
  }
}

function limitExceeded({ source, remedy }: Limit): Violation {
  const order = 'by age, then by metadata.name';
  const message = `${source}, and that many are accepted before this one: ${order}`;
  return { field: ['metadata', 'name'], reason: 'LimitExceeded', message, remedy };
}
