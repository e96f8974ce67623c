/** What every kind's validation shares. */
import { checkName } from '../names.ts';
import type { FaultReason } from '../reasons.ts';
import { nameOf, type NamedKind, type ResourceOf } from '../resources.ts';
import { failure, type Result } from '../result.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { isRecord, TEXT, type Shape } from './shape.ts';

/** What the rules work on, taken from a valid object; or everything that is wrong with it. */
export type Validated<Value> = Result<Value, readonly Violation[]>;

export type NamedResource = { [K in NamedKind]: ResourceOf<K> }[NamedKind];

/** The fields that every kind within a MqttNamespace has beside `namespaceRef`. */
export const NAME_AND_DESCRIPTION = { name: TEXT, description: TEXT } as const;

export function shapeFault(
  shape: Shape,
  spec: unknown,
): { ok: false; fault: Violation[] } | undefined {
  const violations = shape(spec, ['spec']);
  return violations.length === 0 ? undefined : failure([...violations]);
}

/** Where an object says its name: the field to mend when the name is wrong or taken. */
export function nameField(resource: NamedResource): FieldPath {
  const spec: unknown = resource.spec;
  const stated = isRecord(spec) && spec.name !== undefined;
  return stated ? ['spec', 'name'] : ['metadata', 'name'];
}

export function nameViolations(resource: NamedResource): readonly Violation[] {
  const fault = checkName(resource.kind, nameOf(resource));
  return fault === undefined
    ? []
    : [{ field: nameField(resource), reason: 'InvalidName', ...fault }];
}

/**
 * The name that an object goes by, or undefined where it has no valid one. Works on a spec of any
 * shape: an object holds its name even while something else in it is wrong.
 */
export function claimedName(resource: NamedResource): string | undefined {
  const spec: unknown = resource.spec;
  if (!isRecord(spec)) return undefined;
  const name = spec.name === undefined ? resource.metadata.name : spec.name;
  if (typeof name !== 'string') return undefined;
  return checkName(resource.kind, name) === undefined ? name : undefined;
}

export interface PositionedFault {
  /** Index of the offending character, from 0. */
  readonly position: number;
  readonly message: string;
  readonly remedy: string;
}

/** A fault within a text, with the place where it is, counted as people count. */
export function textViolation(
  field: FieldPath,
  reason: FaultReason,
  fault: PositionedFault,
): Violation {
  const message = `${fault.message}, at character ${fault.position + 1}`;
  return { field, reason, message, remedy: fault.remedy };
}
