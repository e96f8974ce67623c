/** The kinds of `mqttgrid.io/v1` and their specs, as the CRDs in `crds/` admit them. */
import type { EventFilter } from './event-filter/event-filter.ts';
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
  /**
   * The specification's name: 3 to 50 letters, digits and hyphens, unique in its Kubernetes
   * namespace and location; `metadata.name` where absent. It cannot be changed.
   */
  readonly name?: string;
  /**
   * The region, 1 to 64 characters, such as `westeurope`. That of `routeTopicRef`, if both say one.
   */
  readonly location?: string;
  /** Labels of the user's own, at most 50. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The EventTopic that every published message is routed to. It can only be set at creation. */
  readonly routeTopicRef?: ObjectReference;
  /** Broker pods, 0 to 100; 1 by default. 0 stops the broker and keeps its sessions. */
  readonly replicas?: number;
  /**
   * A Secret of type `kubernetes.io/tls` with the listener's certificate, in the same Kubernetes
   * namespace. Where absent, the operator issues a certificate and rotates it.
   */
  readonly tls?: { readonly secretName?: string };
  /** The Kubernetes Service in front of the broker pods. */
  readonly service?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
    /** At most 64, such as for a cloud's load balancer. */
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** The volume on which each broker pod keeps sessions and queued messages. */
  readonly storage?: {
    /** A Kubernetes quantity of bytes, such as `10Gi`. */
    readonly size?: string;
    /** The StorageClass; the cluster's default one where absent. */
    readonly className?: string;
    /** Whether the volumes outlive this object; false by default. */
    readonly retain?: boolean;
  };
  /** The broker's container image; the operator's own where absent. */
  readonly image?: string;
  /** Of each broker pod, as in a container's `resources`; Kubernetes quantities. */
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string | number>>;
    readonly limits?: Readonly<Record<string, string | number>>;
  };
  /**
   * `EventGridPreview`, the default, behaves as the specification says; `Full` is reserved for what
   * it lists as future releases, and not accepted yet.
   */
  readonly profile?: 'EventGridPreview' | 'Full';
  /** What this MqttNamespace raises or lowers; each one not given is as the specification says. */
  readonly limits?: Partial<Limits>;
}

interface Child {
  /** The MqttNamespace that this belongs to. It cannot be changed. */
  readonly namespaceRef: ObjectReference;
  /**
   * The specification's name: 3 to 50 letters, digits and hyphens, unique in its MqttNamespace;
   * `metadata.name` where absent. It cannot be changed.
   */
  readonly name?: string;
  /** For people, at most 1024 characters. */
  readonly description?: string;
}

export interface CaCertificateSpec extends Child {
  /**
   * One CA certificate, a root or an intermediate, valid now, at most 64 KiB. PEM: with normal line
   * breaks, on a single line, or with none at all.
   */
  readonly encodedCertificate: string;
}

export interface CertificateSubject {
  /** CN, 1 to 256 characters, such as `machine1.example.com`. */
  readonly commonName: string;
  /** O, 1 to 256 characters. */
  readonly organization?: string;
  /** OU, 1 to 256 characters. */
  readonly organizationUnit?: string;
  /** C, two letters. */
  readonly countryCode?: string;
}

export interface CertificateThumbprint {
  /** SHA-1 (40 hexadecimal digits) or SHA-256 (64); colons and case do not matter. */
  readonly primary: string;
  /** Another certificate that is accepted, too, so that one can be renewed without a gap. */
  readonly secondary?: string;
}

/** Exactly one of the two: specification, "Client Authentication". */
export interface ClientAuthentication {
  /**
   * Of a certificate issued under a CaCertificate of the MqttNamespace: what is given here equals
   * the certificate's, case included.
   */
  readonly certificateSubject?: CertificateSubject;
  /** The certificate itself, which may be self-signed. */
  readonly certificateThumbprint?: CertificateThumbprint;
}

export type AttributeValue = string | number | readonly string[];
export type ClientState = 'Enabled' | 'Disabled';

