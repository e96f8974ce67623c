/** The kinds of `mqttgrid.io/v1` and their specs, as the CRDs in `crds/` admit them. */
import type { Limits } from './limits.ts';
import type { Violation } from './violation.ts';

export const API_GROUP = 'mqttgrid.io';
export const API_VERSION = 'mqttgrid.io/v1';

/** In the order in which they build on each other, which is how people read them. */
export const KINDS = [
  'MqttNamespace',
  'CaCertificate',
  'Client',
  'ClientGroup',
  'TopicSpace',
  'PermissionBinding',
  'EventTopic',
  'EventSubscription',
] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds whose objects have the specification's own name beside `metadata.name`. */
export type NamedKind = Exclude<Kind, 'EventTopic' | 'EventSubscription'>;

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}

export interface ObjectReference {
  /** A `metadata.name` in the same Kubernetes namespace. */
  readonly name: string;
}

export interface MqttNamespaceSpec {
  readonly name?: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly routeTopicRef?: ObjectReference;
  readonly replicas?: number;
  readonly tls?: { readonly secretName?: string };
  readonly service?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly storage?: {
    readonly size?: string;
    readonly className?: string;
    readonly retain?: boolean;
  };
  readonly image?: string;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string | number>>;
    readonly limits?: Readonly<Record<string, string | number>>;
  };
  readonly profile?: 'EventGridPreview' | 'Full';
  readonly limits?: Partial<Limits>;
}

interface Child {
  readonly namespaceRef: ObjectReference;
  readonly name?: string;
  readonly description?: string;
}

export interface CaCertificateSpec extends Child {
  /** PEM: with normal line breaks, on a single line, or with none at all. */
  readonly encodedCertificate: string;
}

export interface CertificateSubject {
  readonly commonName: string;
  readonly organization?: string;
  readonly organizationUnit?: string;
  readonly countryCode?: string;
}

export interface CertificateThumbprint {
  /** SHA-1 (40 hexadecimal digits) or SHA-256 (64); colons and case do not matter. */
  readonly primary: string;
  readonly secondary?: string;
}

/** Exactly one of the two: specification, "Client Authentication". */
export interface ClientAuthentication {
  readonly certificateSubject?: CertificateSubject;
  readonly certificateThumbprint?: CertificateThumbprint;
}

export type AttributeValue = string | number | readonly string[];
export type ClientState = 'Enabled' | 'Disabled';

export interface ClientSpec extends Child {
  readonly state?: ClientState;
  readonly authentication: ClientAuthentication;
  /** Open in the CRD: a structural schema cannot say what an attribute's value may be. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ClientGroupSpec extends Child {
  readonly query: string;
}

export type SubscriptionSupport = 'NotSupported' | 'LowFanout' | 'HighFanout';

export interface TopicSpaceSpec extends Child {
  readonly topicTemplates: readonly string[];
  readonly subscriptionSupport: SubscriptionSupport;
}

export type Permission = 'Publisher' | 'Subscriber';

export interface PermissionBindingSpec extends Child {
  /** The specification's name of a client group, or `$all`. */
  readonly clientGroupName: string;
  /** The specification's name of a topic space. */
  readonly topicSpaceName: string;
  readonly permission: Permission;
}

export interface EventTopicSpec {
  readonly inputSchema?: 'CloudEventSchemaV1_0';
  readonly location?: string;
  readonly description?: string;
}

export interface Destination {
  readonly webhook?: {
    readonly url: string;
    readonly abuseProtection?: 'Disabled' | 'Required';
    readonly caSecretName?: string;
    readonly authSecretName?: string;
  };
  readonly kafka?: {
    readonly brokers: readonly string[];
    readonly topic: string;
    readonly tls?: { readonly caSecretName?: string };
    readonly saslSecretName?: string;
  };
  readonly file?: { readonly path: string; readonly maxBytes?: number };
}

export interface EventSubscriptionSpec {
  readonly topicRef: ObjectReference;
  readonly description?: string;
  readonly filter?: {
    readonly subjectBeginsWith?: string;
    readonly subjectEndsWith?: string;
    readonly isSubjectCaseSensitive?: boolean;
    readonly includedEventTypes?: readonly string[];
    readonly advancedFilters?: readonly Readonly<Record<string, unknown>>[];
  };
  readonly destination: Destination;
  readonly retryPolicy?: {
    readonly maxDeliveryAttempts?: number;
    readonly eventTimeToLiveInMinutes?: number;
  };
  readonly deadLetter?: Destination;
}

export interface SpecOfKind {
  readonly MqttNamespace: MqttNamespaceSpec;
  readonly CaCertificate: CaCertificateSpec;
  readonly Client: ClientSpec;
  readonly ClientGroup: ClientGroupSpec;
  readonly TopicSpace: TopicSpaceSpec;
  readonly PermissionBinding: PermissionBindingSpec;
  readonly EventTopic: EventTopicSpec;
  readonly EventSubscription: EventSubscriptionSpec;
}

export interface ObjectMetadata {
  readonly name: string;
  /** The Kubernetes namespace. */
  readonly namespace: string;
  /** RFC 3339. The older of two in conflict stays. */
  readonly creationTimestamp: string;
}

/** One declared object. */
export interface ResourceOf<K extends Kind> {
  readonly kind: K;
  readonly metadata: ObjectMetadata;
  /** What the CRD's schema admits; of an object that it refused, anything at all. */
  readonly spec: SpecOfKind[K];
  /**
   * What the schema refuses it for. Such an object exists where no API server keeps it out: in a
   * folder of manifests. No rule judges it further, but it holds its name, and others name it.
   */
  readonly refusedFor?: readonly Violation[];
}

/** Any of them; distributes, so that `kind` tells which spec it has. */
export type Resource = { [K in Kind]: ResourceOf<K> }[Kind];

/** What tells objects apart: `Client/default/vehicle-1`. */
export function resourceKey(resource: {
  readonly kind: Kind;
  readonly metadata: { readonly namespace: string; readonly name: string };
}): string {
  return `${resource.kind}/${resource.metadata.namespace}/${resource.metadata.name}`;
}

/** The specification's name of an object; `metadata.name` unless `spec.name` says otherwise. */
export function nameOf(resource: Resource): string {
  return ('name' in resource.spec ? resource.spec.name : undefined) ?? resource.metadata.name;
}

/**
 * Fields that can only be set when an object is created, as paths within `spec`; ADR 8.
 * What is compared for `name` is the name in effect, so that stating the default changes nothing.
 */
export const IMMUTABLE_FIELDS: { readonly [K in Kind]: readonly string[] } = {
  MqttNamespace: ['name', 'routeTopicRef'],
  CaCertificate: ['name', 'namespaceRef'],
  Client: ['name', 'namespaceRef'],
  ClientGroup: ['name', 'namespaceRef'],
  TopicSpace: ['name', 'namespaceRef', 'subscriptionSupport'],
  PermissionBinding: ['name', 'namespaceRef'],
  EventTopic: [],
  EventSubscription: [],
};
