import type { EventSubscriptionSpec, ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { SnapshotEventSubscription } from '../snapshot.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { DESTINATION_SHAPE, destinationViolations, normalDestination } from './destination.ts';
import { FILTER_SHAPE, filterViolations, normalFilter } from './event-filter.ts';
import { integerFrom, objectOf, REFERENCE, TEXT, type Shape } from './shape.ts';
import { shapeFault, type Validated } from './validation.ts';

export interface ValidEventSubscription {
  /** `metadata.name` of the EventTopic whose events it delivers. */
  readonly topic: string;
  readonly subscription: SnapshotEventSubscription;
}

/** Event Grid's, as default and as maximum; the CRD says the same. */
export const DELIVERY_ATTEMPTS_MAX = 30;
export const EVENT_TIME_TO_LIVE_MINUTES_MAX = 1440;
const MINUTE_MS = 60_000;

const RETRY_POLICY = objectOf(
  {},
  {
    maxDeliveryAttempts: integerFrom(1, DELIVERY_ATTEMPTS_MAX),
    eventTimeToLiveInMinutes: integerFrom(1, EVENT_TIME_TO_LIVE_MINUTES_MAX),
  },
);

const SHAPE = objectOf(
  { topicRef: REFERENCE, destination: DESTINATION_SHAPE },
  {
    description: TEXT,
    filter: FILTER_SHAPE,
    retryPolicy: RETRY_POLICY,
    deadLetter: DESTINATION_SHAPE,
  },
);

export function validateEventSubscription(
  resource: ResourceOf<'EventSubscription'>,
): Validated<ValidEventSubscription> {
  const { metadata, spec } = resource;
  const malformed = shapeFault(SHAPE, spec);
  if (malformed !== undefined) return malformed;
  const violations = deliveryViolations(['spec'], spec);
  if (violations.length > 0) return failure(violations);
  const subscription = subscriptionOf(metadata.name, spec);
  return success({ topic: spec.topicRef.name, subscription });
}

type Delivery = Pick<EventSubscriptionSpec, 'filter' | 'destination' | 'deadLetter'>;

/** Of what has the shape. */
function deliveryViolations(
  field: FieldPath,
  { filter = {}, destination, deadLetter }: Delivery,
): readonly Violation[] {
  return [
    ...filterViolations([...field, 'filter'], filter),
    ...destinationViolations([...field, 'destination'], destination),
    ...(deadLetter ? destinationViolations([...field, 'deadLetter'], deadLetter) : []),
  ];
}

const SHAPE_IN_SNAPSHOT = objectOf(
  {
    name: TEXT,
    filter: FILTER_SHAPE,
    destination: DESTINATION_SHAPE,
    maxDeliveryAttempts: integerFrom(1, DELIVERY_ATTEMPTS_MAX),
    eventTimeToLiveMs: integerFrom(1, EVENT_TIME_TO_LIVE_MINUTES_MAX * MINUTE_MS),
  },
  { deadLetter: DESTINATION_SHAPE },
);

/**
 * The same rules for who is handed a snapshot: what makes matchers and opens destinations takes
 * them for kept.
 */
export const EVENT_SUBSCRIPTION_IN_SNAPSHOT: Shape = (value, path) => {
  const violations = SHAPE_IN_SNAPSHOT(value, path);
  if (violations.length > 0) return violations;
  return deliveryViolations(path, value as SnapshotEventSubscription);
};

function subscriptionOf(name: string, spec: EventSubscriptionSpec): SnapshotEventSubscription {
  const { filter = {}, destination, deadLetter, retryPolicy = {} } = spec;
  const {
    maxDeliveryAttempts = DELIVERY_ATTEMPTS_MAX,
    eventTimeToLiveInMinutes = EVENT_TIME_TO_LIVE_MINUTES_MAX,
  } = retryPolicy;
  return {
    name,
    filter: normalFilter(filter),
    destination: normalDestination(destination),
    maxDeliveryAttempts,
    eventTimeToLiveMs: eventTimeToLiveInMinutes * MINUTE_MS,
    ...(deadLetter && { deadLetter: normalDestination(deadLetter) }),
  };
}
