/**
 * What a broker is told: one MqttNamespace with everything in it that is in force, as plain data
 * that travels as JSON. Lists are sorted by name and hold no duplicates, so that equal
 * declarations make equal snapshots.
 */
import type { EventFilter } from './event-filter/event-filter.ts';
import type { Limits } from './limits.ts';
import type {
  AttributeValue,
  ClientState,
  Destination,
  OutboxOverflow,
  Permission,
  SubscriptionSupport,
} from './resources.ts';

export interface SnapshotCaCertificate {
  readonly name: string;
  /** DER in base64, without line breaks. */
  readonly certificate: string;
}

export interface SubjectRequirement {
  readonly commonName: string;
  readonly organization?: string;
  readonly organizationUnit?: string;
  readonly countryCode?: string;
}

export type ClientCredential =
  | { readonly type: 'CertificateSubject'; readonly subject: SubjectRequirement }
  /** Lower-case hexadecimal digits without colons, of SHA-1 or SHA-256: one or two of them. */
  | { readonly type: 'CertificateThumbprint'; readonly thumbprints: readonly string[] };

export interface SnapshotClient {
  readonly name: string;
  readonly state: ClientState;
  readonly credential: ClientCredential;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface SnapshotClientGroup {
  readonly name: string;
  readonly query: string;
}

export interface SnapshotTopicSpace {
  readonly name: string;
  readonly subscriptionSupport: SubscriptionSupport;
  readonly topicTemplates: readonly string[];
}

export interface SnapshotPermissionBinding {
  readonly name: string;
  readonly clientGroupName: string;
  readonly topicSpaceName: string;
  readonly permission: Permission;
}

/** Of the EventTopic that the MqttNamespace routes to. */
export interface SnapshotEventSubscription {
  /** `metadata.name`. */
  readonly name: string;
  readonly filter: EventFilter;
  readonly destination: Destination;
  readonly maxDeliveryAttempts: number;
  readonly eventTimeToLiveMs: number;
  readonly deadLetter?: Destination;
}

/** Where everything published goes: specification, "Routing". */
export interface SnapshotRoute {
  /** `metadata.name` of the EventTopic. */
  readonly eventTopic: string;
  readonly outboxOverflow: OutboxOverflow;
}

export interface Snapshot {
  /** The specification's name of the MqttNamespace. */
  readonly name: string;
  readonly limits: Limits;
  /** Undefined: nothing is routed. */
  readonly route?: SnapshotRoute;
  readonly caCertificates: readonly SnapshotCaCertificate[];
  readonly clients: readonly SnapshotClient[];
  readonly clientGroups: readonly SnapshotClientGroup[];
  readonly topicSpaces: readonly SnapshotTopicSpace[];
  readonly permissionBindings: readonly SnapshotPermissionBinding[];
  /** None where there is no `route`. */
  readonly eventSubscriptions: readonly SnapshotEventSubscription[];
}
