/** Filters of EventSubscriptions: the rules are Event Grid's, "Event filtering"; ADR 22. */
import {
  ADVANCED_FILTERS_MAX,
  EVENT_TYPE_LENGTH_MAX,
  EVENT_TYPES_MAX,
  FILTER_STRING_LENGTH_MAX,
  FILTER_VALUES_MAX,
  SUBJECT_PART_LENGTH_MAX,
} from '../event-filter/bounds.ts';
import type { AdvancedFilter, EventFilter } from '../event-filter/event-filter.ts';
import { parseFilterKey } from '../event-filter/filter-key.ts';
import {
  isOperatorType,
  OPERANDS,
  OPERATOR_TYPES,
  type Operand,
  type OperatorType,
} from '../event-filter/operators.ts';
import { INTEGER_MAX } from '../limits.ts';
import { didYouMean } from '../nearest.ts';
import { either, quote } from '../text.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { BOOLEAN, describeValue, listOf, objectOf, RECORD, TEXT } from './shape.ts';

/** Entries of `advancedFilters` are looked at by `filterViolations`. */
export const FILTER_SHAPE = objectOf(
  {},
  {
    subjectBeginsWith: TEXT,
    subjectEndsWith: TEXT,
    isSubjectCaseSensitive: BOOLEAN,
    includedEventTypes: listOf(TEXT),
    advancedFilters: listOf(RECORD),
  },
);

/** Of a filter that has the shape above. */
export function filterViolations(field: FieldPath, filter: EventFilter): readonly Violation[] {
  const { subjectBeginsWith = '', subjectEndsWith = '', includedEventTypes = [] } = filter;
  const subject = (name: string, text: string): Violation | undefined =>
    lengthViolation([...field, name], text, SUBJECT_PART_LENGTH_MAX);
  const found = [
    subject('subjectBeginsWith', subjectBeginsWith),
    subject('subjectEndsWith', subjectEndsWith),
    ...typeViolations([...field, 'includedEventTypes'], includedEventTypes),
    ...advancedViolations([...field, 'advancedFilters'], filter.advancedFilters ?? []),
  ];
  return found.filter((violation) => violation !== undefined);
}

function invalid(field: FieldPath, message: string, remedy: string): Violation {
  return { field, reason: 'InvalidFilter', message, remedy };
}

function lengthViolation(field: FieldPath, text: string, max: number): Violation | undefined {
  // A character has one UTF-16 unit or two: most texts need not be taken apart.
  const length = text.length <= max ? text.length : [...text].length;
  if (length <= max) return undefined;
  const message = `has ${length} characters; the limit is ${max}`;
  return invalid(field, message, `shorten it to ${max} characters`);
}

function typeViolations(
  field: FieldPath,
  types: readonly string[],
): readonly (Violation | undefined)[] {
  if (types.length > EVENT_TYPES_MAX) {
    const message = `has ${types.length} types; the limit is ${EVENT_TYPES_MAX}`;
    const remedy = 'leave it out to include all, or filter on type with StringBeginsWith';
    return [invalid(field, message, remedy)];
  }
  return types.map((type, index) => {
    const at = [...field, index];
    if (type === '') return invalid(at, 'is empty', "state a CloudEvent's type, or remove it");
    return lengthViolation(at, type, EVENT_TYPE_LENGTH_MAX);
  });
}

/** What a manifest may hold in place of an advanced filter. */
type Entry = Readonly<Record<string, unknown>>;

function advancedViolations(
  field: FieldPath,
  filters: readonly AdvancedFilter[],
): readonly Violation[] {
  if (filters.length > ADVANCED_FILTERS_MAX) {
    const message = `has ${filters.length} filters; Event Grid's limit is ${ADVANCED_FILTERS_MAX}`;
    return [invalid(field, message, 'declare another EventSubscription for some of them')];
  }
  const entries = filters as readonly unknown[] as readonly Entry[];
  const violations = entries.flatMap((entry, index) => entryViolations([...field, index], entry));
  return violations.length > 0 ? violations : valueCountViolations(field, entries);
}

