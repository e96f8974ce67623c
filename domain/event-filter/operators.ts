import type { AdvancedFilter } from './event-filter.ts';

export type OperatorType = AdvancedFilter['operatorType'];

/** What an operator compares an event's value with: in `value`, in `values`, or with nothing. */
export type Operand = 'Number' | 'Boolean' | 'Numbers' | 'Ranges' | 'Strings' | 'None';

export const OPERANDS: { readonly [Name in OperatorType]: Operand } = {
  NumberLessThan: 'Number',
  NumberGreaterThan: 'Number',
  NumberLessThanOrEquals: 'Number',
  NumberGreaterThanOrEquals: 'Number',
  NumberIn: 'Numbers',
  NumberNotIn: 'Numbers',
  NumberInRange: 'Ranges',
  NumberNotInRange: 'Ranges',
  BoolEquals: 'Boolean',
  StringIn: 'Strings',
  StringNotIn: 'Strings',
  StringBeginsWith: 'Strings',
  StringNotBeginsWith: 'Strings',
  StringEndsWith: 'Strings',
  StringNotEndsWith: 'Strings',
  StringContains: 'Strings',
  StringNotContains: 'Strings',
  IsNullOrUndefined: 'None',
  IsNotNull: 'None',
};

export const OPERATOR_TYPES: readonly OperatorType[] = Object.keys(OPERANDS) as OperatorType[];

export function isOperatorType(text: string): text is OperatorType {
  return Object.hasOwn(OPERANDS, text);
}
