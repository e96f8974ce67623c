import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { ANY_TEMPLATE, anyFilter } from '../test/support/topics.ts';
import {
  buildPolicy,
  explain,
  mayPublish,
  maySubscribe,
  printExplanation,
  refusalReason,
  type ClientAccess,
  type Operation,
} from './access.ts';
import type { Snapshot } from './snapshot.ts';
import { filterContains, filterMatches, splitLevels } from './topic-filter.ts';

/** Vehicles report under their own names, a map watches; templates as in the fan-in scenario. */
const FLEET = aSnapshot({
  clients: [
    aClient('car1', { attributes: { type: 'vehicle', area: 'north' } }),
    aClient('car2', { attributes: { type: 'vehicle' } }),
    aClient('map', { attributes: { type: 'map' } }),
    aClient('parked', { attributes: { type: 'vehicle' }, state: 'Disabled' }),
    aClient('guest'),
  ],
  groups: { vehicles: "attributes.type = 'vehicle'", maps: "attributes.type = 'map'" },
  spaces: {
    report: {
      templates: ['vehicles/${client.name}/GPS/#'],
      support: 'NotSupported',
      publishers: ['vehicles'],
      subscribers: ['maps'],
    },
    watch: { templates: ['vehicles/+/GPS/#'], publishers: [], subscribers: ['maps'] },
    areas: {
      templates: ['areas/${client.attributes.area}/status'],
      publishers: ['vehicles'],
      subscribers: [],
    },
    weather: { templates: ['weather/+', '$alerts/#'], publishers: ['maps'] },
  },
});

function accessOf(name: string, snapshot = FLEET): ClientAccess {
  const access = buildPolicy(snapshot).clientAccess(name);
  assert.ok(access);
  return access;
}

suite('a client may', () => {
  const cases: [string, Operation, string, string | undefined][] = [
    ['car1', 'publish', 'vehicles/car1/GPS/position', 'report'],
    ['car1', 'publish', 'vehicles/car1/GPS', 'report'],
    ['car1', 'publish', 'vehicles/car2/GPS/position', undefined],
    ['car1', 'publish', 'vehicles/+/GPS/position', undefined],
    ['car1', 'publish', 'vehicles/car1/GPS/#', undefined],
    ['car1', 'publish', '', undefined],
    ['car1', 'publish', 'areas/north/status', 'areas'],
    ['car2', 'publish', 'areas/north/status', undefined],
    ['car2', 'publish', 'areas//status', undefined],
    ['car1', 'subscribe', 'vehicles/car1/GPS/#', undefined],
    ['map', 'subscribe', 'vehicles/+/GPS/#', 'watch'],
    ['map', 'subscribe', 'vehicles/car1/GPS/position', 'watch'],
    ['map', 'subscribe', 'vehicles/map/GPS', 'watch'],
    ['map', 'subscribe', 'vehicles/#', undefined],
    ['map', 'subscribe', '#', undefined],
    ['map', 'subscribe', 'vehicles/+/GPS/#/x', undefined],
    ['map', 'publish', 'vehicles/map/GPS', undefined],
    ['guest', 'subscribe', 'weather/today', 'weather'],
    ['guest', 'subscribe', 'weather/+', 'weather'],
    ['guest', 'subscribe', '+/today', undefined],
    ['guest', 'subscribe', '$alerts/fire', 'weather'],
    ['guest', 'publish', 'weather/today', undefined],
    ['parked', 'publish', 'vehicles/parked/GPS', undefined],
    ['parked', 'subscribe', 'weather/today', undefined],
  ];
  for (const [client, operation, topic, space] of cases) {
    const answer = space === undefined ? 'nothing' : space;
    test(`${client} ${operation} ${topic} by ${answer}`, () => {
      const may = operation === 'publish' ? mayPublish : maySubscribe;
      assert.equal(may(accessOf(client), topic)?.topicSpace, space);
      const explanation = explain(buildPolicy(FLEET), { client, operation, topic });
      assert.equal(explanation.allowed, space !== undefined, 'explain says the same');
    });
  }
});

