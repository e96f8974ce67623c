/** From ajv's errors to violations: one a field, in order, each with what would mend it. */
import type { DefinedError } from 'ajv';
import { nearestOf } from '../domain/nearest.ts';
import type { Kind } from '../domain/resources.ts';
import { printFieldPath, type FieldPath, type Violation } from '../domain/violation.ts';
import { ruleOf } from './field-rules.ts';
import { wordsOf } from './shape-words.ts';

/** Beyond it nobody reads on, and a hostile manifest could make millions. */
const VIOLATIONS_MAX = 100;

/** Of several faults of one field, the first of these says the most. */
const PRECEDENCE: readonly string[] = [
  'type',
  'additionalProperties',
  'required',
  'enum',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'format',
  'pattern',
];

interface Fault {
  readonly error: DefinedError;
  readonly field: FieldPath;
}

export function violationsOf(
  kind: Kind,
  document: unknown,
  errors: readonly DefinedError[],
): Violation[] {
  const faults = errors
    .map((error): Fault => ({ error, field: fieldOf(error, document) }))
    .sort(compareFaults);
  const misspelt = new Set(faults.map(meantField));
  const violations = new Map<string, Violation>();
  for (const { error, field } of faults) {
    const key = printFieldPath(field);
    // A field that was misspelt is not missing as well.
    const repeats = violations.has(key) || (error.keyword === 'required' && misspelt.has(key));
    if (repeats) continue;
    for (const violation of judged(kind, error, field)) {
      violations.set(printFieldPath(violation.field), violation);
    }
  }
  return capped([...violations.values()]);
}

/** What makes a value no value of its field, whichever rule there may be for those that are. */
const OF_SHAPE: readonly string[] = ['type', 'additionalProperties', 'required', 'enum'];

function judged(kind: Kind, error: DefinedError, field: FieldPath): readonly Violation[] {
  const rule = OF_SHAPE.includes(error.keyword) ? undefined : ruleOf(kind, field);
  const violations = rule?.judge(error.data, field) ?? [];
  if (violations.length > 0) return violations;
  return [{ field, reason: rule?.reason ?? 'InvalidShape', ...wordsOf(kind, error, field) }];
}

function capped(violations: Violation[]): Violation[] {
  if (violations.length <= VIOLATIONS_MAX) return violations;
  const rest = violations.length - (VIOLATIONS_MAX - 1);
  const last: Violation = {
    field: [],
    reason: 'InvalidShape',
    message: `has ${rest} more faults of this sort`,
    remedy: 'mend the ones above first',
  };
  return [...violations.slice(0, VIOLATIONS_MAX - 1), last];
}

/** The field that the fault is about, which for a missing or unknown one is below the instance. */
function fieldOf(error: DefinedError, document: unknown): FieldPath {
  const path = pathOf(error.instancePath, document);
  if (error.keyword === 'required') return [...path, error.params.missingProperty];
  if (error.keyword === 'additionalProperties') return [...path, error.params.additionalProperty];
  return path;
}

/** A JSON pointer's steps (RFC 6901), with those into lists as numbers. */
function pathOf(pointer: string, document: unknown): FieldPath {
  let value = document;
  return pointer
    .split('/')
    .slice(1)
    .map((step) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const isIndex = Array.isArray(value);
      value = (value as Record<string, unknown> | undefined)?.[key];
      return isIndex ? Number(key) : key;
    });
}

function meantField({ error, field }: Fault): string | undefined {
  if (error.keyword !== 'additionalProperties') return undefined;
  const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object);
  const meant = nearestOf(error.params.additionalProperty, known);
  return meant === undefined ? undefined : printFieldPath([...field.slice(0, -1), meant]);
}

function compareFaults(left: Fault, right: Fault): number {
  return (
    comparePaths(left.field, right.field) ||
    PRECEDENCE.indexOf(left.error.keyword) - PRECEDENCE.indexOf(right.error.keyword)
  );
}

function comparePaths(left: FieldPath, right: FieldPath): number {
  for (const [index, step] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (step === other) continue;
    if (typeof step === 'number' && typeof other === 'number') return step - other;
    return String(step) < String(other) ? -1 : 1;
  }
  return left.length - right.length;
}
