/**
 * Every number of the specification, and ours where it is silent, each with its source.
 * "Specification" is the Event Grid MQTT broker preview; a section's title is quoted.
 */

/**
 * The limits that a MqttNamespace may raise or lower (`spec.limits`). Rates are in messages of
 * 1 KiB: a 6 KiB message counts as 6 ("MQTT Messages Limits", note).
 */
export interface Limits {
  /** Bytes of one whole MQTT packet: 524288, or 1024 to 2097151. "Max Message size". */
  readonly messageBytes: number;
  /** Bytes of a topic name or topic filter in UTF-8: 256, or 16 to 65535. "Topic Size". */
  readonly topicBytes: number;
  /** Topic aliases that a client may use on one connection: 10, or 0 to 65535. "Topic Alias". */
  readonly topicAliases: number;
  /** CONNECT packets a second of all clients: 500, or 1 to 1000000. */
  readonly connectsPerSecond: number;
  /** SUBSCRIBE packets a second of all clients: 5000, or 1 to 1000000. */
  readonly subscribesPerSecond: number;
  /** Topic filters subscribed to on one connection: 50, or 1 to 10000. */
  readonly subscriptionsPerConnection: number;
  /** Messages a second that all clients publish: 4000, or 1 to 100000000. */
  readonly inboundMessagesPerSecond: number;
  /** Messages a second that all clients receive: 4000, or 1 to 100000000. */
  readonly outboundMessagesPerSecond: number;
  /** Messages a second that one connection publishes: 100, or 1 to 100000000. */
  readonly inboundMessagesPerSecondPerConnection: number;
  /** Messages a second that one connection receives: 100, or 1 to 100000000. */
  readonly outboundMessagesPerSecondPerConnection: number;
  /** Clients of one MqttNamespace: 10000, or 0 to 1000000. "Resources Limits", as those below. */
  readonly clients: number;
  /** CA certificates of one MqttNamespace: 2, or 0 to 100. */
  readonly caCertificates: number;
  /** Client groups of one MqttNamespace, `$all` not counted: 10, or 0 to 1000. */
  readonly clientGroups: number;
  /** Topic spaces of one MqttNamespace: 10, or 0 to 1000. */
  readonly topicSpaces: number;
  /** Topic templates of one topic space: 10, or 1 to 100. */
  readonly topicTemplatesPerTopicSpace: number;
  /** Permission bindings of one MqttNamespace: 100, or 0 to 10000. */
  readonly permissionBindings: number;
  /** QoS 1 messages sent to one client and not yet acknowledged: 100, or 1 to 65535. Ours. */
  readonly inFlightMessages: number;
  /** Messages that wait for one session, which ends beyond: 10000, or 1 to 10000000. Ours. */
  readonly sessionQueueMessages: number;
  /** Bytes that wait for one session, which ends beyond: 67108864, or 1024 to 2^34. Ours. */
  readonly sessionQueueBytes: number;
  /**
   * Messages in the outbox of one broker, whose events are not delivered everywhere yet: 1000000,
   * or 1 to 100000000; the EventTopic's `outboxOverflow` says what follows beyond. Ours.
   */
  readonly eventOutboxMessages: number;
  /** Bytes in the outbox of one broker, as above: 1073741824, or 65536 to 2^40. Ours. */
  readonly eventOutboxBytes: number;
}

export type LimitName = keyof Limits;

export interface LimitRule {
  readonly default: number;
  readonly minimum: number;
  /** The hard bound that the CRD states: beyond it the broker was not designed to work. */
  readonly ceiling: number;
  readonly source: string;
}

const MESSAGES = 'specification, "MQTT Messages Limits"';
const RESOURCES = 'specification, "Resources Limits"';
const OURS = 'mqttgrid, where the specification is silent';

