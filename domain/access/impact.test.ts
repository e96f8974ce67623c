import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { aClient, aSnapshot, type SnapshotSketch } from '../../test/support/snapshots.ts';
import { allFilters, allTopics, ANY_TEMPLATE, anyFilter } from '../../test/support/topics.ts';
import { buildPolicy, impactOf, mayPublish, maySubscribe, type Impact } from '../access.ts';
import type { Snapshot } from '../snapshot.ts';
import { filterContains, filterMatches, splitLevels } from '../topic-filter.ts';

const CARS = [
  aClient('car1', { attributes: { type: 'car', areas: ['north', 'south'] } }),
  aClient('car2', { attributes: { type: 'car', areas: 'north' } }),
  aClient('map', { attributes: { type: 'map' } }),
];
const GROUPS = { cars: "attributes.type = 'car'", maps: "attributes.type = 'map'" };

/** Who may publish where; subscribers are as given. */
function publishing(templates: readonly string[], sketch: Partial<SnapshotSketch> = {}): Snapshot {
  const spaces = { report: { templates, publishers: ['cars'], subscribers: [] } };
  return aSnapshot({ clients: CARS, groups: GROUPS, spaces, ...sketch });
}

function subscribing(...templates: readonly string[]): Snapshot {
  const spaces = { watch: { templates, publishers: [], subscribers: ['maps'] } };
  return aSnapshot({ clients: CARS, groups: GROUPS, spaces });
}

/** `-Publisher vehicles/${client.name} but a: car1 vehicles/car1 but a, car2 vehicles/car2`. */
function told({ access }: Impact): string[] {
  const but = (except: readonly string[]): string => {
    return except.length === 0 ? '' : ` but ${except.join(' ')}`;
  };
  return access.map(({ change, permission, topicTemplate, except, clients }) => {
    const sign = change === 'Gained' ? '+' : '-';
    const shares = clients.map((each) => {
      return `${each.client} ${each.topics.join(' ')}${but(each.except)}`;
    });
    return `${sign}${permission} ${topicTemplate}${but(except)}: ${shares.join(', ')}`;
  });
}

const NAME = '${client.name}';
const AREA = '${client.attributes.areas}';

