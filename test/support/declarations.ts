/** Random declarations that have much to do with each other. */
import fc from 'fast-check';
import { KINDS, type Resource } from '../../domain/resources.ts';
import { declare, OWNER } from './resources.ts';

const objectName = fc.constantFrom('one', 'two', 'three', 'four', 'five');
const specName = fc.constantFrom(undefined, undefined, 'one', 'shared', 'a b');
const age = fc.integer({ min: 2000, max: 2003 });

function optional(field: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [field]: value };
}

const owner = fc.constantFrom(OWNER, OWNER, OWNER, 'two', 'missing');
const template = fc.constantFrom('a/#', 'a/+', 'a/${client.name}', 'b/c', '+/c', 'b/#/c', '#');
const support = fc.constantFrom('NotSupported', 'LowFanout', 'HighFanout');
const groupName = fc.constantFrom('one', 'shared', '$all', 'none');
const limits = fc.constantFrom(
  undefined,
  { clientGroups: 1, topicSpaces: 1 },
  { clients: 1, topicTemplatesPerTopicSpace: 1 },
  { clients: -1 },
);

/** Specs that are mostly right, on names so few that they meet. */
const specOf = {
  MqttNamespace: fc.record({ limits, routeTopicRef: fc.constantFrom(undefined, { name: 'one' }) }),
  CaCertificate: fc.record({}),
  Client: fc.record({
    authentication: fc.constantFrom({}, { certificateSubject: { commonName: 'a' } }),
    attributes: fc.constantFrom(undefined, { a: 1 }, { a: 0.5 }),
  }),
  ClientGroup: fc.record({ query: fc.constantFrom("name = 'one'", 'attributes.a > 0', 'name') }),
  TopicSpace: fc.record({
    topicTemplates: fc.array(template, { minLength: 1, maxLength: 3 }),
    subscriptionSupport: support,
  }),
  PermissionBinding: fc.record({
    clientGroupName: groupName,
    topicSpaceName: groupName,
    permission: fc.constantFrom('Publisher', 'Subscriber'),
  }),
  EventTopic: fc.record({ location: fc.constantFrom(undefined, 'here') }),
  EventSubscription: fc.record({ topicRef: fc.record({ name: objectName }) }),
} as const;

/** One of any kind, of names and ages so few that several have something to do with each other. */
export const declared: fc.Arbitrary<Resource> = fc.oneof(
  ...KINDS.map((kind) => {
    const parts = fc.tuple(specOf[kind] as fc.Arbitrary<object>, objectName, specName, age, owner);
    return parts.map(([spec, name, stated, year, namespace]): Resource => {
      const owned = kind !== 'MqttNamespace' && !kind.startsWith('Event');
      const named = kind.startsWith('Event') ? {} : optional('name', stated);
      const belongs = owned ? { namespaceRef: { name: namespace } } : {};
      return declare(kind, name, { ...spec, ...named, ...belongs }, year);
    });
  }),
);

/** Puts anything anywhere into a spec that was good. */
export function broken(value: unknown): fc.Arbitrary<unknown> {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });
  if (typeof value !== 'object' || value === null) return anything;
  const entries = Object.entries(value);
  const inside = entries.map(([key, inner]) => {
    return broken(inner).map((replaced) => {
      return Array.isArray(value) ? [replaced] : { ...value, [key]: replaced };
    });
  });
  return fc.oneof(anything, ...inside);
}

/** Between them they have every field that a rule looks at. */
export const GOOD_SPECS: readonly Resource[] = [
  declare('MqttNamespace', OWNER, { limits: { clients: 1 }, routeTopicRef: { name: 'a' } }),
  declare('CaCertificate', 'broken'),
  declare('Client', 'broken', { attributes: { a: ['b'], c: 1 }, name: 'broken' }),
  declare('Client', 'broken', { authentication: { certificateThumbprint: { primary: 'a' } } }),
  declare('ClientGroup', 'broken'),
  declare('TopicSpace', 'broken', { topicTemplates: ['a', 'b'] }),
  declare('PermissionBinding', 'broken'),
  declare('EventTopic', 'broken', { location: 'here' }),
  declare('EventSubscription', 'broken', { destination: { kafka: { brokers: ['a'] } } }),
];