export interface ClientSpec extends Child {
  /**
   * The MQTT client identifier: 1 to 128 letters, digits and `-:._`, unique in its MqttNamespace;
   * `metadata.name` where absent. It cannot be changed.
   */
  readonly name?: string;
  /** `Enabled` by default. A disabled client cannot connect, and is disconnected if it is. */
  readonly state?: ClientState;
  /** How its certificate is recognised: by exactly one of the two. */
  readonly authentication: ClientAuthentication;
  /**
   * What queries and topic templates refer to. Keys of letters, digits and underscores; values that
   * are strings, arrays of strings, or integers within 2^53-1 either way; 4096 bytes as compact
   * JSON. Open in the CRD: a structural schema cannot say what an attribute's value may be.
   */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ClientGroupSpec extends Child {
  /**
   * Who is a member, such as `attributes.type = 'sensor' and attributes.floor <= 5`: at most 8192
   * bytes, on `name` and `attributes.<key>`.
   */
  readonly query: string;
}

export type SubscriptionSupport = 'NotSupported' | 'LowFanout' | 'HighFanout';

export interface TopicSpaceSpec extends Child {
  /**
   * 1 to 10 (`limits.topicTemplatesPerTopicSpace`), such as `machines/${client.name}/#`: topic
   * filters, each at most 1024 bytes, in which a variable stands for a value of the client that
   * asks.
   */
  readonly topicTemplates: readonly string[];
  /**
   * `NotSupported`: for publishing only; may overlap any topic space. `LowFanout`: at most 10
   * subscribers of a topic; `HighFanout`: any number; neither overlaps another of the two. It
   * cannot be changed.
   */
  readonly subscriptionSupport: SubscriptionSupport;
}

export type Permission = 'Publisher' | 'Subscriber';

export interface PermissionBindingSpec extends Child {
  /** The specification's name of a client group, or `$all`. */
  readonly clientGroupName: string;
  /** The specification's name of a topic space. */
  readonly topicSpaceName: string;
  /** `Subscriber` needs a topic space that supports subscribing. */
  readonly permission: Permission;
}

export interface EventTopicSpec {
  /** CloudEvents 1.0, also by default. */
  readonly inputSchema?: 'CloudEventSchemaV1_0';
  /**
   * The region, 1 to 64 characters. That of the MqttNamespaces that route here, if both say one.
   */
  readonly location?: string;
  /**
   * What happens when the outbox of a broker is full, because a destination is away for too long:
   * `DropOldest`, the default, gives up the oldest events; `RejectPublish` refuses QoS 1 messages
   * until there is room.
   */
  readonly outboxOverflow?: OutboxOverflow;
  /** For people, at most 1024 characters. */
  readonly description?: string;
}

export type OutboxOverflow = 'DropOldest' | 'RejectPublish';

/** Exactly one of the three. Secrets are in the same Kubernetes namespace. */
export interface Destination {
  /** An HTTP endpoint that takes CloudEvents. */
  readonly webhook?: {
    /** `http` or `https`, at most 2048 characters. */
    readonly url: string;
    /**
     * `Required` asks the endpoint for its consent first, by the handshake of CloudEvents' HTTP 1.1
     * Web Hooks; `Disabled` by default.
     */
    readonly abuseProtection?: 'Disabled' | 'Required';
    /** A Secret whose `ca.crt` has the authorities that the endpoint is verified against. */
    readonly caSecretName?: string;
    /**
     * A Secret whose `authorization` is sent as the header of that name, or whose `token` is sent
     * as a bearer token; with `hmacKey`, each request is signed by HMAC-SHA256 as Standard Webhooks
     * says: `whsec_` and base64, or the key's own bytes.
     */
    readonly authSecretName?: string;
    /** Events in one request, 1 to 5000; 1 by default: more are sent in batched content mode. */
    readonly maxEventsPerBatch?: number;
    /** What a batch is filled up to, 1 to 1024; 64 by default. A larger event travels alone. */
    readonly preferredBatchSizeInKilobytes?: number;
  };
  /** A topic of Apache Kafka. */
  readonly kafka?: {
    /** Those to start from, as `host:port`: 1 to 100. */
    readonly brokers: readonly string[];
    /** By Kafka's rule at most 249 letters, digits, dots, underscores and hyphens. */
    readonly topic: string;
    /** Clear text without it. A Secret whose `ca.crt` has the authorities of the brokers. */
    readonly tls?: { readonly caSecretName?: string };
    /** A Secret with `mechanism`, `username` and `password`. */
    readonly saslSecretName?: string;
  };
  /** One JSON event a line, for tests and for a single machine. */
  readonly file?: {
    /**
     * On the machine, or in the pod, that delivers; at most 4096 characters. A relative one is
     * within the folder of `--data`: a pod's volume. No other MqttNamespace's events go to the same
     * file.
     */
    readonly path: string;
    /**
     * Bytes after which it is set aside as `PATH.1`, in place of the one before, and begun anew:
     * 1 KiB to 1 TiB; unbounded where absent.
     */
    readonly maxBytes?: number;
  };
}

export interface EventSubscriptionSpec {
  /** The EventTopic whose events are delivered. */
  readonly topicRef: ObjectReference;
  /** For people, at most 1024 characters. */
  readonly description?: string;
  /** Events that satisfy all of it are delivered; all events where absent. */
  readonly filter?: EventFilter;
  /** Where events are delivered. */
  readonly destination: Destination;
  readonly retryPolicy?: {
    /** For one event, 1 to 30; 30 by default. */
    readonly maxDeliveryAttempts?: number;
    /** Minutes after which an event is given up, 1 to 1440; 1440 by default. */
    readonly eventTimeToLiveInMinutes?: number;
  };
  /** Where events go that could not be delivered; without it they are dropped and counted. */
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
