import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { broken, declared, GOOD_SPECS } from '../test/support/declarations.ts';
import { declare, OWNER, readAnyCertificate, withSpec } from '../test/support/resources.ts';
import { compile, type CompileContext } from './compile.ts';
import { conditionsOf } from './conditions.ts';
import { parseGroupQuery } from './group-query/group-query.ts';
import { immutableViolations } from './immutable.ts';
import { ALL_CLIENTS_GROUP, checkName } from './names.ts';
import { findOverlap } from './overlap.ts';
import { resourceKey, type NamedKind, type Resource } from './resources.ts';
import type { Snapshot } from './snapshot.ts';
import { parseTopicTemplate, type TopicTemplate } from './topic-template.ts';

const CONTEXT: CompileContext = { nowMs: 0, readCertificate: readAnyCertificate };

/** A namespace to live in, and others' objects; no two with one key. */
const folder = fc
  .uniqueArray(declared, { maxLength: 30, selector: resourceKey })
  .map((resources) => {
    const grid = declare('MqttNamespace', OWNER, { routeTopicRef: { name: 'one' } });
    return [grid, ...resources];
  });

const NAMED = [
  ['CaCertificate', 'caCertificates'],
  ['Client', 'clients'],
  ['ClientGroup', 'clientGroups'],
  ['TopicSpace', 'topicSpaces'],
  ['PermissionBinding', 'permissionBindings'],
] as const satisfies readonly (readonly [NamedKind, keyof Snapshot])[];

function assertValid(snapshot: Snapshot): void {
  for (const [kind, list] of NAMED) {
    const names = snapshot[list].map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)].sort(), 'sorted, without duplicates');
    assert.ok(names.length <= snapshot.limits[list]);
    for (const name of names) assert.equal(checkName(kind, name), undefined);
  }
  for (const { query } of snapshot.clientGroups) assert.ok(parseGroupQuery(query).ok);
  const groups = new Set([ALL_CLIENTS_GROUP, ...snapshot.clientGroups.map(({ name }) => name)]);
  const spaces = new Map(snapshot.topicSpaces.map((space) => [space.name, space]));
  for (const binding of snapshot.permissionBindings) {
    assert.ok(groups.has(binding.clientGroupName));
    const space = spaces.get(binding.topicSpaceName);
    assert.ok(space);
    assert.ok(binding.permission === 'Publisher' || space.subscriptionSupport !== 'NotSupported');
  }
  const { route, eventSubscriptions } = snapshot;
  const names = eventSubscriptions.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)].sort());
  assert.ok(names.length === 0 || route !== undefined);
  assertNoOverlap(snapshot);
}

function parse(text: string): TopicTemplate {
  const parsed = parseTopicTemplate(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

function assertNoOverlap({ topicSpaces }: Snapshot): void {
  const parsed = topicSpaces.map(({ topicTemplates, subscriptionSupport }) => {
    return { templates: topicTemplates.map(parse), subscriptionSupport };
  });
  const subscribing = parsed.filter(
    ({ subscriptionSupport }) => subscriptionSupport !== 'NotSupported',
  );
  for (const [index, left] of subscribing.entries()) {
    const right = subscribing.slice(index + 1).flatMap(({ templates }) => templates);
    for (const one of left.templates) {
      for (const other of right) assert.equal(findOverlap(one, other), undefined);
    }
  }
}

suite('whatever is declared', () => {
  test('a snapshot holds valid things only, and travels as JSON', () => {
    const check = (resources: Resource[]): void => {
      for (const snapshot of compile(resources, CONTEXT).snapshots.values()) {
        assertValid(snapshot);
        assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
      }
    };
    fc.assert(fc.property(folder, check), { numRuns: 400 });
  });

  test('the order in which it is given changes nothing', () => {
    const shuffled = folder.chain((resources) => {
      const order = fc.shuffledSubarray(resources, { minLength: resources.length });
      return fc.tuple(fc.constant(resources), order);
    });
    const check = ([resources, reordered]: [Resource[], Resource[]]): void => {
      assert.deepEqual(compile(reordered, CONTEXT), compile(resources, CONTEXT));
    };
    fc.assert(fc.property(shuffled, check), { numRuns: 300 });
  });

  test('every object gets a verdict, and who is refused says why', () => {
    const check = (resources: Resource[]): void => {
      const { verdicts, snapshots } = compile(resources, CONTEXT);
      assert.deepEqual([...verdicts.keys()].sort(), resources.map(resourceKey).sort());
      for (const resource of resources.filter(({ kind }) => kind === 'MqttNamespace')) {
        const verdict = verdicts.get(resourceKey(resource));
        assert.equal(snapshots.has(resourceKey(resource)), verdict?.faults.length === 0);
      }
    };
    fc.assert(fc.property(folder, check), { numRuns: 200 });
  });

  test('taking a refused namesake or one too many away changes nothing that runs', () => {
    const check = (resources: Resource[]): void => {
      const { verdicts, snapshots } = compile(resources, CONTEXT);
      const remaining = resources.filter((resource) => {
        const faults = verdicts.get(resourceKey(resource))?.faults ?? [];
        return !faults.some(
          ({ reason }) => reason === 'NameConflict' || reason === 'LimitExceeded',
        );
      });
      assert.deepEqual(compile(remaining, CONTEXT).snapshots, snapshots);
    };
    fc.assert(fc.property(folder, check), { numRuns: 200 });
  });
});

suite('a spec of any shape', () => {
  const neighbours = [
    declare('MqttNamespace', OWNER),
    declare('Client', 'neighbour'),
    declare('TopicSpace', 'neighbour', { subscriptionSupport: 'LowFanout' }),
  ];

  for (const good of GOOD_SPECS) {
    test(`never makes ${good.kind} crash, and never takes the neighbours down`, () => {
      const check = (spec: unknown): void => {
        const resource = withSpec(good.kind, good.metadata.name, spec);
        const others = neighbours.filter((each) => resourceKey(each) !== resourceKey(resource));
        const { snapshots, verdicts } = compile([resource, ...others], CONTEXT);
        for (const verdict of verdicts.values()) conditionsOf(verdict, 'Pending');
        immutableViolations(good, resource);
        for (const snapshot of snapshots.values()) {
          assertValid(snapshot);
          assert.ok(snapshot.clients.some(({ name }) => name === 'neighbour'));
        }
      };
      fc.assert(fc.property(broken(good.spec), check), { numRuns: 300 });
    });
  }
});
