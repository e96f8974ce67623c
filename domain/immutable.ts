import { IMMUTABLE_FIELDS, nameOf, type Resource } from './resources.ts';
import { quote } from './text.ts';
import { isRecord } from './validate/shape.ts';
import type { Violation } from './violation.ts';

/**
 * Which fields of one object were changed although they can only be set when it is created. The
 * two are versions of the same object. A field that a malformed spec hides is not compared.
 */
export function immutableViolations(before: Resource, after: Resource): Violation[] {
  if (!isRecord(before.spec) || !isRecord(after.spec)) return [];
  return IMMUTABLE_FIELDS[after.kind].flatMap((field) => {
    const old = valueOf(before, field);
    const now = valueOf(after, field);
    return old === now ? [] : [immutable(field, print(old), print(now))];
  });
}

/** A name as it is in effect, a reference by what it names. */
function valueOf(resource: Resource, field: string): string | undefined {
  if (field === 'name') return asText(nameOf(resource));
  const spec: Readonly<Record<string, unknown>> = { ...resource.spec };
  const value = spec[field];
  return asText(isRecord(value) ? value.name : value);
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function print(value: string | undefined): string {
  return value === undefined ? 'not set' : quote(value);
}

function immutable(field: string, old: string, now: string): Violation {
  return {
    field: ['spec', field],
    reason: 'Immutable',
    message: `was ${old} and is now ${now}, but it can only be set when the object is created`,
    remedy: 'undo the change, or delete the object and declare it anew',
  };
}
