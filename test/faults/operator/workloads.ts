/** What people do to a cluster, step by step: each ends in a state that is as good as any other. */
import type { Kind } from '../../../domain/resources.ts';

export type Spec = Readonly<Record<string, unknown>>;

export type Step =
  /** Creates it, or replaces its spec; `isOptional`: unless the server refuses it. */
  | {
      readonly do: 'put';
      readonly kind: Kind;
      readonly name: string;
      readonly spec: Spec;
      readonly isOptional?: true;
    }
  /** If it is there. */
  | { readonly do: 'delete'; readonly kind: Kind; readonly name: string }
  /** A Secret of the user's: with this data, or with the certificate of a server. */
  | {
      readonly do: 'putSecret' | 'deleteSecret';
      readonly name: string;
      readonly data?: Readonly<Record<string, string>>;
    }
  | { readonly do: 'rest'; readonly ms: number }
  /** Until the StatefulSet of this name is being deleted or gone, if it ever is. */
  | { readonly do: 'awaitDeletion'; readonly name: string }
  /** Brokers and operator do not reach each other. */
  | { readonly do: 'disconnect' | 'reconnect' }
  /** All replicas end, and none is started. */
  | { readonly do: 'operatorEnds' | 'operatorStarts' };

export type Workload = readonly Step[];

const put = (kind: Kind, name: string, spec: Spec): Step => ({ do: 'put', kind, name, spec });
const remove = (kind: Kind, name: string): Step => ({ do: 'delete', kind, name });
const rest = (ms: number): Step => ({ do: 'rest', ms });

const namespaceRef = { name: 'grid' };

const grid = (spec: Spec = {}): Step => put('MqttNamespace', 'grid', spec);
const client = (name: string, spec: Spec = {}): Step =>
  put('Client', name, {
    namespaceRef,
    authentication: { certificateSubject: { commonName: name } },
    attributes: { type: 'vehicle' },
    ...spec,
  });
const group = (query = 'attributes.type = "vehicle"'): Step =>
  put('ClientGroup', 'vehicles', { namespaceRef, query });
const space = (name: string, ...topicTemplates: string[]): Step =>
  put('TopicSpace', name, { namespaceRef, topicTemplates, subscriptionSupport: 'LowFanout' });
const binding = (name: string, topicSpaceName: string, permission = 'Publisher'): Step =>
  put('PermissionBinding', name, {
    namespaceRef,
    clientGroupName: 'vehicles',
    topicSpaceName,
    permission,
  });

/** Brokers start within it. */
const STARTED = rest(3000);
/** Creation times count in seconds, and the older of two in conflict stays. */
const LATER = rest(1100);

export const SCENARIO: Workload = [
  grid(),
  client('vehicle-1'),
  client('vehicle-2', { state: 'Disabled' }),
  group(),
  space('telemetry', 'vehicles/${client.name}/telemetry'),
  space('commands', 'vehicles/+/commands'),
  binding('publish', 'telemetry'),
  binding('listen', 'commands', 'Subscriber'),
  STARTED,
];

/** What nobody but brokers may be told; in base64, so that it is one text wherever it turns up. */
export const TOKENS = ['Zmlyc3QtdG9rZW4h', 'c2Vjb25kLXRva2Vu'] as const;

const putToken = (name: string, token: string): Step => {
  return { do: 'putSecret', name, data: { token } };
};
const deliver = (name: string, spec: Spec = {}): Step =>
  put('EventSubscription', name, {
    topicRef: { name: 'events' },
    destination: { webhook: { url: 'https://events.example.com', authSecretName: 'auth' } },
    ...spec,
  });

/** Secrets of destinations are read again within it. */
const READ_AGAIN = rest(35_000);

const ROUTED: Workload = [
  grid({ routeTopicRef: { name: 'events' } }),
  put('EventTopic', 'events', {}),
  putToken('auth', TOKENS[0]),
  deliver('hook'),
  deliver('log', { destination: { file: { path: '/events' } } }),
  STARTED,
];

