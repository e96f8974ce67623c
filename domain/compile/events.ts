/** EventTopics and EventSubscriptions of one Kubernetes namespace: specification, "Routing". */
import { byIdentity } from '../by-identity.ts';
import { EVENT_SUBSCRIPTIONS_MAX } from '../limits.ts';
import type { ResourceOf } from '../resources.ts';
import type { SnapshotEventSubscription, SnapshotRoute } from '../snapshot.ts';
import { quote } from '../text.ts';
import {
  validateEventSubscription,
  type ValidEventSubscription,
} from '../validate/event-subscription.ts';
import { validateEventTopic, type ValidEventTopic } from '../validate/event-topic.ts';
import { judgementOf } from './judgement.ts';
import {
  admit,
  candidatesOf,
  isAccepted,
  oldestFirst,
  type Candidate,
  type Limit,
} from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import { isInForce, verdictsOf, type Verdict } from './verdict.ts';

export const judgeEventTopic = byIdentity((resource: ResourceOf<'EventTopic'>) =>
  judgementOf(resource, validateEventTopic),
);
export const judgeEventSubscription = byIdentity((resource: ResourceOf<'EventSubscription'>) =>
  judgementOf(resource, validateEventSubscription),
);

export type EventTopicCandidate = Candidate<'EventTopic', ValidEventTopic>;
export type EventSubscriptionCandidate = Candidate<'EventSubscription', ValidEventSubscription>;

/** By `metadata.name`, which is what references state. */
export type EventTopics = ReadonlyMap<string, EventTopicCandidate>;

/** Everything of one Kubernetes namespace. */
export interface EventResources {
  readonly eventTopics: readonly ResourceOf<'EventTopic'>[];
  readonly eventSubscriptions: readonly ResourceOf<'EventSubscription'>[];
}

/** The same, judged. */
export interface Events {
  readonly topics: EventTopics;
  /** By the EventTopic that they name, which need not exist; the empty one: they name none. */
  readonly subscriptions: ReadonlyMap<string, readonly EventSubscriptionCandidate[]>;
}

export function judgeEvents({ eventTopics, eventSubscriptions }: EventResources): Events {
  const oldest = oldestFirst(candidatesOf(eventTopics, judgeEventTopic));
  const topics = new Map(oldest.map((topic) => [topic.resource.metadata.name, topic]));
  const subscriptions = new Map<string, EventSubscriptionCandidate[]>();
  for (const candidate of candidatesOf(eventSubscriptions, judgeEventSubscription)) {
    const topic = candidate.value?.topic ?? '';
    const peers = subscriptions.get(topic);
    if (peers === undefined) subscriptions.set(topic, [candidate]);
    else peers.push(candidate);
    resolveTopic(candidate, topics);
  }
  for (const [topic, peers] of subscriptions) admit(peers, { limit: subscriptionsLimit(topic) });
  return { topics, subscriptions };
}

export function compileEvents(resources: EventResources): ReadonlyMap<string, Verdict> {
  return eventVerdicts(judgeEvents(resources));
}

export function eventVerdicts({ topics, subscriptions }: Events): ReadonlyMap<string, Verdict> {
  return verdictsOf([[...topics.values()], ...subscriptions.values()]);
}

export function subscriptionsLimit(topic: string): Limit {
  const value = EVENT_SUBSCRIPTIONS_MAX;
  return {
    value,
    source: `the EventTopic ${quote(topic)} has at most ${value} EventSubscriptions`,
    remedy: 'delete one of them, or let one destination take what several take',
  };
}

export function resolveTopic(subscription: EventSubscriptionCandidate, topics: EventTopics): void {
  if (subscription.value === undefined) return;
  const name = subscription.value.topic;
  const topic = topics.get(name);
  const field = ['spec', 'topicRef', 'name'];
  if (topic === undefined) {
    const within = `the Kubernetes namespace ${quote(subscription.resource.metadata.namespace)}`;
    const missing = { kind: 'EventTopic', name, within, known: [...topics.keys()] } as const;
    subscription.unresolved = [refNotFound(field, missing)];
  } else if (!isAccepted(topic)) {
    subscription.unresolved = [refNotAccepted(field, topic.resource, topic.faults)];
  }
}

export interface Route {
  /** Undefined: nothing is routed. */
  readonly route: SnapshotRoute | undefined;
  /** In no order. */
  readonly eventSubscriptions: readonly SnapshotEventSubscription[];
}

export const NO_ROUTE: Route = { route: undefined, eventSubscriptions: [] };

/** To an EventTopic that is accepted. */
export function routeTo(eventTopic: string, { topics, subscriptions }: Events): Route {
  const { outboxOverflow = 'DropOldest' } = topics.get(eventTopic)?.value ?? {};
  const peers = subscriptions.get(eventTopic) ?? [];
  return {
    route: { eventTopic, outboxOverflow },
    // What a judgement holds is one object for each resource, so that snapshots share it.
    eventSubscriptions: peers
      .filter(isInForce)
      .flatMap(({ value }) => (value === undefined ? [] : [value.subscription])),
  };
}
