/**
 * Which events an EventSubscription delivers: those that satisfy all of it. The operators and their
 * names are Event Grid's ("Filtering", and its advanced filters).
 */
export type AdvancedFilter =
  // `key`: an attribute, such as `subject`, or in the data, such as `data.engine.Temp`.
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
      /** One of them is enough; behind a `Not` none of them may be it. */
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
  /** Of the event's subject, which is the MQTT topic: at most 1024 characters. */
  readonly subjectBeginsWith?: string;
  /** At most 1024 characters. */
  readonly subjectEndsWith?: string;
  /** Whether the case of letters matters in the two; false by default. */
  readonly isSubjectCaseSensitive?: boolean;
  /** At most 100, such as `MQTT.EventPublished`; all where absent, empty, or with `All`. */
  readonly includedEventTypes?: readonly string[];
  /** At most 25, with 25 values in all of them; all of them hold. */
  readonly advancedFilters?: readonly AdvancedFilter[];
}
