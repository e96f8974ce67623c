/**
 * Which events an EventSubscription delivers: those that satisfy all of it. The operators and their
 * names are Event Grid's ("Filtering", and its advanced filters).
 */
export type AdvancedFilter =
  | {
      readonly operatorType:
        | 'NumberLessThan'
        | 'NumberGreaterThan'
        | 'NumberLessThanOrEquals'
        | 'NumberGreaterThanOrEquals';
      readonly key: string;
      readonly value: number;
    }
  | {
      readonly operatorType: 'NumberIn' | 'NumberNotIn';
      readonly key: string;
      readonly values: readonly number[];
    }
  | {
      readonly operatorType: 'NumberInRange' | 'NumberNotInRange';
      readonly key: string;
      /** Both ends belong to a range. */
      readonly values: readonly (readonly [number, number])[];
    }
  | { readonly operatorType: 'BoolEquals'; readonly key: string; readonly value: boolean }
  | {
      readonly operatorType:
        | 'StringIn'
        | 'StringNotIn'
        | 'StringBeginsWith'
        | 'StringNotBeginsWith'
        | 'StringEndsWith'
        | 'StringNotEndsWith'
        | 'StringContains'
        | 'StringNotContains';
      readonly key: string;
      readonly values: readonly string[];
    }
  | { readonly operatorType: 'IsNullOrUndefined' | 'IsNotNull'; readonly key: string };

export interface EventFilter {
  readonly subjectBeginsWith?: string;
  readonly subjectEndsWith?: string;
  readonly isSubjectCaseSensitive?: boolean;
  readonly includedEventTypes?: readonly string[];
  readonly advancedFilters?: readonly AdvancedFilter[];
}
