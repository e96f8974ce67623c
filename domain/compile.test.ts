import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  declare,
  inputOf,
  OWNER,
  readAnyCertificate,
  withSpec,
} from '../test/support/resources.ts';
import { compile, compileEvents, compileNamespace, type CompileContext } from './compile.ts';
import { resourceKey, type Kind, type Resource } from './resources.ts';
import { printFieldPath } from './violation.ts';

const CONTEXT: CompileContext = { nowMs: 0, readCertificate: readAnyCertificate };
const GRID = declare('MqttNamespace', OWNER);

/** `field: Reason` of everything that is wrong with one object among others. */
function wrongWith(resource: Resource, others: readonly Resource[], context = CONTEXT): string[] {
  const verdict = compile([resource, ...others], context).verdicts.get(resourceKey(resource));
  assert.ok(verdict, 'every object gets a verdict');
  return [...verdict.faults, ...verdict.unresolved].map(({ field, reason }) => {
    return `${printFieldPath(field)}: ${reason}`;
  });
}

function specs(kind: Kind, cases: [string, Record<string, unknown>, string[]][]): void {
  suite(`a ${kind}`, () => {
    for (const [title, spec, expected] of cases) {
      test(title, () => {
        const resource = declare(kind, 'object-1', spec);
        const others = kind === 'MqttNamespace' ? [] : [GRID, declare('TopicSpace', 'space')];
        const events = [declare('EventTopic', 'topic'), declare('EventTopic', 'events')];
        assert.deepEqual(wrongWith(resource, [...others, ...events]), expected);
      });
    }
  });
}

specs('MqttNamespace', [
  ['is valid by its name alone', {}, []],
  ['may raise a limit', { limits: { clients: 20_000 } }, []],
  [
    'may not raise a limit beyond its ceiling',
    { limits: { clients: 1_000_001 } },
    ['spec.limits.clients: InvalidLimit'],
  ],
  [
    'may not state a limit as text',
    { limits: { clients: '10' } },
    ['spec.limits.clients: InvalidLimit'],
  ],
  [
    'may not state a limit as null',
    { limits: { clients: null } },
    ['spec.limits.clients: InvalidLimit'],
  ],
  ['has no profile Full yet', { profile: 'Full' }, ['spec.profile: UnsupportedValue']],
  ['has one broker yet', { replicas: 2 }, ['spec.replicas: UnsupportedValue']],
  ['has no fewer than no brokers', { replicas: -1 }, ['spec.replicas: InvalidShape']],
  ['has a size in text', { storage: { size: 5 } }, ['spec.storage.size: InvalidShape']],
  ['has a named Secret', { tls: { secretName: {} } }, ['spec.tls.secretName: InvalidShape']],
  ['has resources by kind', { resources: { limits: 1 } }, ['spec.resources.limits: InvalidShape']],
  ['may be scaled to nothing', { replicas: 0 }, []],
  ['routes to an event topic', { routeTopicRef: { name: 'events' } }, []],
  [
    'cannot route to nothing',
    { routeTopicRef: { name: 'evnts' } },
    ['spec.routeTopicRef.name: RefNotFound'],
  ],
  ['has a name of letters, digits and hyphens', { name: 'a_b' }, ['spec.name: InvalidName']],
]);

specs('Client', [
  ['may have names that Kubernetes does not know', { name: 'Area1:Machine.1_x' }, []],
  [
    'has exactly one way to authenticate',
    { authentication: {} },
    ['spec.authentication: InvalidAuthentication'],
  ],
  ['may be disabled', { state: 'Disabled' }, []],
  ['has a known state', { state: 'disabled' }, ['spec.state: InvalidShape']],
  ['has a list of attributes by key', { attributes: [] }, ['spec.attributes: InvalidShape']],
  [
    'is told everything that is wrong with it at once',
    { name: 'a b', authentication: {}, attributes: { 'a.b': 1, c: 2 ** 53 } },
    [
      'spec.name: InvalidName',
      'spec.authentication: InvalidAuthentication',
      'spec.attributes["a.b"]: InvalidAttributes',
      'spec.attributes.c: InvalidAttributes',
    ],
  ],
  ['may have 4 KiB of attributes', { attributes: { a: 'x'.repeat(4096 - 8) } }, []],
  [
    'may not have a byte more',
    { attributes: { a: 'x'.repeat(4096 - 7) } },
    ['spec.attributes: AttributesTooLarge'],
  ],
  [
    'may have the largest integers',
    { attributes: { a: Number.MAX_SAFE_INTEGER, b: -Number.MAX_SAFE_INTEGER } },
    [],
  ],
]);

