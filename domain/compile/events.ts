/** EventTopics and EventSubscriptions of one Kubernetes namespace: specification, "Routing". */
import { byIdentity } from '../by-identity.ts';
import type { ResourceOf } from '../resources.ts';
import { quote } from '../text.ts';
import {
  validateEventSubscription,
  type ValidEventSubscription,
} from '../validate/event-subscription.ts';
import { validateEventTopic, type ValidEventTopic } from '../validate/event-topic.ts';
import { judgementOf } from './judgement.ts';
import { candidatesOf, isAccepted, oldestFirst, type Candidate } from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import { verdictsOf, type Verdict } from './verdict.ts';

export const judgeEventTopic = byIdentity((resource: ResourceOf<'EventTopic'>) =>
  judgementOf(resource, validateEventTopic),
);
export const judgeEventSubscription = byIdentity((resource: ResourceOf<'EventSubscription'>) =>
  judgementOf(resource, validateEventSubscription),
);

type EventTopicCandidate = Candidate<'EventTopic', ValidEventTopic>;

/** By `metadata.name`, which is what references state. */
export type EventTopics = ReadonlyMap<string, EventTopicCandidate>;

export function judgeEventTopics(resources: readonly ResourceOf<'EventTopic'>[]): EventTopics {
  const candidates = oldestFirst(candidatesOf(resources, judgeEventTopic));
  return new Map(candidates.map((candidate) => [candidate.resource.metadata.name, candidate]));
}

export interface EventResources {
  /** Everything of one Kubernetes namespace. */
  readonly eventTopics: readonly ResourceOf<'EventTopic'>[];
  readonly eventSubscriptions: readonly ResourceOf<'EventSubscription'>[];
}

export function compileEvents(resources: EventResources): ReadonlyMap<string, Verdict> {
  const topics = judgeEventTopics(resources.eventTopics);
  const subscriptions = candidatesOf(resources.eventSubscriptions, judgeEventSubscription);
  for (const subscription of subscriptions) resolveTopic(subscription, topics);
  return verdictsOf([[...topics.values()], subscriptions]);
}

export function resolveTopic(
  subscription: Candidate<'EventSubscription', ValidEventSubscription>,
  topics: EventTopics,
): void {
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