function valueCountViolations(field: FieldPath, entries: readonly Entry[]): readonly Violation[] {
  const counts = entries.map(({ value, values }) => {
    return Array.isArray(values) ? values.length : value === undefined ? 0 : 1;
  });
  const count = counts.reduce((total, each) => total + each, 0);
  if (count <= FILTER_VALUES_MAX) return [];
  const message =
    `compare with ${count} values together; Event Grid's limit for one subscription is ` +
    `${FILTER_VALUES_MAX}`;
  return [invalid(field, message, 'declare another EventSubscription for some of the values')];
}

function entryViolations(field: FieldPath, entry: Entry): readonly Violation[] {
  const { operatorType, key } = entry;
  const ofKey = keyViolation([...field, 'key'], key);
  const isKnown = typeof operatorType === 'string' && isOperatorType(operatorType);
  return [
    ...(isKnown
      ? operandViolations(field, entry, operatorType)
      : [unknownOperator([...field, 'operatorType'], operatorType)]),
    ...(ofKey === undefined ? [] : [ofKey]),
  ];
}

function unknownOperator(field: FieldPath, operator: unknown): Violation {
  const oneOfThem = `state one of ${either(OPERATOR_TYPES)}`;
  if (operator === undefined) return invalid(field, 'is missing', oneOfThem);
  if (typeof operator !== 'string') {
    return invalid(field, `is ${describeValue(operator)}, but must be a string`, oneOfThem);
  }
  const message = `is ${quote(operator)}, which Event Grid has no operator of`;
  return invalid(field, message, didYouMean(operator, OPERATOR_TYPES, oneOfThem));
}

/** Undefined: it is the key of a value that an event may have. */
export function keyViolation(field: FieldPath, key: unknown): Violation | undefined {
  const example = 'state the value that is compared, such as subject or data.Temp';
  if (key === undefined) return invalid(field, 'is missing', example);
  if (typeof key !== 'string') {
    return invalid(field, `is ${describeValue(key)}, but must be a string`, example);
  }
  const parsed = parseFilterKey(key);
  return parsed.ok ? undefined : invalid(field, parsed.fault.message, parsed.fault.remedy);
}

/** Which of the two fields an operator compares with. */
const OPERAND_FIELD: { readonly [Each in Operand]: 'value' | 'values' | undefined } = {
  Number: 'value',
  Boolean: 'value',
  Numbers: 'values',
  Ranges: 'values',
  Strings: 'values',
  None: undefined,
};

function operandViolations(
  field: FieldPath,
  entry: Entry,
  operator: OperatorType,
): readonly Violation[] {
  const operand = OPERANDS[operator];
  const own = OPERAND_FIELD[operand];
  const strays = (['value', 'values'] as const).filter(
    (name) => name !== own && entry[name] !== undefined,
  );
  if (strays.length > 0) {
    return strays.map((name) => {
      const [message, remedy] = ofStray(operator, own);
      return invalid([...field, name], message, remedy);
    });
  }
  if (own === undefined) return [];
  const at = [...field, own];
  if (entry[own] === undefined) return [invalid(at, 'is missing', remedyOf(operand))];
  return own === 'value'
    ? valueViolations(at, entry[own], operand)
    : listViolations(at, entry[own], operand);
}

function ofStray(operator: OperatorType, own: string | undefined): readonly [string, string] {
  if (own === undefined) {
    return [`is stated, but ${operator} compares with nothing`, 'remove it'];
  }
  const message = `is stated, but ${operator} compares with what is in ${own}`;
  return [message, `rename it to ${own}, and ${remedyOf(OPERANDS[operator])}`];
}

const REMEDIES: { readonly [Each in Operand]: string } = {
  Number: 'state a number',
  Boolean: 'state true or false',
  Numbers: 'state a list of numbers',
  Ranges: 'state a list of ranges, such as [[0, 10], [100, 200]]',
  Strings: 'state a list of strings',
  None: 'remove it',
};

function remedyOf(operand: Operand): string {
  return REMEDIES[operand];
}