specs('ClientGroup', [
  ['has a query that can be parsed', { query: 'name =' }, ['spec.query: InvalidQuery']],
  ['cannot be $all', { name: '$all' }, ['spec.name: InvalidName']],
]);

specs('TopicSpace', [
  [
    'has templates that can be parsed',
    { topicTemplates: ['a', 'a/#/b', 'b+'] },
    ['spec.topicTemplates[1]: InvalidTemplate', 'spec.topicTemplates[2]: InvalidTemplate'],
  ],
  ['has a template', { topicTemplates: [] }, ['spec.topicTemplates: InvalidShape']],
  [
    'has ten templates at most',
    { topicTemplates: Array.from({ length: 11 }, (_, i) => `a${i}`) },
    ['spec.topicTemplates: LimitExceeded'],
  ],
  [
    'has a known subscription support',
    { subscriptionSupport: 'Medium' },
    ['spec.subscriptionSupport: InvalidShape'],
  ],
]);

specs('PermissionBinding', [
  ['may bind every client', {}, []],
  [
    'binds a group that exists',
    { clientGroupName: 'nobody' },
    ['spec.clientGroupName: RefNotFound'],
  ],
  [
    'binds a space that exists',
    { topicSpaceName: 'nothing' },
    ['spec.topicSpaceName: RefNotFound'],
  ],
  [
    'cannot subscribe to a space for publishing',
    { permission: 'Subscriber' },
    ['spec.permission: SubscriptionNotSupported'],
  ],
]);

specs('EventSubscription', [
  ['delivers an event topic', {}, []],
  [
    'delivers one that exists',
    { topicRef: { name: 'nothing' } },
    ['spec.topicRef.name: RefNotFound'],
  ],
  ['has a destination', { destination: {} }, ['spec.destination: InvalidSubscription']],
  [
    'has one destination',
    { destination: { file: { path: '/f' }, kafka: { brokers: ['b:9092'], topic: 't' } } },
    ['spec.destination: InvalidSubscription'],
  ],
  [
    'has a URL for a webhook',
    { destination: { webhook: { url: 'ftp://x' } } },
    ['spec.destination.webhook.url: InvalidSubscription'],
  ],
  [
    'has brokers for Kafka',
    { destination: { kafka: { brokers: [], topic: 't' } } },
    ['spec.destination.kafka.brokers: InvalidSubscription'],
  ],
  [
    'has a dead letter where it says so',
    { deadLetter: {} },
    ['spec.deadLetter: InvalidSubscription'],
  ],
  [
    'has a filter that events are compared by',
    { filter: { advancedFilters: [{ operatorType: 'IsNotNull', key: 'a.b' }] } },
    ['spec.filter.advancedFilters[0].key: InvalidFilter'],
  ],
  [
    'has one place for dead letters',
    { deadLetter: { file: { path: '/f' }, webhook: { url: 'https://x' } } },
    ['spec.deadLetter: InvalidSubscription'],
  ],
]);

