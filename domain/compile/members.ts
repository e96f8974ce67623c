/** Everything that one MqttNamespace owns, and the snapshot that comes of it. */
import { LIMIT_RULES, type LimitName, type Limits } from '../limits.ts';
import { resourceKey, type Kind, type ResourceOf } from '../resources.ts';
import type { Snapshot } from '../snapshot.ts';
import { quote } from '../text.ts';
import { validateCaCertificate, type CertificateContext } from '../validate/ca-certificate.ts';
import { validateClientGroup } from '../validate/client-group.ts';
import { validateClient } from '../validate/client.ts';
import type { ValidMqttNamespace } from '../validate/mqtt-namespace.ts';
import { validatePermissionBinding } from '../validate/permission-binding.ts';
import { validateTopicSpace } from '../validate/topic-space.ts';
import type { Violation } from '../violation.ts';
import { resolveBinding } from './bindings.ts';
import type { Owners } from './owners.ts';
import {
  admit,
  candidatesOf,
  claimNames,
  isAccepted,
  type Limit,
  type NamedCandidate,
  type Objection,
} from './peers.ts';
import { refNotAccepted, refNotFound } from './references.ts';
import { findTemplateOverlap } from './template-overlap.ts';
import type { Verdict } from './verdict.ts';

/** Kinds whose objects name the MqttNamespace that owns them. */
export type MemberKind = Exclude<Kind, 'MqttNamespace' | 'EventTopic' | 'EventSubscription'>;
export type MemberResource = { [K in MemberKind]: ResourceOf<K> }[MemberKind];

export interface Membership {
  /** `metadata.name` of the MqttNamespace that the members refer to; it need not exist. */
  readonly ownerName: string;
  readonly owners: Owners;
  readonly members: readonly MemberResource[];
}

export interface MembersCompilation {
  /** Undefined: the MqttNamespace is missing or not accepted, and nothing runs for it. */
  readonly snapshot: Snapshot | undefined;
  /** Of the members, by `resourceKey`. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

export function compileMembers(
  { ownerName, owners, members }: Membership,
  context: CertificateContext,
): MembersCompilation {
  const owner = owners.get(ownerName);
  const bounds = { ownerName, limits: owner?.value?.limits };
  const judged = judgeMembers(members, bounds, context);
  const running = owner !== undefined && isAccepted(owner) ? owner.value : undefined;
  const verdicts = new Map<string, Verdict>();
  for (const { resource, faults, unresolved } of Object.values(judged).flat()) {
    if (running === undefined && !faults.some(isAboutOwner)) {
      unresolved.push(ownerViolation(resource, ownerName, owners));
    }
    verdicts.set(resourceKey(resource), { faults, unresolved });
  }
  return { snapshot: running && snapshotOf(running, judged), verdicts };
}

/** Where a reference is malformed, that it leads nowhere is the same fault told twice. */
function isAboutOwner({ field }: Violation): boolean {
  return field[0] === 'spec' && field[1] === 'namespaceRef';
}

type Judged = ReturnType<typeof judgeMembers>;

interface Bounds {
  readonly ownerName: string;
  /** Undefined where there is no MqttNamespace that could say them. */
  readonly limits: Limits | undefined;
}

function judgeMembers(
  members: readonly MemberResource[],
  bounds: Bounds,
  context: CertificateContext,
) {
  const caCertificates = candidatesOf(
    members.filter((member) => member.kind === 'CaCertificate'),
    (resource) => validateCaCertificate(resource, context),
  );
  claimAndAdmit(caCertificates, limitOn('caCertificates', bounds));
  const clients = candidatesOf(
    members.filter((member) => member.kind === 'Client'),
    validateClient,
  );
  claimAndAdmit(clients, limitOn('clients', bounds));
  const clientGroups = candidatesOf(
    members.filter((member) => member.kind === 'ClientGroup'),
    validateClientGroup,
  );
  const groups = claimAndAdmit(clientGroups, limitOn('clientGroups', bounds));
  const { ceiling } = LIMIT_RULES.topicTemplatesPerTopicSpace;
  const templatesMax = bounds.limits?.topicTemplatesPerTopicSpace ?? ceiling;
  const topicSpaces = candidatesOf(
    members.filter((member) => member.kind === 'TopicSpace'),
    (resource) => validateTopicSpace(resource, templatesMax),
  );
  const spaces = claimAndAdmit(topicSpaces, limitOn('topicSpaces', bounds), findTemplateOverlap);
  const permissionBindings = candidatesOf(
    members.filter((member) => member.kind === 'PermissionBinding'),
    validatePermissionBinding,
  );
  for (const binding of permissionBindings) resolveBinding(binding, { groups, spaces });
  claimAndAdmit(permissionBindings, limitOn('permissionBindings', bounds));
  return { caCertificates, clients, clientGroups, topicSpaces, permissionBindings };
}

function claimAndAdmit<C extends NamedCandidate>(
  candidates: readonly C[],
  limit: Limit | undefined,
  objection?: Objection<C>,
): ReadonlyMap<string, C> {
  const holders = claimNames(candidates);
  admit(candidates, limit, objection);
  return holders;
}

function limitOn(name: LimitName, { ownerName, limits }: Bounds): Limit | undefined {
  if (limits === undefined) return undefined;
  return {
    value: limits[name],
    source: `spec.limits.${name} of the MqttNamespace ${quote(ownerName)} is ${limits[name]}`,
    remedy: 'delete one of them, or raise that limit',
  };
}

function ownerViolation(resource: MemberResource, ownerName: string, owners: Owners): Violation {
  const field = ['spec', 'namespaceRef', 'name'];
  const owner = owners.get(ownerName);
  if (owner !== undefined) return refNotAccepted(field, owner.resource, owner.faults);
  const violation = refNotFound(field, {
    kind: 'MqttNamespace',
    name: ownerName,
    within: `the Kubernetes namespace ${quote(resource.metadata.namespace)}`,
    known: [...owners.keys()],
  });
  const meant = [...owners.values()].find(({ value }) => value?.name === ownerName)?.resource;
  if (meant === undefined) return violation;
  return { ...violation, remedy: `state its metadata.name, ${quote(meant.metadata.name)}` };
}

function snapshotOf(owner: ValidMqttNamespace, judged: Judged): Snapshot {
  const spaces = inForce(judged.topicSpaces);
  return {
    name: owner.name,
    limits: owner.limits,
    caCertificates: byName(inForce(judged.caCertificates)),
    clients: byName(inForce(judged.clients)),
    clientGroups: byName(inForce(judged.clientGroups)),
    topicSpaces: byName(spaces.map(({ space }) => space)),
    permissionBindings: byName(inForce(judged.permissionBindings)),
  };
}

interface JudgedCandidate<Value> extends Verdict {
  readonly value: Value | undefined;
}

function inForce<Value>(candidates: readonly JudgedCandidate<Value>[]): Value[] {
  return candidates.flatMap(({ value, faults, unresolved }) => {
    const good = value !== undefined && faults.length === 0 && unresolved.length === 0;
    return good ? [value] : [];
  });
}

function byName<Named extends { readonly name: string }>(named: readonly Named[]): Named[] {
  return [...named].sort((left, right) => (left.name < right.name ? -1 : 1));
}