function listViolations(field: FieldPath, list: unknown, operand: Operand): readonly Violation[] {
  if (!Array.isArray(list)) {
    return [invalid(field, `is ${describeValue(list)}, but must be a list`, remedyOf(operand))];
  }
  if (list.length === 0) return [invalid(field, 'is empty', 'state at least one value')];
  if (list.length > FILTER_VALUES_MAX) {
    const message = `has ${list.length} values; Event Grid's limit is ${FILTER_VALUES_MAX}`;
    return [invalid(field, message, 'declare another EventSubscription for some of them')];
  }
  return list.flatMap((value, index) => valueViolations([...field, index], value, operand));
}

function valueViolations(field: FieldPath, value: unknown, operand: Operand): readonly Violation[] {
  const violation = VALUE_RULES[operand](field, value);
  return violation === undefined ? [] : [violation];
}

type ValueRule = (field: FieldPath, value: unknown) => Violation | undefined;

const VALUE_RULES: { readonly [Each in Operand]: ValueRule } = {
  Number: numberViolation,
  Numbers: numberViolation,
  Boolean: (field, value) => {
    return typeof value === 'boolean' ? undefined : mistyped(field, value, 'true or false');
  },
  Ranges: rangeViolation,
  Strings: (field, value) => {
    if (typeof value !== 'string') return mistyped(field, value, 'a string');
    return lengthViolation(field, value, FILTER_STRING_LENGTH_MAX);
  },
  None: () => undefined,
};

function mistyped(field: FieldPath, value: unknown, expected: string): Violation {
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  const remedy =
    isScalar && expected === 'a string' ? 'put the value in quotes' : `make it ${expected}`;
  return invalid(field, `is ${describeValue(value)}, but must be ${expected}`, remedy);
}

function numberViolation(field: FieldPath, value: unknown): Violation | undefined {
  if (typeof value !== 'number') return mistyped(field, value, 'a number');
  if (Math.abs(value) <= INTEGER_MAX) return undefined;
  const message = Number.isFinite(value)
    ? `is ${describeValue(value)}, which cannot be told from its neighbours`
    : `is ${describeValue(value)}, which no event can hold`;
  return invalid(field, message, 'state a number within 2^53-1 either way');
}

function rangeViolation(field: FieldPath, range: unknown): Violation | undefined {
  if (!Array.isArray(range) || range.length !== 2) {
    return mistyped(field, range, 'a range, [LOW, HIGH]');
  }
  for (const [index, end] of range.entries()) {
    const violation = numberViolation([...field, index], end);
    if (violation !== undefined) return violation;
  }
  const [low, high] = range as [number, number];
  if (low <= high) return undefined;
  const message = `goes from ${low} to ${high}, so that no number is within it`;
  return invalid(field, message, `make it [${high}, ${low}]`);
}

/** What it says, and nothing else: filters that mean the same are equal. */
export function normalFilter(filter: EventFilter): EventFilter {
  const { includedEventTypes = [], advancedFilters = [] } = filter;
  const isOnType = includedEventTypes.length > 0 && !includedEventTypes.includes(EVERY_TYPE);
  return {
    ...normalSubject(filter),
    ...(isOnType && { includedEventTypes: [...includedEventTypes] }),
    ...(advancedFilters.length > 0 && {
      advancedFilters: advancedFilters.map(normalAdvancedFilter),
    }),
  };
}

function normalSubject(filter: EventFilter): EventFilter {
  const { subjectBeginsWith = '', subjectEndsWith = '', isSubjectCaseSensitive } = filter;
  if (subjectBeginsWith === '' && subjectEndsWith === '') return {};
  return {
    ...(subjectBeginsWith !== '' && { subjectBeginsWith }),
    ...(subjectEndsWith !== '' && { subjectEndsWith }),
    ...(isSubjectCaseSensitive === true && { isSubjectCaseSensitive }),
  };
}

/** Event Grid's word for it. */
const EVERY_TYPE = 'All';

function normalAdvancedFilter(filter: AdvancedFilter): AdvancedFilter {
  const { operatorType, key } = filter;
  const own = OPERAND_FIELD[OPERANDS[operatorType]];
  const operand = own === undefined ? {} : { [own]: (filter as unknown as Entry)[own] };
  return { operatorType, key, ...operand } as AdvancedFilter;
}
