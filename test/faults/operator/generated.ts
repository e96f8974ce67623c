/** Workloads that nobody thought of: specs of any shape that the schemas admit, in any order. */
import { schemaOf, validateShape, type Schema } from '../../../crds/schemas.ts';
import type { Kind } from '../../../domain/resources.ts';
import type { Random } from '../../hostile/random.ts';
import { MEMBERS, SCENARIO, type Spec, type Step, type Workload } from './workloads.ts';

/** What makes sense, or nearly, by the name of the field. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  name: ['vehicle-1', 'Vehicle-2', 'telemetry', 'no', 'with space'],
  query: ['attributes.type = "vehicle"', 'name = "vehicle-2"', 'attributes.type =', 'type > 3'],
  topicTemplates: [
    'vehicles/${client.name}/telemetry',
    'vehicles/+/commands',
    'vehicles/#',
    'depots/${client.attributes.depot}',
    'vehicles/#/not-last',
    '${client.name',
  ],
  clientGroupName: ['vehicles', '$all', 'nobody'],
  topicSpaceName: ['telemetry', 'commands', 'nowhere'],
  commonName: ['vehicle-1', 'anybody'],
  primary: ['a1'.repeat(20), 'b2'.repeat(32)],
  secondary: ['c3'.repeat(20)],
  countryCode: ['DE'],
  encodedCertificate: ['-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----', 'nothing'],
  image: ['registry.example.com/mqttgrid:1', 'registry.example.com/missing:1'],
  location: ['westeurope', 'eastus'],
  description: ['', 'of the factory'],
  url: ['https://events.example.com', 'https://user@events.example.com'],
  brokers: ['kafka:9092', 'kafka:0'],
  topic: ['events'],
  path: ['/events'],
  key: ['subject', 'data.Temp'],
  includedEventTypes: ['MQTT.EventPublished'],
  authSecretName: ['auth'],
  caSecretName: ['ca'],
  saslSecretName: ['sasl'],
};

const ATTRIBUTES = [
  { type: 'vehicle' },
  { type: 'depot', depot: ['north', 'south'] },
  { floor: 5 },
  { floor: 1.5 },
  { nested: { is: 'not allowed' } },
];

/** They change what a fresh apply would not: a volume that is there, and pods that go on. */
const LEFT_OUT = new Set(['tls', 'storage', 'routeTopicRef']);

const KINDS: readonly Kind[] = [
  'MqttNamespace',
  'CaCertificate',
  'Client',
  'ClientGroup',
  'TopicSpace',
  'PermissionBinding',
  'EventTopic',
  'EventSubscription',
];

const NAMES: Readonly<Record<string, readonly string[]>> = {
  MqttNamespace: ['grid', 'grid', 'other'],
  CaCertificate: ['root'],
  Client: ['vehicle-1', 'vehicle-2', 'vehicle-3'],
  ClientGroup: ['vehicles', 'depots'],
  TopicSpace: ['telemetry', 'commands', 'third-one'],
  PermissionBinding: ['publish', 'listen'],
  EventTopic: ['events', 'others'],
  EventSubscription: ['hook', 'log'],
};

const RESTS_MS = [0, 0, 5, 60, 400, 1100, 4000];

/** Steps after the scenario. */
const STEPS = 10;

export function anyTransitions(random: Random): Workload {
  const steps: Step[] = [...SCENARIO];
  for (let number = 0; number < STEPS; number++) {
    const kind = random.pick(KINDS);
    const name = random.pick(NAMES[kind] ?? []);
    if (random.below(4) === 0) steps.push({ do: 'delete', kind, name });
    else steps.push({ do: 'put', kind, name, spec: anySpec(kind, random), isOptional: true });
    steps.push({ do: 'rest', ms: random.pick(RESTS_MS) });
  }
  // Brokers that run: what is told to be programmed stays so where none does any more.
  steps.push({ do: 'delete', kind: 'MqttNamespace', name: 'other' });
  steps.push({ do: 'put', kind: 'MqttNamespace', name: 'grid', spec: {}, isOptional: true });
  return steps;
}

/** Bad for a while, and then as it was before: nothing of it is left. */
export function badThenGood(random: Random): Workload {
  const good = random.pick(SCENARIO.filter((step) => step.do === 'put'));
  const { kind, name } = good;
  const bad = anySpec(kind, random);
  const rest = { do: 'rest', ms: random.pick(RESTS_MS) } as const;
  return [
    ...SCENARIO,
    { do: 'put', kind, name, spec: bad, isOptional: true },
    rest,
    random.below(3) === 0 ? { do: 'delete', kind, name } : rest,
    good,
  ];
}

/** All is deleted, in any order, whoever is not there meanwhile. */
export function anyDeletions(random: Random): Workload {
  const left: Step[] = [...MEMBERS, { do: 'delete', kind: 'MqttNamespace', name: 'grid' }];
  const steps: Step[] = [...SCENARIO];
  const absence = random.pick(['disconnect', 'operatorEnds', undefined] as const);
  const absentFrom = random.below(left.length);
  while (left.length > 0) {
    if (left.length === absentFrom && absence !== undefined) steps.push({ do: absence });
    steps.push(...left.splice(random.below(left.length), 1));
    steps.push({ do: 'rest', ms: random.pick(RESTS_MS) });
  }
  return steps;
}

const TRIES_MAX = 50;

/** One that the schema admits, whatever the rules say of it. */
function anySpec(kind: Kind, random: Random): Spec {
  const schema = schemaOf(kind).properties?.['spec'] ?? {};
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const spec = anyValue(schema, 'spec', random) as Spec;
    const metadata = { name: 'any' };
    const document = { apiVersion: 'mqttgrid.io/v1', kind, metadata, spec };
    if (validateShape(kind, document).length === 0) return spec;
  }
  throw new Error(`found no spec of ${kind} that its schema admits`);
}

function anyValue(schema: Schema, field: string, random: Random): unknown {
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return random.pick(ATTRIBUTES);
  switch (schema.type) {
    case 'object':
      return anyObject(schema, field, random);
    case 'array':
      return anyItems(schema.items ?? {}, field, random);
    case 'integer':
      return anyInteger(schema, random);
    case 'boolean':
      return random.below(2) === 0;
    default:
      return random.pick(TEXTS[field] ?? ['text']);
  }
}

function anyItems(items: Schema, field: string, random: Random): unknown[] {
  return Array.from({ length: 1 + random.below(2) }, () => anyValue(items, field, random));
}

function anyInteger({ minimum = 0, maximum = 1000 }: Schema, random: Random): number {
  return random.pick([minimum, maximum, minimum + 1]);
}

function anyObject(schema: Schema, field: string, random: Random): unknown {
  if (field === 'topicRef') return { name: random.pick(['events', 'events', 'others']) };
  if (field === 'namespaceRef') return { name: random.pick(['grid', 'grid', 'grid', 'other']) };
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => {
    if (LEFT_OUT.has(name)) return false;
    return schema.required?.includes(name) === true || random.below(3) === 0;
  });
  const fields = properties.map(([name, inner]) => [name, anyValue(inner, name, random)] as const);
  return Object.fromEntries(fields);
}
