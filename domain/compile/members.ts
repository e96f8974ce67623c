/** Everything that one MqttNamespace owns, and the snapshot that comes of it. */
import { isEqualJson } from '../access.ts';
import { SNAPSHOT_LISTS, type SnapshotList } from '../snapshot-changes.ts';
import type { Snapshot } from '../snapshot.ts';
import { quote } from '../text.ts';
import type { CertificateContext } from '../validate/ca-certificate.ts';
import type { ValidMqttNamespace } from '../validate/mqtt-namespace.ts';
import type { Violation } from '../violation.ts';
import { resolveBinding } from './bindings.ts';
import {
  judgeCaCertificate,
  judgeClient,
  judgeClientGroup,
  judgePermissionBinding,
  judgeTopicSpace,
  limitOn,
  templatesMaxOf,
  type Bounds,
  type MemberKind,
  type MemberResource,
} from './member-kinds.ts';
import { NO_ROUTE, routeTo, type Events, type Route } from './events.ts';
import type { Owner, Owners } from './owners.ts';
import {
  admit,
  candidatesOf,
  claimNames,
  isAccepted,
  oldestFirst,
  type AdmissionRules,
  type Candidate,
  type Peer,
} from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import { templateOverlaps } from './template-overlap.ts';
import { isInForce, verdictsOf, type Verdict } from './verdict.ts';

export interface Membership {
  /** `metadata.name` of the MqttNamespace that the members refer to; it need not exist. */
  readonly ownerName: string;
  readonly owners: Owners;
  readonly events: Events;
  readonly members: readonly MemberResource[];
}

