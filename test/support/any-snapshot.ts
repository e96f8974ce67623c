/** Snapshots of every form for property tests, with names so few that two of them meet. */
import fc from 'fast-check';
import { limitsOf } from '../../domain/limits.ts';
import type { EventFilter } from '../../domain/event-filter/event-filter.ts';
import type { Destination } from '../../domain/resources.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

// A prefix of another, and what sorts differently by locale, by code point and by code unit.
const name = fc.constantFrom('a', 'a-1', 'B', 'b', 'ä', '\u{1f600}', '\uffee', '__proto__', '1');

function sorted<T extends { readonly name: string }>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc
    .uniqueArray(value, { selector: (item) => item.name, maxLength: 7 })
    .map((items) => items.sort((left, right) => (left.name < right.name ? -1 : 1)));
}

const attribute = fc.oneof(
  fc.constantFrom('x', '\ud800', '\n'),
  fc.integer({ min: 0, max: 2 }),
  fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
);

const credential = fc.oneof(
  fc.record({
    type: fc.constant('CertificateSubject' as const),
    subject: fc.record(
      { commonName: name, organization: fc.constant('o') },
      { requiredKeys: ['commonName'] },
    ),
  }),
  fc.record({
    type: fc.constant('CertificateThumbprint' as const),
    thumbprints: fc.uniqueArray(fc.constantFrom('00', 'ff'), { minLength: 1 }),
  }),
);

const destination = fc.constantFrom<Destination>(
  { file: { path: '/a' } },
  { webhook: { url: 'https://a.example', maxEventsPerBatch: 7, authSecretName: 's' } },
  { kafka: { brokers: ['a:9092', 'b:9092'], topic: 't', tls: {} } },
);

const filter = fc.constantFrom<EventFilter>(
  {},
  { subjectBeginsWith: 'a', isSubjectCaseSensitive: true, includedEventTypes: ['x'] },
  { advancedFilters: [{ operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 0.5 }] },
  { advancedFilters: [{ operatorType: 'NumberInRange', key: 'data', values: [[1, 2]] }] },
);

const route = fc.record({
  eventTopic: fc.constantFrom('events', 'others'),
  outboxOverflow: fc.constantFrom('DropOldest' as const, 'RejectPublish' as const),
});

const eventSubscriptions = sorted(
  fc.record(
    {
      name,
      filter,
      destination,
      maxDeliveryAttempts: fc.integer({ min: 1, max: 2 }),
      eventTimeToLiveMs: fc.constant(60_000),
      deadLetter: destination,
    },
    {
      requiredKeys: ['name', 'filter', 'destination', 'maxDeliveryAttempts', 'eventTimeToLiveMs'],
    },
  ),
);

const lists = fc.record({
  caCertificates: sorted(fc.record({ name, certificate: fc.constantFrom('AAAA', 'BBBB') })),
  clients: sorted(
    fc.record({
      name,
      state: fc.constantFrom('Enabled' as const, 'Disabled' as const),
      credential,
      attributes: fc.dictionary(fc.constantFrom('a', 'b', '1'), attribute),
    }),
  ),
  clientGroups: sorted(
    fc.record({ name, query: fc.constantFrom("name = 'a'", 'attributes.a > 0') }),
  ),
  topicSpaces: sorted(
    fc.record({
      name,
      subscriptionSupport: fc.constantFrom('NotSupported', 'LowFanout', 'HighFanout'),
      topicTemplates: fc.array(fc.constantFrom('a/#', 'a/${client.name}'), { maxLength: 2 }),
    }),
  ),
  permissionBindings: sorted(
    fc.record({
      name,
      clientGroupName: name,
      topicSpaceName: name,
      permission: fc.constantFrom('Publisher', 'Subscriber'),
    }),
  ),
});

const namespace = fc.record({
  name: fc.constantFrom('plant', 'harbour'),
  limits: fc.constantFrom(limitsOf(), limitsOf({ clients: 7 })),
});

const anyFields: fc.Arbitrary<Snapshot> = fc
  .tuple(namespace, fc.option(fc.tuple(route, eventSubscriptions), { nil: undefined }), lists)
  .map(([fields, routed, rest]) => {
    const [to, subscriptions] = routed ?? [];
    const routing = to === undefined ? {} : { route: to };
    return { ...fields, ...routing, ...rest, eventSubscriptions: subscriptions ?? [] };
  });

/** Of which nothing is one object with what it was made of, as after a journey as JSON. */
export function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Plain objects, as JSON makes them. */
export const anySnapshot = anyFields.map(copyOf);
