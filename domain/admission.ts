/**
 * What `compile` would say of one object, if it were declared beside what already is: a new one, or
 * one that is there and changes. It costs a look at its peers instead of a compilation.
 */
import { mqttNamespacesMax, ownerNameOf, type NamespaceWorld } from './compile.ts';
import { resolveBinding } from './compile/bindings.ts';
import {
  judgeEventSubscription,
  judgeEventTopic,
  resolveTopic,
  subscriptionsLimit,
} from './compile/events.ts';
import {
  judgeCaCertificate,
  judgeClient,
  judgeClientGroup,
  judgePermissionBinding,
  judgeTopicSpace,
  limitOn,
  isMember,
  MEMBER_LISTS,
  templatesMaxOf,
  type Bounds,
  type MemberKind,
  type MemberResource,
} from './compile/member-kinds.ts';
import { resolveOwner, type PeerGroup } from './compile/members.ts';
import {
  judgeMqttNamespace,
  mqttNamespacesLimit,
  regionalName,
  resolveRouteTopic,
  type Owner,
  type Owners,
} from './compile/owners.ts';
import {
  addFault,
  candidateOf,
  isAccepted,
  isOlder,
  nameConflict,
  oldestFirst,
  printObject,
  refusal,
  type Admissible,
  type AdmissionRules,
  type Candidate,
  type Peer,
} from './compile/peers.ts';
import { findTemplateOverlap } from './compile/template-overlap.ts';
import type { Verdict } from './compile/verdict.ts';
import type { Resource, ResourceOf } from './resources.ts';
import type { Violation } from './violation.ts';

/**
 * `world` is of the MqttNamespace that the object is or names. An object that is in it already, by
 * its key, is replaced, and keeps its age.
 */
export function judgeAdmission(world: NamespaceWorld, resource: Resource): Verdict {
  const { faults, unresolved } = candidateIn(world, resource);
  return { faults, unresolved };
}

function candidateIn(world: NamespaceWorld, resource: Resource): Verdict {
  switch (resource.kind) {
    case 'MqttNamespace':
      return admitOwner(world, resource);
    case 'EventTopic':
      return candidateOf(judgeEventTopic(resource));
    case 'EventSubscription':
      return admitSubscription(world, resource);
    default:
      return admitMember(world, resource);
  }
}

function admitSubscription(
  { events }: NamespaceWorld,
  resource: ResourceOf<'EventSubscription'>,
): Verdict {
  const subscription = candidateOf(judgeEventSubscription(resource));
  resolveTopic(subscription, events.topics);
  const topic = subscription.value?.topic;
  if (topic === undefined) return subscription;
  const peers = events.subscriptions.get(topic) ?? [];
  const group = { peers, accepted: peers.filter(isAccepted).length };
  const fault = refusalBeside(group, subscription, { limit: subscriptionsLimit(topic) });
  if (fault !== undefined) addFault(subscription, fault);
  return subscription;
}

function admitOwner(world: NamespaceWorld, resource: ResourceOf<'MqttNamespace'>): Owner {
  const owner = candidateOf(judgeMqttNamespace(resource));
  const limit = mqttNamespacesLimit(mqttNamespacesMax(world.context));
  admitBeside(ownersAsPeers(world.owners), owner, { limit }, regionalName(owner));
  resolveRouteTopic(owner, world.events.topics);
  return owner;
}

function ownersAsPeers(owners: Owners): PeerGroup<Owner> {
  const peers = [...owners.values()];
  const holders = new Map<string, Owner>();
  for (const owner of oldestFirst(peers).reverse()) {
    const name = regionalName(owner);
    if (name !== undefined) holders.set(name, owner);
  }
  return { peers, holders, accepted: peers.filter(isAccepted).length };
}

function admitMember(world: NamespaceWorld, resource: MemberResource): Verdict {
  const owner = world.owners.get(world.name);
  const bounds = { ownerName: world.name, limits: owner?.value?.limits };
  const member = memberBeside(world, bounds, resource);
  if (ownerNameOf(resource) === undefined) return member;
  if (owner === undefined || !isAccepted(owner)) resolveOwner(member, world.name, world.owners);
  return member;
}