suite('the access of a client', () => {
  test('names its groups, and what grants it what', () => {
    const access = accessOf('map');
    assert.deepEqual(access.groups, ['$all', 'maps']);
    const grant = maySubscribe(access, 'vehicles/+/GPS/#');
    assert.equal(grant?.binding, 'watch-Subscriber-maps');
    assert.equal(grant.clientGroup, 'maps');
    assert.equal(grant.subscriptionSupport, 'HighFanout');
  });

  test('is worked out once', () => {
    const policy = buildPolicy(FLEET);
    assert.equal(policy.clientAccess('map'), policy.clientAccess('map'));
  });

  test('does not exist for names that only objects of JavaScript have', () => {
    const policy = buildPolicy(FLEET);
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      assert.equal(policy.clientAccess(name), undefined);
    }
  });

  test('knows attributes by such names', () => {
    const attributes = JSON.parse('{"__proto__": "own", "constructor": "built"}') as object;
    const spaces = {
      hostile: { templates: ['a/${client.attributes.__proto__}/${client.attributes.constructor}'] },
      inherited: { templates: ['b/${client.attributes.toString}'] },
    };
    const client = aClient('a', { attributes: { ...attributes } });
    Object.defineProperty(client.attributes, '__proto__', { value: 'own', enumerable: true });
    const access = accessOf('a', aSnapshot({ clients: [client], spaces }));
    assert.ok(mayPublish(access, 'a/own/built'));
    assert.equal(mayPublish(access, `b/${Object.prototype.toString.toString()}`), undefined);
  });

  test('holds nothing of rules that cannot be parsed or lead nowhere', () => {
    const good = aSnapshot({ clients: [aClient('a')], spaces: { s: { templates: ['a/#/b'] } } });
    const dangling = { ...good, topicSpaces: [] };
    const query = aSnapshot({
      clients: [aClient('a')],
      groups: { g: 'name' },
      spaces: { s: { templates: ['a'], publishers: ['g'], subscribers: ['g'] } },
    });
    for (const snapshot of [good, dangling, query]) {
      const { publish, subscribe } = accessOf('a', snapshot);
      assert.deepEqual([publish, subscribe], [[], []]);
    }
  });
});

suite('a refused client is told', () => {
  const cases: [string, Operation, string, string][] = [
    [
      'car1',
      'publish',
      'vehicles/car2/GPS/position',
      'not permitted to publish to "vehicles/car2/GPS/position": the nearest of this client\'s ' +
        'topic templates is "vehicles/car1/GPS/#", which does not cover level 2, "car2"',
    ],
    [
      'car1',
      'publish',
      'areas/north',
      'not permitted to publish to "areas/north": the nearest of this client\'s topic templates ' +
        'is "areas/north/status", which asks for more than 2 levels',
    ],
    [
      'car1',
      'publish',
      'areas/north/status/now',
      'not permitted to publish to "areas/north/status/now": the nearest of this client\'s topic ' +
        'templates is "areas/north/status", which ends before level 4, "now"',
    ],
    [
      'map',
      'subscribe',
      'vehicles/#',
      'not permitted to subscribe to "vehicles/#": the nearest of this client\'s topic ' +
        'templates is "vehicles/+/GPS/#", which does not cover level 2, "#"',
    ],
    [
      'guest',
      'publish',
      'weather/today',
      'not permitted to publish to "weather/today": no permission binding lets this client ' +
        'publish at all',
    ],
    [
      'parked',
      'publish',
      'vehicles/parked/GPS',
      'not permitted to publish to "vehicles/parked/GPS": this client is disabled',
    ],
  ];
  for (const [client, operation, topic, expected] of cases) {
    test(`${client} ${operation} ${topic}`, () => {
      assert.equal(refusalReason(accessOf(client), operation, topic), expected);
    });
  }

  test('that a variable has no value', () => {
    const reason = refusalReason(accessOf('car2'), 'publish', 'areas/north/status');
    assert.match(reason, /this client has no usable value for "\$\{client\.attributes\.area\}"/);
  });

  test('nothing of other clients, groups, bindings or topic spaces', () => {
    const reason = refusalReason(accessOf('car1'), 'publish', 'weather/today');
    for (const foreign of ['car2', 'map', 'weather/+', 'vehicles/+', 'watch', '$alerts']) {
      assert.ok(!reason.replace('"weather/today"', '').includes(foreign), foreign);
    }
  });

  test('in few words, however long or hostile the topic is', () => {
    const check = (topic: string): void => {
      const long = topic.repeat(100);
      for (const operation of ['publish', 'subscribe'] as const) {
        const reason = refusalReason(accessOf('car1'), operation, long);
        assert.ok(reason.length < 3072, String(reason.length));
        assert.ok(reason.isWellFormed());
      }
    };
    // Code units, so that surrogates come alone too.
    const unit = fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(fc.property(fc.string({ unit, minLength: 10 }), check), { numRuns: 100 });
  });
});

function suggestions(client: string, operation: Operation, topic: string): string[] {
  const explanation = explain(buildPolicy(FLEET), { client, operation, topic });
  assert.ok(!explanation.allowed);
  return [explanation.reason, ...explanation.wouldAllow];
}