suite('of peers', () => {
  const older = declare('Client', 'original', { name: 'shared' }, 2020);
  const younger = declare('Client', 'copy', { name: 'shared' }, 2021);

  test('the older keeps a name, and the younger has it once the older is gone', () => {
    assert.deepEqual(wrongWith(older, [GRID, younger]), []);
    assert.deepEqual(wrongWith(younger, [GRID, older]), ['spec.name: NameConflict']);
    assert.deepEqual(wrongWith(younger, [GRID]), []);
  });

  test('an older one that is invalid still keeps its name', () => {
    const invalid = declare('Client', 'original', { name: 'shared', authentication: {} }, 2020);
    assert.deepEqual(wrongWith(younger, [GRID, invalid]), ['spec.name: NameConflict']);
  });

  test('one without a readable age is the youngest', () => {
    const ageless = { ...older, metadata: { ...older.metadata, creationTimestamp: 'yesterday' } };
    assert.deepEqual(wrongWith(ageless, [GRID, younger]), ['spec.name: NameConflict']);
  });

  test('age is a time, not its text', () => {
    const at = (resource: Resource, creationTimestamp: string): Resource => {
      return { ...resource, metadata: { ...resource.metadata, creationTimestamp } };
    };
    const early = at(older, '2020-01-01T00:00:00Z');
    const later = at(younger, '2020-01-01T00:00:00.500Z');
    assert.deepEqual(wrongWith(early, [GRID, later]), []);
    const east = at(younger, '2020-01-01T00:30:00+01:00');
    assert.deepEqual(wrongWith(east, [GRID, early]), []);
  });

  test('different kinds and different MqttNamespaces share names freely', () => {
    const other = declare('MqttNamespace', 'other');
    const there = declare('Client', 'copy', { name: 'shared', namespaceRef: { name: 'other' } });
    const group = declare('ClientGroup', 'shared');
    for (const resource of [older, there, group]) {
      assert.deepEqual(
        wrongWith(
          resource,
          [GRID, other, older, there, group].filter((each) => each !== resource),
        ),
        [],
      );
    }
  });

  test('the one too many is refused, and a refused one takes no place', () => {
    const grid = declare('MqttNamespace', OWNER, { limits: { clients: 2 } });
    const clients = [2001, 2002, 2003].map((age) => declare('Client', `client-${age}`, {}, age));
    const invalid = declare('Client', 'invalid', { authentication: {} }, 2000);
    const third = clients[2]!;
    assert.deepEqual(wrongWith(third, [grid, ...clients.slice(0, 2), invalid]), [
      'metadata.name: LimitExceeded',
    ]);
    assert.deepEqual(wrongWith(third, [grid, ...clients.slice(0, 1), invalid]), []);
  });

  test('the maximum of MqttNamespaces is where mqttgrid is started', () => {
    const second = declare('MqttNamespace', 'second', {}, 2021);
    const context = { ...CONTEXT, mqttNamespacesMax: 1 };
    assert.deepEqual(wrongWith(second, [GRID], context), ['metadata.name: LimitExceeded']);
    assert.deepEqual(wrongWith(second, [GRID]), []);
  });

  test('a topic space that is refused for an overlap stands in nobody else’s way', () => {
    const space = (name: string, template: string, age: number): Resource => {
      const spec = { topicTemplates: [template], subscriptionSupport: 'LowFanout' };
      return declare('TopicSpace', name, spec, age);
    };
    const first = space('first', 'a/+', 2000);
    const second = space('second', '+/b', 2001);
    const third = space('third', 'c/b', 2002);
    assert.deepEqual(wrongWith(second, [GRID, first, third]), [
      'spec.topicTemplates[0]: TemplateOverlap',
    ]);
    assert.deepEqual(wrongWith(third, [GRID, first, second]), []);
    assert.deepEqual(wrongWith(third, [GRID, second]), ['spec.topicTemplates[0]: TemplateOverlap']);
  });
});

suite('a conflict over a name tells who has it, and why', () => {
  const first = declare('Client', 'first', { name: 'shared' }, 2000);
  const conflictOf = (younger: Resource): string | undefined => {
    const { verdicts } = compile([GRID, first, younger], CONTEXT);
    return verdicts.get(resourceKey(younger))?.faults[0]?.message;
  };

  test('the older one, with its time', () => {
    const message = conflictOf(declare('Client', 'second', { name: 'shared' }, 2001));
    const why = 'which is older (created 2000-01-01T00:00:00Z)';
    assert.equal(message, `the name "shared" belongs to Client default/first, ${why}`);
  });

  test('the first by metadata.name, of two of the same age', () => {
    const message = conflictOf(declare('Client', 'second', { name: 'shared' }, 2000));
    const why = 'which comes first by metadata.name, neither being older';
    assert.equal(message, `the name "shared" belongs to Client default/first, ${why}`);
  });
});

suite('members of a MqttNamespace', () => {
  const client = declare('Client', 'client-1');

  test('that is missing or refused are told so', () => {
    assert.deepEqual(wrongWith(client, []), ['spec.namespaceRef.name: RefNotFound']);
    const refused = declare('MqttNamespace', OWNER, { profile: 'Full' });
    assert.deepEqual(wrongWith(client, [refused]), ['spec.namespaceRef.name: RefNotAccepted']);
  });

  test('are not counted while nobody can say the limit', () => {
    const groups = Array.from({ length: 11 }, (_, index) => {
      return declare('ClientGroup', `group-${index}`, {}, 2000 + index);
    });
    const eleventh = groups[10]!;
    const others = groups.slice(0, 10);
    assert.deepEqual(wrongWith(eleventh, others), ['spec.namespaceRef.name: RefNotFound']);
    assert.deepEqual(wrongWith(eleventh, [GRID, ...others]), ['metadata.name: LimitExceeded']);
  });

  test('that cannot be read so far as to whose they are, are strays without peers', () => {
    const stray = withSpec('Client', 'client-1', { namespaceRef: 'grid' });
    const twin = withSpec('Client', 'client-2', { name: 'client-1' });
    assert.deepEqual(wrongWith(stray, [GRID, twin]), [
      'spec.authentication: InvalidShape',
      'spec.namespaceRef: InvalidShape',
    ]);
  });

  test('keep running when the namespace’s route leads nowhere', () => {
    const grid = declare('MqttNamespace', OWNER, { routeTopicRef: { name: 'gone' } });
    const { snapshots } = compile([grid, client], CONTEXT);
    assert.deepEqual(
      snapshots.get(resourceKey(grid))?.clients.map(({ name }) => name),
      ['client-1'],
    );
  });
});

