/** Which EventSubscriptions deliver the event of a message, as far as it can be told. */
import type { Destination } from '../resources.ts';
import type { SnapshotEventSubscription } from '../snapshot.ts';
import { conditionsOf, valueAt, type Condition } from './conditions.ts';
import type { FilterKey } from './filter-key.ts';

/** A message that is asked about: no CloudEvent by itself, whose attributes are its client's. */
export interface RoutedQuestion {
  readonly topic: string;
  /** The name of the MqttNamespace. */
  readonly source: string;
  /** Undefined: nothing is known about it. */
  readonly data?: { readonly value: unknown };
}

export interface ConditionOutcome {
  /** For people: `data.Temp > 100`. */
  readonly condition: string;
  readonly outcome: 'Satisfied' | 'Unsatisfied' | 'Unknown';
}

/** Plain data: it can be printed as JSON. */
export interface RouteExplanation {
  /** `metadata.name` of the EventSubscription. */
  readonly name: string;
  readonly destination: keyof Destination;
  /** `Depends`: on the conditions whose outcome is unknown. */
  readonly verdict: 'Delivered' | 'NotDelivered' | 'Depends';
  /** All of them, in the order of the filter. */
  readonly conditions: readonly ConditionOutcome[];
}

export function explainRoute(
  subscriptions: readonly SnapshotEventSubscription[],
  question: RoutedQuestion,
): readonly RouteExplanation[] {
  return subscriptions.map(({ name, filter, destination }) => {
    const conditions = conditionsOf(filter).map((condition) => outcomeOf(condition, question));
    const kind = (['webhook', 'kafka', 'file'] as const).find((each) => destination[each]);
    return { name, destination: kind ?? 'file', verdict: verdictOf(conditions), conditions };
  });
}

function verdictOf(conditions: readonly ConditionOutcome[]): RouteExplanation['verdict'] {
  const has = (wanted: ConditionOutcome['outcome']): boolean =>
    conditions.some(({ outcome }) => outcome === wanted);
  if (has('Unsatisfied')) return 'NotDelivered';
  return has('Unknown') ? 'Depends' : 'Delivered';
}

function outcomeOf({ key, holds, inWords }: Condition, question: RoutedQuestion): ConditionOutcome {
  const known = knownValue(key, question);
  if (known === undefined) return { condition: inWords(), outcome: 'Unknown' };
  return { condition: inWords(), outcome: holds(known.value) ? 'Satisfied' : 'Unsatisfied' };
}

/** Undefined: whoever publishes the message decides, or the broker does when it comes. */
function knownValue(
  key: FilterKey,
  question: RoutedQuestion,
): { readonly value: unknown } | undefined {
  if (key.type === 'Data') {
    return question.data && { value: valueAt(question.data.value, key.path) };
  }
  const value = attributesOf(question).get(key.name);
  return value === undefined ? undefined : { value };
}

/** Specification, "CloudEvent Schema for the routed MQTT messages". */
function attributesOf({ topic, source }: RoutedQuestion): ReadonlyMap<string, string> {
  return new Map([
    ['specversion', '1.0'],
    ['type', 'MQTT.EventPublished'],
    ['source', source],
    ['subject', topic],
    ['mqtttopic', topic],
  ]);
}