suite('an administrator is told', () => {
  const cases: [string, [string, Operation, string], RegExp[]][] = [
    [
      'which space covers it, who is not bound to it, and what would change that',
      ['guest', 'publish', 'weather/today'],
      [
        /^no permission .* publish at all; .* "weather" covers it, but none of its groups \("\$al/,
        /^declare a ClientGroup "new-group" with the query "name = 'guest'", and add a Permiss/,
        /PermissionBinding with clientGroupName "\$all", topicSpaceName "weather" and permission P/,
        /member of the ClientGroup "maps", by .* the query "attributes.type = 'map' or name = 'gu/,
      ],
    ],
    [
      'that a space is for publishing only',
      ['guest', 'subscribe', 'vehicles/guest/GPS'],
      [
        /the nearest, of the topic space "weather", .*; the topic space "report" covers it, but is/,
        /ClientGroup "new-group".*topicSpaceName "watch" and permission Subscriber/,
        /clientGroupName "\$all", topicSpaceName "watch"/,
        /ClientGroup "maps"/,
      ],
    ],
    [
      "the nearest of the client's own templates, although others' are nearer",
      ['car1', 'publish', 'vehicles/car2/speed'],
      [
        /the nearest, of the topic space "report", is "vehicles\/car1\/GPS\/#", which .* level 2/,
        /add the topic template "vehicles\/car2\/speed" to the TopicSpace "report"/,
        /to the TopicSpace "areas"/,
      ],
    ],
    [
      'the nearest template of all where the client has none',
      ['guest', 'publish', 'vehicles/car1/speed'],
      [
        /of the topic space "watch", is "vehicles\/\+\/GPS\/#", which does not cover level 3/,
        /declare a TopicSpace "new-space".*and declare a ClientGroup.*and add a PermissionBinding/,
        /declare a TopicSpace "new-space".*clientGroupName "\$all"/,
      ],
    ],
    [
      'what is wrong with the topic, which nothing would allow',
      ['car1', 'publish', 'a/+'],
      [/contains the wildcard "\+".*wildcards are for subscribing only/],
    ],
    [
      'what is wrong with the topic filter',
      ['car1', 'subscribe', 'a/#/b'],
      [/"#" stands for all remaining levels/],
    ],
    [
      'which client was probably meant',
      ['car11', 'publish', 'a'],
      [/no Client "car11" is in force/, /did you mean "car1"\?/],
    ],
    [
      'that a client is disabled',
      ['parked', 'publish', 'vehicles/parked/GPS'],
      [/"parked" is Disabled/, /set spec.state of the Client "parked" to Enabled/],
    ],
  ];
  for (const [title, [client, operation, topic], expected] of cases) {
    test(title, () => {
      const told = suggestions(client, operation, topic);
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
    });
  }

  test('that a topic is longer than the namespace allows', () => {
    const [reason] = suggestions('car1', 'publish', 'x'.repeat(257));
    assert.match(reason ?? '', /has 257 bytes in UTF-8; the limit is 256/);
  });

  test('that there is nothing to permit anything', () => {
    const snapshot = aSnapshot({
      clients: [aClient('a')],
      spaces: {},
      groups: { 'g-1': "name='a'" },
    });
    const question = { client: 'a', operation: 'publish', topic: 'x' } as const;
    assert.equal(
      printExplanation(explain(buildPolicy(snapshot), question)),
      'refused: "a" may not publish to "x"\n' +
        '  because no permission binding lets it publish at all, and this MqttNamespace has no ' +
        'topic template\n' +
        '  to allow it: declare a TopicSpace "new-space" with the topic template "x" and ' +
        'subscriptionSupport NotSupported, and add a PermissionBinding with clientGroupName ' +
        '"g-1", topicSpaceName "new-space" and permission Publisher',
    );
  });

  test('by which objects it is allowed', () => {
    const question = { client: 'car1', operation: 'publish', topic: 'vehicles/car1/GPS' } as const;
    assert.equal(
      printExplanation(explain(buildPolicy(FLEET), question)),
      'allowed: "car1" may publish to "vehicles/car1/GPS"\n' +
        '  by the permission binding "report-Publisher-vehicles"\n' +
        '  of the client group "vehicles" to the topic space "report"\n' +
        '  with the topic template vehicles/${client.name}/GPS/# (here: vehicles/car1/GPS/#)',
    );
  });
});

const world = fc.record({
  clients: fc.uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom(undefined, 'a', 'b', '+', 'a/b', '#')),
    { minLength: 1, selector: ([name]) => name },
  ),
  spaces: fc.array(
    fc.record({
      templates: fc.array(ANY_TEMPLATE, { minLength: 1, maxLength: 2 }),
      support: fc.constantFrom('NotSupported' as const, 'LowFanout' as const),
      publishers: fc.subarray(['$all', 'g', 'none']),
      subscribers: fc.subarray(['$all', 'g', 'none']),
    }),
    { maxLength: 3 },
  ),
});