suite('of a change clients are told to gain or lose', () => {
  const own = publishing([`v/${NAME}/#`]);
  const withAreas = (areas: string | readonly string[]): Snapshot => {
    const [car1, ...others] = CARS;
    const moved = { ...car1!, attributes: { type: 'car', areas } };
    return publishing([`a/${AREA}`], { clients: [moved, ...others] });
  };
  const cases: readonly [string, Snapshot | undefined, Snapshot | undefined, readonly string[]][] =
    [
      ['nothing where nothing changes', own, structuredClone(own), []],
      ['nothing where there is nothing', undefined, undefined, []],
      [
        'all of a MqttNamespace that appears, together where the template is the same',
        undefined,
        own,
        [`+Publisher v/${NAME}/#: car1 v/car1/#, car2 v/car2/#`],
      ],
      [
        'all of a MqttNamespace that disappears',
        own,
        undefined,
        [`-Publisher v/${NAME}/#: car1 v/car1/#, car2 v/car2/#`],
      ],
      [
        'what one template has more than the other, but for what they had',
        own,
        publishing(['v/#']),
        [`+Publisher v/# but v/${NAME}/#: car1 v/# but v/car1/#, car2 v/# but v/car2/#`],
      ],
      [
        'the same the other way round, and what is not under it apart from it',
        publishing(['v/#', 'w']),
        publishing([`v/${NAME}/#`, 'x']),
        [
          `-Publisher v/# but v/${NAME}/#: car1 v/# but v/car1/#, car2 v/# but v/car2/#`,
          '-Publisher w: car1 w, car2 w',
          '+Publisher x: car1 x, car2 x',
        ],
      ],
      [
        'nothing through another binding, group or topic space, or another spelling',
        publishing([`v/\${client.name|-x}`]),
        aSnapshot({
          clients: CARS,
          groups: { ...GROUPS, all: "name = 'car1' or name = 'car2'" },
          spaces: { other: { templates: [`v/${NAME}-x`], publishers: ['all'], subscribers: [] } },
        }),
        [],
      ],
      [
        'the members that an array gained',
        withAreas(['north']),
        withAreas(['north', 'south']),
        [`+Publisher a/${AREA}: car1 a/south`],
      ],
      [
        'another value of an attribute',
        withAreas('north'),
        withAreas('west'),
        [`-Publisher a/${AREA}: car1 a/north`, `+Publisher a/${AREA}: car1 a/west`],
      ],
      ['nothing by values that no topic may hold', withAreas('+'), withAreas('#'), []],
      [
        'the outermost of what contains each other',
        publishing([]),
        publishing(['v/+', `v/${NAME}`, '#', '+/#']),
        ['+Publisher #: car1 #, car2 #'],
      ],
      [
        'nothing to publish where two templates make up for one',
        publishing(['v/#']),
        publishing(['v', 'v/+', 'v/+/+/#']),
        [],
      ],
      [
        'something to publish where they miss a level',
        publishing(['v/#']),
        publishing(['v', 'v/+/+/#']),
        ['-Publisher v/# but v v/+/+/#: car1 v/# but v v/+/+/#, car2 v/# but v v/+/+/#'],
      ],
      [
        'nothing to publish to topics that are empty',
        publishing(['#', '/#']),
        publishing(['+', '+/+/#']),
        [],
      ],
      [
        'something to subscribe to, for which one filter was enough',
        subscribing('v/#'),
        subscribing('v', 'v/+/#'),
        ['-Subscriber v/# but v v/+/#: map v/# but v v/+/#'],
      ],
      [
        'nothing of a client that is disabled',
        publishing(['v'], { clients: CARS.map((client) => ({ ...client, state: 'Disabled' })) }),
        undefined,
        [],
      ],
      [
        'everything once it is enabled',
        publishing(['v'], { clients: CARS.map((client) => ({ ...client, state: 'Disabled' })) }),
        publishing(['v'], { clients: CARS.slice(0, 1) }),
        ['+Publisher v: car1 v'],
      ],
      [
        'nothing of a topic space that no longer allows subscribing, but to subscribe',
        aSnapshot({ clients: [aClient('a')], spaces: { s: { templates: ['v'] } } }),
        aSnapshot({
          clients: [aClient('a')],
          spaces: { s: { templates: ['v'], support: 'NotSupported' } },
        }),
        ['-Subscriber v: a v'],
      ],
    ];
  for (const [title, before, after, expected] of cases) {
    test(title, () => assert.deepEqual(told(impactOf(before, after)), expected));
  }

  test('a template whole where its arrays come to more than can be written out', () => {
    const members = (prefix: string): string[] =>
      Array.from({ length: 40 }, (_, index) => `${prefix}${index}`);
    const client = aClient('a', { attributes: { x: members('x'), y: members('y') } });
    const template = '${client.attributes.x}/${client.attributes.y}';
    const spaces = { s: { templates: [template, 'z'], subscribers: [] } };
    const snapshot = aSnapshot({ clients: [client], spaces });
    const copy = { ...snapshot, topicSpaces: [{ ...snapshot.topicSpaces[0]!, name: 't' }] };
    const bindings = snapshot.permissionBindings.map((each) => ({ ...each, topicSpaceName: 't' }));
    assert.deepEqual(told(impactOf(snapshot, { ...copy, permissionBindings: bindings })), []);
    assert.deepEqual(told(impactOf(undefined, snapshot)), [
      `+Publisher ${template}: a ${template}`,
      '+Publisher z: a z',
    ]);
  });

  test('a template without arrays in full, however much others come to', () => {
    const members = (length: number): string[] => Array.from({ length }, (_, at) => `${at}`);
    const client = aClient('a', { attributes: { x: members(25), y: members(40) } });
    const template = '${client.attributes.x}/${client.attributes.y}';
    const [before, after] = [[template, 'z'], ['z/#']].map((templates) => {
      return aSnapshot({ clients: [client], spaces: { s: { templates, subscribers: [] } } });
    });
    const { access } = impactOf(before, after);
    assert.deepEqual(
      access.map(({ change, clients }) => [change, clients[0]?.topics.length]),
      [
        ['Lost', 1000],
        ['Gained', 1],
      ],
    );
  });
});

suite('of a change clients are told to connect', () => {
  const subject = aClient('a');
  const thumbprint = (...thumbprints: readonly string[]) =>
    aClient('a', { credential: { type: 'CertificateThumbprint', thumbprints } });
  const disabled = aClient('a', { state: 'Disabled' });
  const authority = (name: string, certificate = name) => ({ name, certificate });
  const gained = { change: 'Gained', clients: ['a'] } as const;
  const lost = { change: 'Lost', clients: ['a'] } as const;
  const changed = { change: 'Changed', cause: 'AuthenticationChanged', clients: ['a'] };
  type Side = readonly [ReturnType<typeof aClient>?, ...ReturnType<typeof authority>[]];
  const cases: readonly [string, Side, Side, readonly object[]][] = [
    ['now, as they are new', [], [subject], [{ ...gained, cause: 'ClientAdded' }]],
    ['no more, as they are gone', [subject], [], [{ ...lost, cause: 'ClientRemoved' }]],
    ['now, as they are enabled', [disabled], [subject], [{ ...gained, cause: 'ClientEnabled' }]],
    ['no more, as disabled', [subject], [disabled], [{ ...lost, cause: 'ClientDisabled' }]],
    ['as little as before', [disabled], [], []],
    ['with another certificate', [subject], [thumbprint('00')], [changed]],
    ['with one certificate more', [thumbprint('00')], [thumbprint('00', 'ff')], [changed]],
    ['with the same two', [thumbprint('00', 'ff')], [thumbprint('ff', '00')], []],
    [
      'under another authority',
      [subject, authority('old')],
      [subject, authority('new')],
      [
        { ...lost, cause: 'CaCertificateRemoved', caCertificate: 'old' },
        { ...gained, cause: 'CaCertificateAdded', caCertificate: 'new' },
      ],
    ],
    ['under an authority renamed', [subject, authority('a', 'x')], [subject, authority('x')], []],
    ['whatever the authority', [thumbprint('00'), authority('x')], [thumbprint('00')], []],
  ];
  for (const [title, before, after, expected] of cases) {
    test(title, () => {
      const [old, now] = [before, after].map(([client, ...caCertificates]) => ({
        ...aSnapshot({ clients: client === undefined ? [] : [client], spaces: {} }),
        caCertificates,
      }));
      const { connection, access } = impactOf(old, now);
      assert.deepEqual([connection, access], [expected, []]);
    });
  }
});

