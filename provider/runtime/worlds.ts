/** All that is declared in one Kubernetes namespace, judged as the operator would judge it. */
import { readCertificate } from '../../certificates/read.ts';
import type { Clock } from '../../control/clock.ts';
import {
  compileNamespace,
  ownerNameOf,
  type MemberResource,
  type NamespaceCompilation,
} from '../../domain/compile.ts';
import { resourceKey, type Resource, type ResourceOf } from '../../domain/resources.ts';

/** `metadata.name` of the MqttNamespace that an object is judged in; the empty one: in none. */
export function ownerOf(resource: Resource): string {
  switch (resource.kind) {
    case 'MqttNamespace':
      return resource.metadata.name;
    case 'EventTopic':
    case 'EventSubscription':
      return '';
    default:
      return ownerNameOf(resource) ?? '';
  }
}

function isMember(resource: Resource): resource is MemberResource {
  return !['MqttNamespace', 'EventTopic', 'EventSubscription'].includes(resource.kind);
}

/** @param resources of one Kubernetes namespace; `before` only makes it faster */
export function compileFor(
  owner: string,
  resources: readonly Resource[],
  clock: Clock,
  before?: NamespaceCompilation,
): NamespaceCompilation {
  const ofKind = <K extends 'MqttNamespace' | 'EventTopic'>(kind: K): ResourceOf<K>[] =>
    resources.filter((resource) => resource.kind === kind) as unknown as ResourceOf<K>[];
  const input = {
    name: owner,
    mqttNamespaces: ofKind('MqttNamespace'),
    eventTopics: ofKind('EventTopic'),
    members: resources.filter(isMember).filter((member) => ownerOf(member) === owner),
  };
  return compileNamespace(input, { nowMs: clock.nowMs(), readCertificate }, before);
}

/** Of two with the same key the one in `over`, with the age of the one that is there. */
export function overlay(held: readonly Resource[], over: readonly Resource[]): Resource[] {
  const all = new Map(held.map((resource) => [resourceKey(resource), resource]));
  for (const resource of over) {
    const key = resourceKey(resource);
    const there = all.get(key);
    all.set(key, there === undefined ? resource : withAgeOf(resource, there));
  }
  return [...all.values()];
}

function withAgeOf(resource: Resource, { metadata }: Resource): Resource {
  const { creationTimestamp } = metadata;
  // The kind stays, so the spec is of it.
  return { ...resource, metadata: { ...resource.metadata, creationTimestamp } };
}
