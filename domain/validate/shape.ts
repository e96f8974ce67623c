/**
 * A guard for specs that no schema has seen, or an older one: it admits what the rules can work on
 * and turns the rest into violations, so that a malformed stored object never becomes a crash. The
 * CRDs say more; nothing here needs to repeat their bounds.
 */
import type { FieldPath, Violation } from '../violation.ts';
import { either, quote } from '../text.ts';

/** Reports what is wrong with a value at a path. */
export type Shape = (value: unknown, path: FieldPath) => readonly Violation[];

/** Violations reported for one list: the hundredth wrong entry tells nobody anything. */
const LIST_VIOLATIONS_MAX = 10;

/** What a value is. A string is not repeated: in the wrong place it may be a secret. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number' || typeof value === 'boolean')
    return `the ${typeof value} ${value}`;
  return `a ${typeof value}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of what is none, an empty one. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function mismatch(path: FieldPath, expected: string, value: unknown): readonly Violation[] {
  const message = `is ${describeValue(value)}, but must be ${expected}`;
  return [{ field: path, reason: 'InvalidShape', message, remedy: `make it ${expected}` }];
}

export const TEXT: Shape = (value, path) => {
  return typeof value === 'string' ? [] : mismatch(path, 'a string', value);
};

export const INTEGER: Shape = (value, path) => {
  return Number.isSafeInteger(value) ? [] : mismatch(path, 'an integer', value);
};

export const BOOLEAN: Shape = (value, path) => {
  return typeof value === 'boolean' ? [] : mismatch(path, 'true or false', value);
};

/** The words are those of the schema's, which has the same bounds. */
export function integerFrom(minimum: number, maximum: number): Shape {
  return (value, path) => {
    const violations = INTEGER(value, path);
    const number = Number(value);
    if (violations.length > 0 || (number >= minimum && number <= maximum)) return violations;
    const range = `${minimum} to ${maximum}`;
    const message = `is ${describeValue(value)}, but must be from ${range}`;
    const remedy = `set it to an integer from ${range}`;
    return [{ field: path, reason: 'InvalidShape', message, remedy }];
  };
}

/** An object whose entries somebody else judges. */
export const RECORD: Shape = (value, path) => {
  return isRecord(value) ? [] : mismatch(path, 'an object', value);
};

export function oneOf(words: readonly string[]): Shape {
  const expected = either(words);
  return (value, path) => {
    if (typeof value !== 'string') return mismatch(path, expected, value);
    if (words.includes(value)) return [];
    const message = `is ${quote(value)}, but must be ${expected}`;
    return [{ field: path, reason: 'InvalidShape', message, remedy: `make it ${expected}` }];
  };
}

export function listOf(entry: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return mismatch(path, 'a list', value);
    const violations: Violation[] = [];
    for (const [index, item] of value.entries()) {
      violations.push(...entry(item, [...path, index]));
      if (violations.length >= LIST_VIOLATIONS_MAX) break;
    }
    return violations;
  };
}

type Fields = Readonly<Record<string, Shape>>;

export function objectOf(required: Fields, optional: Fields = {}): Shape {
  return (value, path) => {
    if (!isRecord(value)) return mismatch(path, 'an object', value);
    const missing = Object.keys(required).filter((field) => value[field] === undefined);
    const stated = Object.entries({ ...required, ...optional });
    return [
      ...missing.map((field): Violation => missingField([...path, field])),
      ...stated.flatMap(([field, shape]) => {
        return value[field] === undefined ? [] : shape(value[field], [...path, field]);
      }),
    ];
  };
}

function missingField(field: FieldPath): Violation {
  return { field, reason: 'InvalidShape', message: 'is missing', remedy: 'state it' };
}

/** Another object, by its `metadata.name`. */
export const REFERENCE = objectOf({ name: TEXT });
