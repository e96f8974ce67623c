/** Client attributes: specification, "Naming considerations". */
import { ATTRIBUTES_BYTES_MAX, INTEGER_MAX } from '../limits.ts';
import { isAttributeKey } from '../names.ts';
import type { AttributeValue } from '../resources.ts';
import { failure, success } from '../result.ts';
import { quote, utf8Length } from '../text.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { describeValue } from './shape.ts';
import type { Validated } from './validation.ts';

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Violations reported for one client's attributes. */
const VIOLATIONS_MAX = 10;
const KINDS_OF_VALUES = 'a string, an integer or a list of strings';

/** The attributes sorted by key: a client's own properties, `__proto__` as good a key as any. */
export function readAttributes(
  attributes: Readonly<Record<string, unknown>>,
): Validated<Attributes> {
  const entries: [string, AttributeValue][] = [];
  const violations: Violation[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    const fault = keyFault(key) ?? valueFault(key, value);
    if (fault === undefined) entries.push([key, value as AttributeValue]);
    else if (violations.push(fault) === VIOLATIONS_MAX) break;
  }
  if (violations.length > 0) return failure(violations);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  // Unlike an assignment, this makes an own property of every key.
  const read: Attributes = Object.fromEntries(entries);
  const bytes = utf8Length(JSON.stringify(read));
  if (bytes > ATTRIBUTES_BYTES_MAX) return failure([tooLarge(bytes)]);
  return success(read);
}

function tooLarge(bytes: number): Violation {
  return {
    field: ['spec', 'attributes'],
    reason: 'AttributesTooLarge',
    message:
      `take ${bytes} bytes as compact JSON in UTF-8: a client's attributes have at most ` +
      `${ATTRIBUTES_BYTES_MAX}`,
    remedy: 'remove or shorten attributes',
  };
}

function invalid(field: FieldPath, message: string, remedy: string): Violation {
  return { field, reason: 'InvalidAttributes', message, remedy };
}

function keyFault(key: string): Violation | undefined {
  if (isAttributeKey(key)) return undefined;
  return invalid(
    ['spec', 'attributes', key],
    `${quote(key)} is not an attribute key, which has letters, digits and underscores only`,
    'rename the attribute',
  );
}

function valueFault(key: string, value: unknown): Violation | undefined {
  const field = ['spec', 'attributes', key];
  if (typeof value === 'string') return undefined;
  if (typeof value === 'number') return numberFault(field, value);
  if (Array.isArray(value)) return listFault(field, value);
  return invalid(
    field,
    `is ${describeValue(value)}, but an attribute is ${KINDS_OF_VALUES}`,
    typeof value === 'boolean' ? `write it as the string "${value}"` : 'change or remove it',
  );
}

function numberFault(field: FieldPath, value: number): Violation | undefined {
  if (Number.isSafeInteger(value)) return undefined;
  if (!Number.isInteger(value)) {
    return invalid(
      field,
      `is the number ${value}, but an attribute is ${KINDS_OF_VALUES}`,
      'write it as an integer in a smaller unit, or as a string',
    );
  }
  return invalid(
    field,
    `is an integer beyond ${INTEGER_MAX} (2^53-1) either way, which JSON numbers would round`,
    'write it as a string',
  );
}

function listFault(field: FieldPath, list: readonly unknown[]): Violation | undefined {
  const index = list.findIndex((entry) => typeof entry !== 'string');
  if (index < 0) return undefined;
  return invalid(
    [...field, index],
    `is ${describeValue(list[index])}, but a list attribute holds strings only`,
    'write every entry as a string',
  );
}