const SYMBOLS = ['a', 'b', '$c', ''];
const TOPICS = allTopics([...SYMBOLS, 'z'], 4);
const FILTERS = allFilters([...SYMBOLS, '+', 'z'], 3);

/** Few names and values, so that what was and what is often meet. */
const world = fc
  .record({
    clients: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b'),
        k: fc.constantFrom(undefined, 'a', '+', ['a', 'b'], ['b', '$c', 'a/b']),
        state: fc.constantFrom('Enabled' as const, 'Enabled' as const, 'Disabled' as const),
      }),
      { selector: ({ name }) => name },
    ),
    spaces: fc.array(
      fc.record({
        templates: fc.array(
          fc.oneof(
            ANY_TEMPLATE,
            ANY_TEMPLATE.map((template) => `${template}/#`),
            anyFilter(SYMBOLS),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        support: fc.constantFrom('NotSupported' as const, 'LowFanout' as const),
        publishers: fc.subarray(['$all', 'g']),
        subscribers: fc.subarray(['$all', 'g']),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ clients, spaces }) =>
    aSnapshot({
      clients: clients.map(({ name, k, state }) => {
        return aClient(name, { attributes: k === undefined ? {} : { k }, state });
      }),
      groups: { g: "attributes.k = 'a'" },
      spaces: Object.fromEntries(spaces.map((space, index) => [`s${index}`, space])),
    }),
  );

/** What the broker would answer. */
function permitted(snapshot: Snapshot, name: string, permission: string): Set<string> {
  const access = buildPolicy(snapshot).clientAccess(name);
  if (access === undefined) return new Set();
  return permission === 'Publisher'
    ? new Set(TOPICS.filter((topic) => mayPublish(access, topic) !== undefined))
    : new Set(FILTERS.filter((filter) => maySubscribe(access, filter) !== undefined));
}

/** What the impact says, taken at its word. */
function claimed(impact: Impact, change: string, name: string, permission: string): Set<string> {
  const covers = permission === 'Publisher' ? filterMatches : filterContains;
  const shares = impact.access
    .filter((each) => each.change === change && each.permission === permission)
    .flatMap(({ clients }) => clients.filter(({ client }) => client === name));
  const isAmong = (filters: readonly string[], text: string): boolean =>
    filters.some((filter) => covers(splitLevels(filter), splitLevels(text)));
  const texts = permission === 'Publisher' ? TOPICS : FILTERS;
  return new Set(
    texts.filter((text) => {
      return shares.some(({ topics, except }) => isAmong(topics, text) && !isAmong(except, text));
    }),
  );
}

function without(all: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...all].filter((text) => !others.has(text)).sort();
}

test('whatever changes, what a client may do differs exactly where the impact says so', () => {
  let differing = 0;
  const property = fc.property(world, world, (before, after) => {
    const impact = impactOf(before, after);
    for (const name of ['a', 'b']) {
      for (const permission of ['Publisher', 'Subscriber']) {
        const was = permitted(before, name, permission);
        const is = permitted(after, name, permission);
        const lost = claimed(impact, 'Lost', name, permission);
        const gained = claimed(impact, 'Gained', name, permission);
        assert.deepEqual([...lost].sort(), without(was, is));
        assert.deepEqual([...gained].sort(), without(is, was));
        differing += lost.size + gained.size;
      }
    }
    // Each line stands for something: no share is empty for being covered.
    for (const { permission, change, clients } of impact.access) {
      for (const { client } of clients) {
        assert.notEqual(claimed(impact, change, client, permission).size, 0);
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
  assert.ok(differing > 1000, `only ${differing} differences were tried`);
});

test('each of 10,000 clients whom one template concerns is told, and no other change', () => {
  const clients = Array.from({ length: 10_000 }, (_, index) =>
    aClient(`c${index}`, { attributes: { type: 'car', areas: [`${index % 7}`, `${index % 9}`] } }),
  );
  const spaces = (last: string) =>
    Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => {
        const third = index === 9 ? last : `${index}/+`;
        const templates = [`${index}/${NAME}/#`, `${index}/x/${AREA}`, third];
        return [`s${index}`, { templates, publishers: ['cars'], subscribers: ['cars'] }];
      }),
    );
  const before = aSnapshot({ clients, groups: GROUPS, spaces: spaces('9/y') });
  const after = aSnapshot({
    clients: structuredClone(clients),
    groups: GROUPS,
    spaces: spaces('9/z'),
  });
  const { access } = impactOf(before, after);
  assert.equal(access.length, 4);
  assert.ok(access.every(({ clients: shares }) => shares.length === 10_000));
});