function memberBeside(
  world: NamespaceWorld,
  bounds: Bounds,
  resource: MemberResource,
): Candidate<MemberKind, unknown> {
  const { members, context } = world;
  switch (resource.kind) {
    case 'CaCertificate': {
      const limit = limitOn('caCertificates', bounds);
      const certificate = candidateOf(judgeCaCertificate(resource, context));
      return admitBeside(members.caCertificates, certificate, { limit });
    }
    case 'Client': {
      const limit = limitOn('clients', bounds);
      return admitBeside(members.clients, candidateOf(judgeClient(resource)), { limit });
    }
    case 'ClientGroup': {
      const limit = limitOn('clientGroups', bounds);
      return admitBeside(members.clientGroups, candidateOf(judgeClientGroup(resource)), { limit });
    }
    case 'TopicSpace': {
      const rules = { limit: limitOn('topicSpaces', bounds), objection: findTemplateOverlap };
      const space = candidateOf(judgeTopicSpace(resource, templatesMaxOf(bounds)));
      return admitBeside(members.topicSpaces, space, rules);
    }
    case 'PermissionBinding': {
      const binding = candidateOf(judgePermissionBinding(resource));
      const { clientGroups, topicSpaces } = members;
      resolveBinding(binding, { groups: clientGroups.holders, spaces: topicSpaces.holders });
      const limit = limitOn('permissionBindings', bounds);
      return admitBeside(members.permissionBindings, binding, { limit });
    }
  }
}

/** What `claimNames` and `admit` would find. `name` is what the holders go by. */
function admitBeside<P extends Peer & { readonly key: string }>(
  group: PeerGroup<P>,
  peer: P,
  rules: AdmissionRules<P>,
  name = peer.claimedName,
): P {
  const holder = name === undefined ? undefined : group.holders.get(name);
  const isOthers = holder !== undefined && holder.key !== peer.key;
  if (isOthers && isOlder(holder, peer)) addFault(peer, nameConflict(peer, holder));
  const fault = isAccepted(peer) ? refusalBeside(group, peer, rules) : undefined;
  if (fault !== undefined) addFault(peer, fault);
  return peer;
}

function refusalBeside<P extends Admissible & { readonly key: string }>(
  group: Pick<PeerGroup<P>, 'peers' | 'accepted'>,
  peer: P,
  rules: AdmissionRules<P>,
): Violation | undefined {
  const room = rules.limit?.value ?? Number.POSITIVE_INFINITY;
  // Thousands of clients need not be looked at for one more.
  if (rules.objection === undefined && group.accepted < room) return undefined;
  const elders = group.peers.filter((other) => {
    return other.key !== peer.key && isAccepted(other) && isOlder(other, peer);
  });
  return refusal(peer, oldestFirst(elders), rules);
}

/** What the change of an object will do to others: one sentence each. */
export function consequencesOf(world: NamespaceWorld, resource: Resource): string[] {
  if (resource.kind === 'MqttNamespace') return ofLimits(world, resource);
  return resource.kind === 'TopicSpace' ? ofOverlaps(world, resource) : [];
}

function ofLimits({ members }: NamespaceWorld, resource: ResourceOf<'MqttNamespace'>): string[] {
  const { value } = judgeMqttNamespace(resource);
  return Object.values(MEMBER_LISTS).flatMap((list) => {
    const [max, { accepted }] = [value?.limits[list], members[list]];
    if (max === undefined || accepted <= max) return [];
    return `the youngest ${accepted - max} of ${accepted} ${list} will be refused: LimitExceeded`;
  });
}

/** "The older stays", also where it is the one that changes. */
function ofOverlaps(world: NamespaceWorld, resource: ResourceOf<'TopicSpace'>): string[] {
  const limits = world.owners.get(world.name)?.value?.limits;
  const templatesMax = templatesMaxOf({ ownerName: world.name, limits });
  const space = candidateOf(judgeTopicSpace(resource, templatesMax));
  return world.members.topicSpaces.peers.flatMap((other) => {
    const isYounger = other.key !== space.key && isAccepted(other) && isOlder(space, other);
    const fault = isYounger ? findTemplateOverlap(other, [space]) : undefined;
    if (fault === undefined) return [];
    return `${printObject(other.resource)} will be refused: ${fault.message}`;
  });
}

/** From which share of a limit on it is said that it will be reached. */
const NEAR = 0.9;

/**
 * What a new object will soon run into. Says no number that grows, so that kubectl shows it once
 * for thousands of objects.
 */
export function nearLimits(
  { name, owners, members }: NamespaceWorld,
  resource: Resource,
): string[] {
  if (!isMember(resource)) return [];
  const list = MEMBER_LISTS[resource.kind];
  const max = owners.get(name)?.value?.limits[list] ?? Number.POSITIVE_INFINITY;
  if (members[list].accepted + 1 <= max * NEAR) return [];
  return [`more than ${NEAR * 100} % of spec.limits.${list} (${max}) are used`];
}