/** The same question answered the long way: expand to plain filters, look at each. */
function naively(snapshot: Snapshot, clientName: string, operation: Operation, text: string) {
  const client = snapshot.clients.find(({ name }) => name === clientName);
  assert.ok(client);
  const value = client.attributes.k;
  const usable = typeof value === 'string' && !/[+#/]/.test(value);
  const levels = splitLevels(text);
  return snapshot.permissionBindings.some((binding) => {
    const space = snapshot.topicSpaces.find(({ name }) => name === binding.topicSpaceName);
    const isMember =
      binding.clientGroupName === '$all' || (binding.clientGroupName === 'g' && value === 'a');
    if (space === undefined || !isMember) return false;
    if (binding.permission !== (operation === 'publish' ? 'Publisher' : 'Subscriber')) return false;
    if (operation === 'subscribe' && space.subscriptionSupport === 'NotSupported') return false;
    return space.topicTemplates.some((template) => {
      if (template.includes('.k}') && !usable) return false;
      const expanded = template
        .replaceAll('${client.name}', clientName)
        .replaceAll('${client.attributes.k}', String(value));
      const covers = operation === 'publish' ? filterMatches : filterContains;
      return covers(splitLevels(expanded), levels);
    });
  });
}

suite('whatever is declared,', () => {
  test('a client may do what its bindings grant and nothing else', () => {
    const property = fc.property(
      world,
      anyFilter(['a', 'b', '$c', '']),
      ({ clients, spaces }, text) => {
        const snapshot = aSnapshot({
          clients: clients.map(([name, k]) => aClient(name, { attributes: k ? { k } : {} })),
          groups: { g: "attributes.k = 'a'", none: "name = 'nobody'" },
          spaces: Object.fromEntries(spaces.map((space, index) => [`s${index}`, space])),
        });
        const policy = buildPolicy(snapshot);
        for (const [name] of clients) {
          const access = policy.clientAccess(name);
          assert.ok(access);
          const subscribing = naively(snapshot, name, 'subscribe', text);
          assert.equal(maySubscribe(access, text) !== undefined, subscribing);
          const publishing = !/[+#]/.test(text) && naively(snapshot, name, 'publish', text);
          assert.equal(mayPublish(access, text) !== undefined, publishing);
        }
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });
});

test('answers that a change does not concern stay the same objects, and others do not', () => {
  const before = buildPolicy(FLEET);
  const access = new Map(FLEET.clients.map(({ name }) => [name, before.clientAccess(name)]));
  const copy = structuredClone(FLEET);
  const [car1, ...others] = copy.clients;
  const moved = { ...car1!, attributes: { type: 'vehicle', area: 'south' } };
  const oneClient = buildPolicy({ ...copy, clients: [moved, ...others] }, before);
  for (const { name } of others) assert.equal(oneClient.clientAccess(name), access.get(name));
  const south = oneClient.clientAccess('car1')!;
  assert.ok(mayPublish(south, 'areas/south/status') && !mayPublish(south, 'areas/north/status'));
  const noBindings = buildPolicy({ ...copy, permissionBindings: [] }, oneClient);
  assert.equal(mayPublish(noBindings.clientAccess('car1')!, 'areas/south/status'), undefined);
  assert.equal(noBindings.clientAccess('map')!.subscribe.length, 0);
  const gone = buildPolicy({ ...copy, clients: others }, before);
  assert.equal(gone.clientAccess('car1'), undefined);
});

test('clients share the grants that are the same for all, until their topic space changes', () => {
  const snapshot = aSnapshot({
    clients: [aClient('a'), aClient('b')],
    spaces: { own: { templates: ['own/${client.name}'] }, all: { templates: ['all/+'] } },
  });
  const policy = buildPolicy(snapshot);
  const [a, b] = [policy.clientAccess('a')!, policy.clientAccess('b')!];
  const grantIn = ({ publish }: ClientAccess, space: string): unknown =>
    publish.find(({ topicSpace }) => topicSpace === space);
  assert.ok(grantIn(a, 'all'));
  assert.equal(grantIn(a, 'all'), grantIn(b, 'all'));
  assert.notEqual(grantIn(a, 'own'), grantIn(b, 'own'));
  const topicSpaces = snapshot.topicSpaces.map((space) =>
    space.name === 'all' ? ({ ...space, subscriptionSupport: 'LowFanout' } as const) : space,
  );
  const changed = buildPolicy({ ...snapshot, topicSpaces }, policy).clientAccess('a')!;
  assert.deepEqual(grantIn(changed, 'all'), {
    ...(grantIn(a, 'all') as object),
    subscriptionSupport: 'LowFanout',
  });
});
