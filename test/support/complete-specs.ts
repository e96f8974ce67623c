/** A valid spec of each kind with every field that `domain/resources.ts` gives it. */
import type {
  ClientSpec,
  Destination,
  EventSubscriptionSpec,
  Kind,
  SpecOfKind,
} from '../../domain/resources.ts';
import { limitsOf } from '../../domain/limits.ts';

/** Every optional field is there, as deep as our own types go. */
type Complete<T> = T extends readonly unknown[] | string | number | boolean | undefined
  ? T
  : { readonly [Field in keyof T]-?: Complete<Exclude<T[Field], undefined>> };

// Both ways and all destinations at once: the schema's shape, which CEL and `domain/` narrow.
const authentication: Complete<ClientSpec['authentication']> = {
  certificateSubject: {
    commonName: 'machine1.example.com',
    organization: 'Contoso',
    organizationUnit: 'IoT',
    countryCode: 'US',
  },
  certificateThumbprint: { primary: 'a1'.repeat(20), secondary: `A1${':b2'.repeat(31)}` },
};

const destination: Complete<Destination> = {
  webhook: {
    url: 'https://events.example.com/mqtt',
    abuseProtection: 'Required',
    caSecretName: 'events-ca',
    authSecretName: 'events-token',
    maxEventsPerBatch: 100,
    preferredBatchSizeInKilobytes: 256,
  },
  kafka: {
    brokers: ['kafka-0.kafka:9092', '[fd00::1]:9092'],
    topic: 'mqtt_events',
    tls: { caSecretName: 'kafka-ca' },
    saslSecretName: 'kafka-user',
  },
  file: { path: '/var/lib/events.jsonl', maxBytes: 1048576 },
};

const filter: Complete<NonNullable<EventSubscriptionSpec['filter']>> = {
  subjectBeginsWith: 'factory1/Area2/',
  subjectEndsWith: 'gps',
  isSubjectCaseSensitive: true,
  includedEventTypes: ['MQTT.EventPublished'],
  advancedFilters: [
    { operatorType: 'StringBeginsWith', key: 'subject', values: ['factory1/'] },
    { operatorType: 'NumberGreaterThan', key: 'data.engine.Temp', value: 100 },
  ],
};

const child = { namespaceRef: { name: 'factory' }, description: 'of the factory' } as const;

export const COMPLETE_SPECS: { readonly [K in Kind]: Complete<SpecOfKind[K]> } = {
  MqttNamespace: {
    name: 'Factory-1',
    location: 'westeurope',
    tags: { costCenter: '4711' },
    routeTopicRef: { name: 'factory-events' },
    replicas: 2,
    tls: { secretName: 'factory-tls' },
    service: { type: 'LoadBalancer', annotations: { 'example.com/pool': 'iot' } },
    storage: { size: '10Gi', className: 'fast', retain: true },
    image: 'registry.example.com/mqttgrid:0.1.0',
    resources: { requests: { cpu: 1, memory: '512Mi' }, limits: { cpu: '1.5' } },
    profile: 'Full',
    limits: limitsOf(),
  },
  CaCertificate: {
    ...child,
    name: 'Factory-CA',
    encodedCertificate: '-----BEGIN CERTIFICATE-----',
  },
  Client: {
    ...child,
    name: 'Area1_Machine:1.a-b',
    state: 'Disabled',
    authentication,
    attributes: { type: 'sensor', floor: 5, sensors: ['motion', 'noise'] },
  },
  ClientGroup: { ...child, name: 'Machines', query: 'attributes.type = "sensor"' },
  TopicSpace: {
    ...child,
    name: 'Telemetry',
    topicTemplates: ['machines/${client.name}/temp'],
    subscriptionSupport: 'LowFanout',
  },
  PermissionBinding: {
    ...child,
    name: 'Machines-publish',
    clientGroupName: '$all',
    topicSpaceName: 'Telemetry',
    permission: 'Publisher',
  },
  EventTopic: {
    inputSchema: 'CloudEventSchemaV1_0',
    location: 'westeurope',
    outboxOverflow: 'RejectPublish',
    description: 'of the factory',
  },
  EventSubscription: {
    topicRef: { name: 'factory-events' },
    description: 'to everywhere',
    filter,
    destination,
    retryPolicy: { maxDeliveryAttempts: 5, eventTimeToLiveInMinutes: 60 },
    deadLetter: destination,
  },
};
