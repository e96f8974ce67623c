/** How each kind of member is judged by itself, and how many of it there may be. */
import { byIdentity } from '../by-identity.ts';
import { LIMIT_RULES, type Limits } from '../limits.ts';
import type { Kind, Resource, ResourceOf } from '../resources.ts';
import type { SnapshotList } from '../snapshot-changes.ts';
import type { SnapshotCaCertificate } from '../snapshot.ts';
import { quote } from '../text.ts';
import { validateCaCertificate, type CertificateContext } from '../validate/ca-certificate.ts';
import { validateClientGroup } from '../validate/client-group.ts';
import { validateClient } from '../validate/client.ts';
import { validatePermissionBinding } from '../validate/permission-binding.ts';
import { validateTopicSpace } from '../validate/topic-space.ts';
import { judgementOf, type Judgement } from './judgement.ts';
import type { Limit } from './peers.ts';

/** Kinds whose objects name the MqttNamespace that owns them. */
export type MemberKind = Exclude<Kind, 'MqttNamespace' | 'EventTopic' | 'EventSubscription'>;
export type MemberResource = { [K in MemberKind]: ResourceOf<K> }[MemberKind];

/** Where the snapshot has what is in force of each, and which limit says how many it may be. */
export const MEMBER_LISTS = {
  CaCertificate: 'caCertificates',
  Client: 'clients',
  ClientGroup: 'clientGroups',
  TopicSpace: 'topicSpaces',
  PermissionBinding: 'permissionBindings',
} as const satisfies { readonly [K in MemberKind]: SnapshotList };

export type MemberList = (typeof MEMBER_LISTS)[MemberKind];

export function isMember(resource: Resource): resource is MemberResource {
  return Object.hasOwn(MEMBER_LISTS, resource.kind);
}

/** What the MqttNamespace says of its members. */
export interface Bounds {
  /** Its `metadata.name`. */
  readonly ownerName: string;
  /** Undefined where there is no MqttNamespace that could say them. */
  readonly limits: Limits | undefined;
}

export function limitOn(list: MemberList, { ownerName, limits }: Bounds): Limit | undefined {
  if (limits === undefined) return undefined;
  return {
    value: limits[list],
    source: `spec.limits.${list} of the MqttNamespace ${quote(ownerName)} is ${limits[list]}`,
    remedy: 'delete one of them, or raise that limit',
  };
}

export function templatesMaxOf({ limits }: Bounds): number {
  const { ceiling } = LIMIT_RULES.topicTemplatesPerTopicSpace;
  return limits?.topicTemplatesPerTopicSpace ?? ceiling;
}

/** Time changes it, so that it is judged anew each time. */
export function judgeCaCertificate(
  resource: ResourceOf<'CaCertificate'>,
  context: CertificateContext,
): Judgement<'CaCertificate', SnapshotCaCertificate> {
  return judgementOf(resource, () => validateCaCertificate(resource, context));
}

export const judgeClient = byIdentity((resource: ResourceOf<'Client'>) =>
  judgementOf(resource, validateClient),
);

export const judgeClientGroup = byIdentity((resource: ResourceOf<'ClientGroup'>) =>
  judgementOf(resource, validateClientGroup),
);

export const judgeTopicSpace = byIdentity(
  (resource: ResourceOf<'TopicSpace'>, templatesMax: number) =>
    judgementOf(resource, () => validateTopicSpace(resource, templatesMax)),
);

export const judgePermissionBinding = byIdentity((resource: ResourceOf<'PermissionBinding'>) =>
  judgementOf(resource, validatePermissionBinding),
);
