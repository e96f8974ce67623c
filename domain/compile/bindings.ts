/** What a permission binding refers to, by the specification's names within its MqttNamespace. */
import { ALL_CLIENTS_GROUP } from '../names.ts';
import type { SnapshotClientGroup, SnapshotPermissionBinding } from '../snapshot.ts';
import { quote } from '../text.ts';
import type { Violation } from '../violation.ts';
import { addFault, isAccepted, printObject, type Candidate } from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import type { TopicSpaceCandidate } from './template-overlap.ts';

type BindingCandidate = Candidate<'PermissionBinding', SnapshotPermissionBinding>;

/** Who holds each name. */
export interface BindingTargets {
  readonly groups: ReadonlyMap<string, Candidate<'ClientGroup', SnapshotClientGroup>>;
  readonly spaces: ReadonlyMap<string, TopicSpaceCandidate>;
}

export function resolveBinding(binding: BindingCandidate, targets: BindingTargets): void {
  if (binding.value === undefined) return;
  for (const violation of [
    groupViolation(binding, targets.groups),
    spaceViolation(binding, targets.spaces),
  ]) {
    if (violation !== undefined) binding.unresolved = [...binding.unresolved, violation];
  }
  const space = targets.spaces.get(binding.value.topicSpaceName);
  if (binding.value.permission === 'Subscriber' && isForPublishingOnly(space)) {
    addFault(binding, subscriptionNotSupported(space));
  }
}

function groupViolation(
  { resource }: BindingCandidate,
  groups: BindingTargets['groups'],
): Violation | undefined {
  const name = resource.spec.clientGroupName;
  if (name === ALL_CLIENTS_GROUP) return undefined;
  const field = ['spec', 'clientGroupName'];
  const group = groups.get(name);
  if (group === undefined) {
    const known = [ALL_CLIENTS_GROUP, ...groups.keys()];
    return refNotFound(field, { kind: 'ClientGroup', name, within: ownerOf(resource), known });
  }
  return isAccepted(group) ? undefined : refNotAccepted(field, group.resource, group.faults);
}

function spaceViolation(
  { resource }: BindingCandidate,
  spaces: BindingTargets['spaces'],
): Violation | undefined {
  const name = resource.spec.topicSpaceName;
  const field = ['spec', 'topicSpaceName'];
  const space = spaces.get(name);
  if (space === undefined) {
    const missing = { name, within: ownerOf(resource), known: [...spaces.keys()] };
    return refNotFound(field, { kind: 'TopicSpace', ...missing });
  }
  return isAccepted(space) ? undefined : refNotAccepted(field, space.resource, space.faults);
}

function ownerOf({ spec }: BindingCandidate['resource']): string {
  return `the MqttNamespace ${quote(spec.namespaceRef.name)}`;
}

function isForPublishingOnly(space: TopicSpaceCandidate | undefined): space is TopicSpaceCandidate {
  return space?.value?.space.subscriptionSupport === 'NotSupported';
}

function subscriptionNotSupported({ resource }: TopicSpaceCandidate): Violation {
  return {
    field: ['spec', 'permission'],
    reason: 'SubscriptionNotSupported',
    message:
      `is Subscriber, but ${printObject(resource)} is for publishing only (its ` +
      'subscriptionSupport is NotSupported)',
    remedy:
      'bind a topic space with LowFanout or HighFanout, or make this binding a Publisher: ' +
      'subscriptionSupport itself cannot be changed, only declared anew',
  };
}
