/** EventTopics and EventSubscriptions of one Kubernetes namespace: specification, "Routing". */
import { resourceKey, type ResourceOf } from '../resources.ts';
import { quote } from '../text.ts';
import {
  validateEventSubscription,
  type ValidEventSubscription,
} from '../validate/event-subscription.ts';
import { validateEventTopic, type ValidEventTopic } from '../validate/event-topic.ts';
import { candidatesOf, isAccepted, type Candidate } from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import type { Verdict } from './verdict.ts';

type EventTopicCandidate = Candidate<'EventTopic', ValidEventTopic>;

/** By `metadata.name`, which is what references state. */
export type EventTopics = ReadonlyMap<string, EventTopicCandidate>;

export function judgeEventTopics(resources: readonly ResourceOf<'EventTopic'>[]): EventTopics {
  const candidates = candidatesOf(resources, validateEventTopic);
  return new Map(candidates.map((candidate) => [candidate.resource.metadata.name, candidate]));
}

export interface EventResources {
  /** Everything of one Kubernetes namespace. */
  readonly eventTopics: readonly ResourceOf<'EventTopic'>[];
  readonly eventSubscriptions: readonly ResourceOf<'EventSubscription'>[];
}

export function compileEvents(resources: EventResources): ReadonlyMap<string, Verdict> {
  const topics = judgeEventTopics(resources.eventTopics);
  const subscriptions = candidatesOf(resources.eventSubscriptions, validateEventSubscription);
  const known = [...topics.keys()];
  for (const subscription of subscriptions) resolveTopic(subscription, topics, known);
  const verdicts = new Map<string, Verdict>();
  for (const { resource, faults, unresolved } of [...topics.values(), ...subscriptions]) {
    verdicts.set(resourceKey(resource), { faults, unresolved });
  }
  return verdicts;
}

function resolveTopic(
  subscription: Candidate<'EventSubscription', ValidEventSubscription>,
  topics: EventTopics,
  known: readonly string[],
): void {
  if (subscription.value === undefined) return;
  const name = subscription.value.topic;
  const topic = topics.get(name);
  const field = ['spec', 'topicRef', 'name'];
  if (topic === undefined) {
    const within = `the Kubernetes namespace ${quote(subscription.resource.metadata.namespace)}`;
    const missing = { kind: 'EventTopic', name, within, known } as const;
    subscription.unresolved.push(refNotFound(field, missing));
  } else if (!isAccepted(topic)) {
    subscription.unresolved.push(refNotAccepted(field, topic.resource, topic.faults));
  }
}