export const LIMIT_RULES: { readonly [Name in LimitName]: LimitRule } = {
  // The ceiling is the largest packet MQTT can express in three length bytes, so that one client
  // cannot make the broker hold the protocol's 256 MiB [MQTT-1.5.5].
  messageBytes: { default: 524288, minimum: 1024, ceiling: 2097151, source: MESSAGES },
  topicBytes: { default: 256, minimum: 16, ceiling: 65535, source: MESSAGES },
  topicAliases: { default: 10, minimum: 0, ceiling: 65535, source: MESSAGES },
  connectsPerSecond: { default: 500, minimum: 1, ceiling: 1000000, source: MESSAGES },
  subscribesPerSecond: { default: 5000, minimum: 1, ceiling: 1000000, source: MESSAGES },
  subscriptionsPerConnection: { default: 50, minimum: 1, ceiling: 10000, source: MESSAGES },
  inboundMessagesPerSecond: { default: 4000, minimum: 1, ceiling: 100000000, source: MESSAGES },
  outboundMessagesPerSecond: { default: 4000, minimum: 1, ceiling: 100000000, source: MESSAGES },
  inboundMessagesPerSecondPerConnection: {
    default: 100,
    minimum: 1,
    ceiling: 100000000,
    source: MESSAGES,
  },
  outboundMessagesPerSecondPerConnection: {
    default: 100,
    minimum: 1,
    ceiling: 100000000,
    source: MESSAGES,
  },
  clients: { default: 10000, minimum: 0, ceiling: 1000000, source: RESOURCES },
  caCertificates: { default: 2, minimum: 0, ceiling: 100, source: RESOURCES },
  clientGroups: { default: 10, minimum: 0, ceiling: 1000, source: RESOURCES },
  topicSpaces: { default: 10, minimum: 0, ceiling: 1000, source: RESOURCES },
  topicTemplatesPerTopicSpace: { default: 10, minimum: 1, ceiling: 100, source: RESOURCES },
  permissionBindings: { default: 100, minimum: 0, ceiling: 10000, source: RESOURCES },
  // The ceiling is what a packet identifier can tell apart [MQTT-2.2.1].
  inFlightMessages: { default: 100, minimum: 1, ceiling: 65535, source: OURS },
  sessionQueueMessages: { default: 10000, minimum: 1, ceiling: 10000000, source: OURS },
  sessionQueueBytes: { default: 67108864, minimum: 1024, ceiling: 17179869184, source: OURS },
  eventOutboxMessages: { default: 1000000, minimum: 1, ceiling: 100000000, source: OURS },
  eventOutboxBytes: { default: 1073741824, minimum: 65536, ceiling: 1099511627776, source: OURS },
};

export const LIMIT_NAMES: readonly LimitName[] = Object.keys(LIMIT_RULES) as LimitName[];

/** The specification's numbers, with what a MqttNamespace overrides. */
export function limitsOf(overrides: Partial<Limits> = {}): Limits {
  const entries = LIMIT_NAMES.map((name) => [name, overrides[name] ?? LIMIT_RULES[name].default]);
  return Object.fromEntries(entries) as Limits;
}

/** "Name spaces: maximum number per subscription"; a Kubernetes namespace is our subscription. */
export const MQTT_NAMESPACES_MAX = 10;

/**
 * EventSubscriptions of one EventTopic. Ours: each message is held against the filter of every one,
 * and each keeps events in memory.
 */
export const EVENT_SUBSCRIPTIONS_MAX = 100;

/** "Keep Alive Maximum is 1160 seconds": both protocol versions' limitations. */
export const KEEP_ALIVE_SECONDS_MAX = 1160;

/** "The server will override any Session Expiry Interval [...] with [...] (3600)". */
export const SESSION_EXPIRY_SECONDS = 3600;

/** "Low fanout: [...] a maximum of 10 subscribers per topic". */
export const LOW_FANOUT_SUBSCRIBERS_MAX = 10;

/** "Total size of the attributes is <=4KB": bytes of the attributes as compact JSON in UTF-8. */
export const ATTRIBUTES_BYTES_MAX = 4096;

/** Integers that JavaScript's numbers tell apart; beyond it we refuse rather than round. */
export const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

/** Bytes of a group query in UTF-8. Ours: a query is read by people. */
export const GROUP_QUERY_BYTES_MAX = 8192;

/** Parentheses inside parentheses in a group query. Ours: bounds the parser's recursion. */
export const GROUP_QUERY_DEPTH_MAX = 32;

/** Bytes of one topic template in UTF-8. Ours: a topic of 256 B and the names of its variables. */
export const TOPIC_TEMPLATE_BYTES_MAX = 1024;

/** Bytes of `encodedCertificate`. Ours: an RSA 8192 certificate with many extensions fits. */
export const ENCODED_CERTIFICATE_BYTES_MAX = 65536;

/** Characters of a condition's message. Kubernetes' own bound (metav1.Condition). */
export const CONDITION_MESSAGE_LENGTH_MAX = 32768;