/** Deletes all but the MqttNamespace. */
export const MEMBERS: Workload = [
  remove('PermissionBinding', 'publish'),
  remove('TopicSpace', 'telemetry'),
  remove('Client', 'vehicle-1'),
  remove('PermissionBinding', 'listen'),
  remove('Client', 'vehicle-2'),
  remove('ClientGroup', 'vehicles'),
  remove('TopicSpace', 'commands'),
];

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  'a scenario is declared': SCENARIO,
  'permissions are edited': [
    ...SCENARIO,
    binding('listen', 'telemetry', 'Subscriber'),
    client('vehicle-2', { state: 'Enabled', attributes: { type: 'depot' } }),
    rest(50),
    space('telemetry', 'vehicles/${client.name}/telemetry/#'),
    group('attributes.type = "depot"'),
    rest(500),
    client('vehicle-1', { state: 'Disabled' }),
  ],
  'everything is deleted, the members first': [
    ...SCENARIO,
    ...MEMBERS,
    rest(100),
    remove('MqttNamespace', 'grid'),
  ],
  'the MqttNamespace is deleted first, and declared anew': [
    ...SCENARIO,
    remove('MqttNamespace', 'grid'),
    rest(2000),
    grid({ limits: { topicBytes: 128 } }),
  ],
  'the MqttNamespace is replaced at once': [
    ...SCENARIO,
    remove('MqttNamespace', 'grid'),
    grid(),
    STARTED,
    remove('MqttNamespace', 'grid'),
    rest(5),
    grid({ limits: { topicBytes: 128 } }),
  ],
  'members are deleted and declared anew': [
    ...SCENARIO,
    remove('Client', 'vehicle-1'),
    client('vehicle-1', { state: 'Disabled' }),
    remove('PermissionBinding', 'listen'),
    rest(5),
    binding('listen', 'telemetry', 'Subscriber'),
    remove('TopicSpace', 'commands'),
    rest(50),
    space('commands', 'vehicles/orders'),
  ],
  'a member is renamed': [
    ...SCENARIO,
    client('vehicle-3', { name: 'Vehicle-3' }),
    remove('Client', 'vehicle-1'),
    rest(200),
    remove('Client', 'vehicle-3'),
    client('vehicle-3', { name: 'vehicle-1' }),
  ],
  'a spec that cannot run is mended': [
    grid({ image: 'registry.example.com/missing:1' }),
    client('vehicle-1'),
    STARTED,
    grid({ image: 'registry.example.com/mqttgrid:1' }),
    STARTED,
    grid({ image: 'registry.example.com/missing:2' }),
    STARTED,
    grid(),
  ],
  'a volume that cannot bind is mended': [
    grid({ storage: { className: 'missing' } }),
    STARTED,
    grid({ storage: { className: 'fast' } }),
  ],
  'a spec that is refused is mended': [
    ...SCENARIO,
    grid({ replicas: 2 }),
    STARTED,
    grid(),
    STARTED,
    space('telemetry', 'vehicles/${client.name'),
    rest(500),
    space('telemetry', 'vehicles/${client.name}/#'),
  ],
  'what Kubernetes lets nobody change is changed': [
    ...SCENARIO,
    grid({ storage: { size: '2Gi' } }),
    STARTED,
    grid({ storage: { size: '2Gi', retain: true } }),
  ],
  'the MqttNamespace and the operator go while a StatefulSet is made anew': [
    ...SCENARIO,
    grid({ storage: { size: '2Gi' } }),
    { do: 'awaitDeletion', name: 'grid' },
    { do: 'operatorEnds' },
    remove('MqttNamespace', 'grid'),
    rest(5000),
    { do: 'operatorStarts' },
  ],
  'volumes are retained': [
    grid({ storage: { retain: true } }),
    client('vehicle-1'),
    STARTED,
    remove('MqttNamespace', 'grid'),
    rest(2000),
    grid(),
  ],
  'brokers are unreachable while permissions are edited': [
    ...SCENARIO,
    { do: 'disconnect' },
    rest(20),
    binding('listen', 'telemetry', 'Subscriber'),
    remove('Client', 'vehicle-1'),
    rest(3000),
    client('vehicle-1', { state: 'Disabled' }),
    { do: 'reconnect' },
  ],
  'everything is deleted while brokers are unreachable': [
    ...SCENARIO,
    { do: 'disconnect' },
    remove('MqttNamespace', 'grid'),
    ...MEMBERS.toReversed(),
  ],
  'everything is deleted while there is no operator': [
    ...SCENARIO,
    { do: 'operatorEnds' },
    remove('MqttNamespace', 'grid'),
    ...MEMBERS,
    rest(5000),
    { do: 'operatorStarts' },
  ],
  'all is edited while there is no operator': [
    ...SCENARIO,
    { do: 'operatorEnds' },
    remove('MqttNamespace', 'grid'),
    grid({ limits: { topicBytes: 128 } }),
    remove('Client', 'vehicle-1'),
    client('vehicle-2', { state: 'Enabled' }),
    remove('TopicSpace', 'commands'),
    rest(3000),
    { do: 'operatorStarts' },
  ],
  'the older of two in conflict goes': [
    grid(),
    client('first-one', { name: 'Vehicle' }),
    LATER,
    client('second-one', { name: 'Vehicle' }),
    space('older', 'depots/+'),
    LATER,
    space('younger', 'depots/#'),
    STARTED,
    remove('Client', 'first-one'),
    space('older', 'stations/+'),
    LATER,
    client('first-one', { name: 'Vehicle' }),
  ],
  'the certificate that is named comes later, and goes': [
    grid({ tls: { secretName: 'our-own' } }),
    client('vehicle-1'),
    STARTED,
    { do: 'putSecret', name: 'our-own' },
    rest(70_000),
    { do: 'deleteSecret', name: 'our-own' },
    rest(70_000),
    { do: 'putSecret', name: 'our-own' },
    rest(70_000),
  ],
  'messages are routed': [
    ...ROUTED,
    deliver('hook', { filter: { subjectBeginsWith: 'vehicles/' } }),
    remove('EventSubscription', 'log'),
    rest(500),
    deliver('log'),
    STARTED,
    remove('EventTopic', 'events'),
    rest(500),
    put('EventTopic', 'events', { outboxOverflow: 'RejectPublish' }),
  ],
  'the Secret of a destination goes, and another one comes': [
    ...ROUTED,
    { do: 'deleteSecret', name: 'auth' },
    READ_AGAIN,
    putToken('auth', TOKENS[1]),
    READ_AGAIN,
  ],
  'nobody routes any more': [...ROUTED, remove('MqttNamespace', 'grid'), rest(2000)],
};

/** Volumes with data stay as they are, and with them what was made for them. */
export const OF_VOLUMES =
  /^PersistentVolumeClaim .*storage|^Pod .*metadata.owners|^StatefulSet .*volumeClaimTemplates/;

/** Where the way leads elsewhere than a fresh apply, on purpose. */
export const MEANT: ReadonlyMap<string, RegExp> = new Map([
  ['what Kubernetes lets nobody change is changed', OF_VOLUMES],
  ['a volume that cannot bind is mended', OF_VOLUMES],
]);

/** What is never deleted on the way, by kind, namespace and name. */
export const KEEPS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'what Kubernetes lets nobody change is changed',
    ['Pod plant/grid-0', 'PersistentVolumeClaim plant/data-grid-0'],
  ],
  ['a scenario is declared', ['Pod plant/grid-0', 'StatefulSet plant/grid']],
  ['permissions are edited', ['Pod plant/grid-0', 'StatefulSet plant/grid']],
]);
