/** What the operators of advanced filters hold of a value: Event Grid; ADR 22. */
import type { AdvancedFilter } from './event-filter.ts';
import { TextIgnoringCase } from './ignoring-case.ts';
import { isOperatorType, type OperatorType } from './operators.ts';

/** Of what JSON may hold; undefined where the event has no such value. */
export type Comparison = (value: unknown) => boolean;

/** Works out once what does not depend on the event. */
export function comparisonOf(filter: AdvancedFilter): Comparison {
  const { operatorType } = filter;
  if (!isOperatorType(operatorType)) throw new Error(`no operator ${String(operatorType)}`);
  const make = COMPARISONS[operatorType] as (filter: AdvancedFilter) => Comparison;
  return make(filter);
}

interface Operands<Value> {
  /** Among the elements of an array, those of other types are ignored. */
  isOne(this: void, element: unknown): element is Value;
  /** A value by itself is compared by what its text says: attributes are strings for the most. */
  read(this: void, value: unknown): Value | undefined;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isString = (value: unknown): value is string => typeof value === 'string';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

const NUMBERS: Operands<number> = {
  isOne: isNumber,
  read: (value) => {
    if (isString(value)) return numberIn(value);
    return isNumber(value) ? value : undefined;
  },
};

const STRINGS: Operands<string> = {
  isOne: isString,
  read: (value) => {
    if (isString(value)) return value;
    return isNumber(value) || isBoolean(value) ? String(value) : undefined;
  },
};

const TRUE = new TextIgnoringCase('true');
const FALSE = new TextIgnoringCase('false');

const BOOLEANS: Operands<boolean> = {
  isOne: isBoolean,
  read: (value) => {
    if (isBoolean(value)) return value;
    if (!isString(value)) return undefined;
    if (TRUE.equals(value)) return true;
    return FALSE.equals(value) ? false : undefined;
  },
};

/** Longer than any number that a double can tell from its neighbours. */
const NUMBER_LENGTH_MAX = 32;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

function numberIn(text: string): number | undefined {
  return text.length <= NUMBER_LENGTH_MAX && JSON_NUMBER.test(text) ? Number(text) : undefined;
}

/** Holds where the test holds of the value, or of any element. */
function any<Value>(operands: Operands<Value>, test: (value: Value) => boolean): Comparison {
  return (value) => {
    if (Array.isArray(value)) return hasOne(value, operands, test);
    const own = operands.read(value);
    return own !== undefined && test(own);
  };
}

/** Holds where the test holds neither of the value nor of any element. */
function none<Value>(
  operands: Operands<Value>,
  test: (value: Value) => boolean,
  whereMissing = true,
): Comparison {
  return (value) => {
    if (Array.isArray(value)) return !hasOne(value, operands, test);
    const own = operands.read(value);
    return own === undefined ? whereMissing : !test(own);
  };
}

function hasOne<Value>(
  elements: readonly unknown[],
  { isOne }: Operands<Value>,
  test: (value: Value) => boolean,
): boolean {
  for (const element of elements) if (isOne(element) && test(element)) return true;
  return false;
}

type Ranges = readonly (readonly [number, number])[];

function isWithin(ranges: Ranges): (value: number) => boolean {
  return (value) => {
    for (const [low, high] of ranges) if (value >= low && value <= high) return true;
    return false;
  };
}

type Relation = (pattern: TextIgnoringCase, text: string) => boolean;
const EQUALS: Relation = (pattern, text) => pattern.equals(text);
const BEGINS: Relation = (pattern, text) => pattern.begins(text);
const ENDS: Relation = (pattern, text) => pattern.ends(text);
const IS_WITHIN: Relation = (pattern, text) => pattern.isWithin(text);

function oneOf(values: readonly string[], relation: Relation): (text: string) => boolean {
  const patterns = values.map((value) => new TextIgnoringCase(value));
  return (text) => {
    for (const pattern of patterns) if (relation(pattern, text)) return true;
    return false;
  };
}

type FilterOf<Name, Filter = AdvancedFilter> = Filter extends { readonly operatorType: infer Names }
  ? Name extends Names
    ? Filter
    : never
  : never;

/**
 * Where the key is missing, null, or of a type that is not compared, StringNotIn and NumberNotIn
 * hold and the other negations of strings do not: so it is documented.
 */
const COMPARISONS: { readonly [Name in OperatorType]: (filter: FilterOf<Name>) => Comparison } = {
  NumberLessThan: ({ value }) => any(NUMBERS, (number) => number < value),
  NumberGreaterThan: ({ value }) => any(NUMBERS, (number) => number > value),
  NumberLessThanOrEquals: ({ value }) => any(NUMBERS, (number) => number <= value),
  NumberGreaterThanOrEquals: ({ value }) => any(NUMBERS, (number) => number >= value),
  NumberIn: ({ values }) => any(NUMBERS, (number) => values.includes(number)),
  NumberNotIn: ({ values }) => none(NUMBERS, (number) => values.includes(number)),
  NumberInRange: ({ values }) => any(NUMBERS, isWithin(values)),
  NumberNotInRange: ({ values }) => none(NUMBERS, isWithin(values)),
  BoolEquals: ({ value }) => any(BOOLEANS, (boolean) => boolean === value),
  StringIn: ({ values }) => any(STRINGS, oneOf(values, EQUALS)),
  StringNotIn: ({ values }) => none(STRINGS, oneOf(values, EQUALS)),
  StringBeginsWith: ({ values }) => any(STRINGS, oneOf(values, BEGINS)),
  StringNotBeginsWith: ({ values }) => none(STRINGS, oneOf(values, BEGINS), false),
  StringEndsWith: ({ values }) => any(STRINGS, oneOf(values, ENDS)),
  StringNotEndsWith: ({ values }) => none(STRINGS, oneOf(values, ENDS), false),
  StringContains: ({ values }) => any(STRINGS, oneOf(values, IS_WITHIN)),
  StringNotContains: ({ values }) => none(STRINGS, oneOf(values, IS_WITHIN), false),
  IsNullOrUndefined: () => isNothing,
  IsNotNull: () => (value) => !isNothing(value),
};

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