export interface MembersCompilation {
  /** Undefined: the MqttNamespace is missing or not accepted, and nothing runs for it. */
  readonly snapshot: Snapshot | undefined;
  /** Of the MqttNamespace, if there is one, and of its members; by `resourceKey`. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly members: Members;
}

/** `before` is any snapshot: what it has in common with the answer is shared by both. */
export function compileMembers(
  { ownerName, owners, events, members }: Membership,
  context: CertificateContext,
  before?: Snapshot,
): MembersCompilation {
  const owner = owners.get(ownerName);
  const judged = judgeMembers(members, { ownerName, limits: owner?.value?.limits }, context);
  const candidates = Object.values(judged).map(({ peers }) => peers);
  const running = owner !== undefined && isAccepted(owner) ? owner.value : undefined;
  if (running === undefined) {
    for (const member of candidates.flat()) resolveOwner(member, ownerName, owners);
  }
  const verdicts = verdictsOf([...(owner === undefined ? [] : [[owner]]), ...candidates]);
  const route = routeOf(owner, events);
  const snapshot = running && snapshotOf({ owner: running, route, members: judged }, before);
  return { snapshot, verdicts, members: judged };
}

/** What a MqttNamespace routes to may be missing; it runs all the same, and routes nothing. */
function routeOf(owner: Owner | undefined, events: Events): Route {
  if (owner?.value?.routeTopic === undefined || !isInForce(owner)) return NO_ROUTE;
  return routeTo(owner.value.routeTopic, events);
}

/** Of a MqttNamespace that is missing among `owners`, or there and refused. */
export function resolveOwner(
  member: Candidate<MemberKind, unknown>,
  ownerName: string,
  owners: Owners,
): void {
  if (member.faults.some(isAboutOwner)) return;
  const { namespace } = member.resource.metadata;
  member.unresolved = [...member.unresolved, ownerViolation(namespace, ownerName, owners)];
}

/** Where a reference is malformed, that it leads nowhere is the same fault told twice. */
function isAboutOwner({ field }: Violation): boolean {
  return field[0] === 'spec' && field[1] === 'namespaceRef';
}

/** The objects of one kind, and who of them holds which name. */
export interface PeerGroup<P> {
  /** In no order, but where the age of each matters to the others: then the oldest first. */
  readonly peers: readonly P[];
  readonly holders: ReadonlyMap<string, P>;
  /** How many of them are accepted. */
  readonly accepted: number;
}

/** Everything that one MqttNamespace owns, by kind. */
export type Members = ReturnType<typeof judgeMembers>;

function judgeMembers(
  members: readonly MemberResource[],
  bounds: Bounds,
  context: CertificateContext,
) {
  const caCertificates = claimAndAdmit(
    candidatesOf(
      members.filter((member) => member.kind === 'CaCertificate'),
      (resource) => judgeCaCertificate(resource, context),
    ),
    { limit: limitOn('caCertificates', bounds) },
  );
  const clients = claimAndAdmit(
    candidatesOf(
      members.filter((member) => member.kind === 'Client'),
      judgeClient,
    ),
    { limit: limitOn('clients', bounds) },
  );
  const clientGroups = claimAndAdmit(
    oldestFirst(
      candidatesOf(
        members.filter((member) => member.kind === 'ClientGroup'),
        judgeClientGroup,
      ),
    ),
    { limit: limitOn('clientGroups', bounds) },
  );
  const topicSpaces = claimAndAdmit(
    oldestFirst(
      candidatesOf(
        members.filter((member) => member.kind === 'TopicSpace'),
        (resource) => judgeTopicSpace(resource, templatesMaxOf(bounds)),
      ),
    ),
    { limit: limitOn('topicSpaces', bounds), objection: templateOverlaps() },
  );
  const bindings = candidatesOf(
    members.filter((member) => member.kind === 'PermissionBinding'),
    judgePermissionBinding,
  );
  const targets = { groups: clientGroups.holders, spaces: topicSpaces.holders };
  for (const binding of bindings) resolveBinding(binding, targets);
  const permissionBindings = claimAndAdmit(bindings, {
    limit: limitOn('permissionBindings', bounds),
  });
  return { caCertificates, clients, clientGroups, topicSpaces, permissionBindings };
}

function claimAndAdmit<P extends Peer>(
  peers: readonly P[],
  rules: AdmissionRules<P>,
): PeerGroup<P> {
  const holders = claimNames(peers);
  return { peers, holders, accepted: admit(peers, rules) };
}

function ownerViolation(namespace: string, ownerName: string, owners: Owners): Violation {
  const field = ['spec', 'namespaceRef', 'name'];
  const owner = owners.get(ownerName);
  if (owner !== undefined) return refNotAccepted(field, owner.resource, owner.faults);
  const violation = refNotFound(field, {
    kind: 'MqttNamespace',
    name: ownerName,
    within: `the Kubernetes namespace ${quote(namespace)}`,
    known: [...owners.keys()],
  });
  const meant = [...owners.values()].find(({ value }) => value?.name === ownerName)?.resource;
  if (meant === undefined) return violation;
  return { ...violation, remedy: `state its metadata.name, ${quote(meant.metadata.name)}` };
}

/** A MqttNamespace that is accepted. */
interface Running {
  readonly owner: ValidMqttNamespace;
  readonly route: Route;
  readonly members: Members;
}

/** Keeps the lists of the snapshot before, and it as a whole, where they would be the same. */
function snapshotOf({ owner, route, members }: Running, earlier: Snapshot | undefined): Snapshot {
  const before: Partial<Snapshot> = earlier ?? {};
  const spaces = inForce(members.topicSpaces.peers).map(({ space }) => space);
  const snapshot: Snapshot = {
    name: owner.name,
    limits: owner.limits,
    ...(route.route && { route: unlessEqual(route.route, before.route) }),
    caCertificates: byName(inForce(members.caCertificates.peers), before.caCertificates),
    clients: byName(inForce(members.clients.peers), before.clients),
    clientGroups: byName(inForce(members.clientGroups.peers), before.clientGroups),
    topicSpaces: byName(spaces, before.topicSpaces),
    permissionBindings: byName(
      inForce(members.permissionBindings.peers),
      before.permissionBindings,
    ),
    eventSubscriptions: byName(route.eventSubscriptions, before.eventSubscriptions),
  };
  return earlier !== undefined && isSame(snapshot, earlier) ? earlier : snapshot;
}

function unlessEqual<Value>(value: Value, before: Value | undefined): Value {
  return before !== undefined && isEqualJson(value, before) ? before : value;
}

function isSame(left: Snapshot, right: Snapshot): boolean {
  const isSameList = (list: SnapshotList): boolean => left[list] === right[list];
  const isSameNamespace =
    left.name === right.name && left.limits === right.limits && left.route === right.route;
  return isSameNamespace && SNAPSHOT_LISTS.every(isSameList);
}

interface Standing<Value> extends Verdict {
  readonly value: Value | undefined;
}

function inForce<Value>(candidates: readonly Standing<Value>[]): Value[] {
  const values: Value[] = [];
  for (const candidate of candidates) {
    const { value } = candidate;
    if (value !== undefined && isInForce(candidate)) values.push(value);
  }
  return values;
}

/** `before` is what came out last: the order of thousands does not change with one of them. */
function byName<Named extends { readonly name: string }>(
  named: readonly Named[],
  before: readonly Named[] = [],
): readonly Named[] {
  const added = new Set(named);
  const kept = before.filter((value) => added.delete(value));
  if (added.size === 0 && kept.length === before.length) return before;
  return [...kept, ...added].sort((left, right) => (left.name < right.name ? -1 : 1));
}
