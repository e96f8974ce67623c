/** What one object is by itself, whatever else is declared. */
import { NAME_RULES } from '../names.ts';
import { resourceKey, type Kind, type Resource, type ResourceOf } from '../resources.ts';
import { failure } from '../result.ts';
import { claimedName, type NamedResource, type Validated } from '../validate/validation.ts';
import type { Violation } from '../violation.ts';

export interface Judgement<K extends Kind, Value> {
  readonly resource: ResourceOf<K>;
  /** Its `resourceKey`. */
  readonly key: string;
  /** Milliseconds since 1970-01-01T00:00:00Z; infinite where no time can be read. */
  readonly createdMs: number;
  /** The name that it holds, or wants to; undefined where there is no valid one. */
  readonly claimedName: string | undefined;
  /** What the object means, if it is valid by itself. */
  readonly value: Value | undefined;
  readonly faults: readonly Violation[];
}

/** Shared by all that nothing is wrong with. */
export const NO_VIOLATIONS: readonly Violation[] = [];

export function judgementOf<K extends Kind, Value>(
  resource: ResourceOf<K>,
  validate: (resource: ResourceOf<K>) => Validated<Value>,
): Judgement<K, Value> {
  const { refusedFor = NO_VIOLATIONS } = resource;
  const result = refusedFor.length > 0 ? failure(refusedFor) : validate(resource);
  // The casts lose nothing: a ResourceOf<K> is one of the union that Resource is.
  const own = resource as Resource;
  return {
    resource,
    key: resourceKey(own),
    createdMs: createdMs(own),
    claimedName: isNamed(own) ? claimedName(own) : undefined,
    value: result.ok ? result.value : undefined,
    faults: result.ok ? NO_VIOLATIONS : result.fault,
  };
}

function createdMs(resource: Resource): number {
  const stated: unknown = resource.metadata.creationTimestamp;
  // Who cannot prove an age has none.
  const time = typeof stated === 'string' ? Date.parse(stated) : Number.NaN;
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}

function isNamed(resource: Resource): resource is NamedResource {
  return Object.hasOwn(NAME_RULES, resource.kind);
}
