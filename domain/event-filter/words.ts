import type { AdvancedFilter } from './event-filter.ts';
import type { OperatorType } from './operators.ts';

const VERBS: { readonly [Name in OperatorType]: string } = {
  NumberLessThan: '<',
  NumberGreaterThan: '>',
  NumberLessThanOrEquals: '<=',
  NumberGreaterThanOrEquals: '>=',
  NumberIn: 'is',
  NumberNotIn: 'is not',
  NumberInRange: 'is within',
  NumberNotInRange: 'is not within',
  BoolEquals: 'is',
  StringIn: 'is',
  StringNotIn: 'is not',
  StringBeginsWith: 'begins with',
  StringNotBeginsWith: 'does not begin with',
  StringEndsWith: 'ends with',
  StringNotEndsWith: 'does not end with',
  StringContains: 'contains',
  StringNotContains: 'does not contain',
  IsNullOrUndefined: 'is null or absent',
  IsNotNull: 'is there and not null',
};

/** `data.Temp > 100`, `subject begins with "factory1/" or "factory2/"`. */
export function inWords(filter: AdvancedFilter): string {
  const { operatorType, key } = filter;
  return [key, VERBS[operatorType], ...operandInWords(filter)].join(' ');
}

function operandInWords(filter: AdvancedFilter): readonly string[] {
  if ('value' in filter) return [String(filter.value)];
  if (!('values' in filter)) return [];
  const values: readonly unknown[] = filter.values;
  return [values.map((value) => JSON.stringify(value)).join(' or ')];
}