suite('an object that its schema refused', () => {
  function refused(resource: Resource, field: readonly string[] = ['spec', 'colour']): Resource {
    const fault = { field, reason: 'InvalidShape', message: 'is bad', remedy: 'mend it' } as const;
    return { ...resource, refusedFor: [fault] };
  }

  test('is in no snapshot, for what the schema says and nothing else', () => {
    const client = refused(declare('Client', 'client-1', { attributes: { a: 0.5 } }));
    const { snapshots, verdicts } = compile([GRID, client], CONTEXT);
    assert.deepEqual(snapshots.get(resourceKey(GRID))?.clients, []);
    assert.deepEqual(verdicts.get(resourceKey(client))?.faults, client.refusedFor);
  });

  test('keeps its name from younger ones', () => {
    const older = refused(declare('Client', 'older', { name: 'shared' }, 2000));
    const younger = declare('Client', 'younger', { name: 'shared' }, 2001);
    assert.deepEqual(wrongWith(younger, [GRID, older]), ['spec.name: NameConflict']);
  });

  test('does not keep a limit from others', () => {
    const grid = declare('MqttNamespace', OWNER, { limits: { clients: 1 } });
    const older = refused(declare('Client', 'older', {}, 2000));
    const younger = declare('Client', 'younger', {}, 2001);
    assert.deepEqual(wrongWith(younger, [grid, older]), []);
  });

  test('is there for those that name it, and refused', () => {
    const binding = declare('PermissionBinding', 'binding', { clientGroupName: 'group-1' });
    const others = [
      refused(declare('ClientGroup', 'group-1')),
      refused(declare('TopicSpace', 'space')),
    ];
    assert.deepEqual(wrongWith(binding, [GRID, ...others]), [
      'spec.clientGroupName: RefNotAccepted',
      'spec.topicSpaceName: RefNotAccepted',
    ]);
    assert.deepEqual(
      wrongWith(binding, [refused(GRID)]).at(-1),
      'spec.namespaceRef.name: RefNotAccepted',
    );
    const subscription = declare('EventSubscription', 'subscription');
    const topic = refused(declare('EventTopic', 'topic'));
    assert.deepEqual(wrongWith(subscription, [topic]), ['spec.topicRef.name: RefNotAccepted']);
  });

  test('is told once of a reference that is malformed', () => {
    const field = ['spec', 'namespaceRef', 'name'];
    const client = refused(declare('Client', 'a', { namespaceRef: { name: 'Grid' } }), field);
    assert.deepEqual(wrongWith(client, [GRID]), ['spec.namespaceRef.name: InvalidShape']);
  });
});

suite('a reconciler', () => {
  const topic = declare('EventTopic', 'events', { location: 'north' });
  const grid = declare('MqttNamespace', OWNER, { routeTopicRef: { name: 'events' } });
  const sibling = declare('MqttNamespace', 'sibling', { name: OWNER }, 2021);
  const client = declare('Client', 'client-1');
  const subscription = declare('EventSubscription', 'all', { topicRef: { name: 'events' } });
  const whole = compile([topic, grid, sibling, client, subscription], CONTEXT);

  test('gets the same for one MqttNamespace as everybody gets for all', () => {
    const mqttNamespaces = [grid, sibling];
    const rest = { mqttNamespaces, eventTopics: [topic], eventSubscriptions: [subscription] };
    const own = compileNamespace({ name: OWNER, members: [client], ...rest }, CONTEXT);
    assert.deepEqual(own.snapshot, whole.snapshots.get(resourceKey(grid)));
    assert.deepEqual([...own.verdicts.keys()], [grid, client].map(resourceKey));
    for (const [key, { faults, unresolved }] of own.verdicts) {
      assert.deepEqual({ faults, unresolved }, whole.verdicts.get(key));
    }
    const refused = compileNamespace({ name: 'sibling', members: [], ...rest }, CONTEXT);
    assert.equal(refused.snapshot, undefined);
    assert.equal(refused.verdicts.get(resourceKey(sibling))?.faults[0]?.reason, 'NameConflict');
  });

  test('gets verdicts on what waits for a MqttNamespace', () => {
    const input = { ...inputOf([]), members: [client] };
    const { snapshot, verdicts } = compileNamespace(input, CONTEXT);
    assert.equal(snapshot, undefined);
    assert.deepEqual([...verdicts.keys()], [resourceKey(client)]);
  });

  test('gets event topics and subscriptions by themselves', () => {
    const events = { eventTopics: [topic], eventSubscriptions: [subscription] };
    for (const [key, verdict] of compileEvents(events)) {
      assert.deepEqual(verdict, whole.verdicts.get(key));
    }
  });
});
