/** The MqttNamespaces of one Kubernetes namespace, which own everything else. */
import { byIdentity } from '../by-identity.ts';
import type { ResourceOf } from '../resources.ts';
import { quote } from '../text.ts';
import { validateMqttNamespace, type ValidMqttNamespace } from '../validate/mqtt-namespace.ts';
import type { Violation } from '../violation.ts';
import type { EventTopics } from './events.ts';
import { judgementOf } from './judgement.ts';
import {
  admit,
  candidatesOf,
  claimNames,
  isAccepted,
  oldestFirst,
  printObject,
  type Candidate,
  type Limit,
} from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';

export const judgeMqttNamespace = byIdentity((resource: ResourceOf<'MqttNamespace'>) =>
  judgementOf(resource, validateMqttNamespace),
);

export type Owner = Candidate<'MqttNamespace', ValidMqttNamespace>;

/** By `metadata.name`, which is what references state. */
export type Owners = ReadonlyMap<string, Owner>;

export function judgeOwners(
  resources: readonly ResourceOf<'MqttNamespace'>[],
  eventTopics: EventTopics,
  mqttNamespacesMax: number,
): Owners {
  const owners = oldestFirst(candidatesOf(resources, judgeMqttNamespace));
  claimNames(owners, regionalName);
  admit(owners, { limit: mqttNamespacesLimit(mqttNamespacesMax) });
  for (const owner of owners) resolveRouteTopic(owner, eventTopics);
  return new Map(owners.map((owner) => [owner.resource.metadata.name, owner]));
}

/** "Name needs to be unique per region"; a region is a location in our Kubernetes namespace. */
export function regionalName({ claimedName, resource }: Owner): string | undefined {
  return claimedName && JSON.stringify([claimedName, locationOf(resource)]);
}

/** Of a spec that need not be valid: an invalid object holds its name where it says it is. */
function locationOf(resource: ResourceOf<'MqttNamespace'>): string {
  const location: unknown = resource.spec.location;
  return typeof location === 'string' ? location : '';
}

export function mqttNamespacesLimit(value: number): Limit {
  return {
    value,
    source: `a Kubernetes namespace has at most ${value} MqttNamespaces`,
    remedy: 'delete one of them, or raise the maximum where mqttgrid is started',
  };
}

const ROUTE_TOPIC = ['spec', 'routeTopicRef', 'name'];

export function resolveRouteTopic(owner: Owner, topics: EventTopics): void {
  const name = owner.value?.routeTopic;
  if (name === undefined) return;
  const topic = topics.get(name);
  if (topic === undefined) {
    const within = `the Kubernetes namespace ${quote(owner.resource.metadata.namespace)}`;
    const missing = { kind: 'EventTopic', name, within, known: [...topics.keys()] } as const;
    owner.unresolved = [refNotFound(ROUTE_TOPIC, missing)];
  } else if (!isAccepted(topic)) {
    owner.unresolved = [refNotAccepted(ROUTE_TOPIC, topic.resource, topic.faults)];
  } else {
    const mismatch = locationMismatch(owner, topic.resource);
    if (mismatch !== undefined) owner.unresolved = [mismatch];
  }
}

/**
 * "It needs to be in the same region as the namespace." Said of the MqttNamespace, not of the
 * topic: one namespace in the wrong place must not take the topic away from the others.
 */
function locationMismatch(owner: Owner, topic: ResourceOf<'EventTopic'>): Violation | undefined {
  const here = owner.value?.location;
  const there = topic.spec.location;
  if (here === undefined || there === undefined || here === there) return undefined;
  return {
    field: ROUTE_TOPIC,
    reason: 'RefLocationMismatch',
    message:
      `${printObject(topic)} is in the location ${quote(there)}, but this MqttNamespace is in ` +
      `${quote(here)}: messages are routed within one location`,
    remedy: 'give both the same location, or remove it from one of them',
  };
}
