/** What a program does to access, told of each object that does it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { describeAccess, impactOf } from '../../domain/access.ts';
import { KINDS, resourceKey, type Resource } from '../../domain/resources.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { declare, OWNER } from '../../test/support/resources.ts';
import { impactOn, stepOf } from './impact.ts';
import { Place, type Held } from './program.ts';
import type { Properties } from './declaration.ts';
import { compileFor, type World } from './worlds.ts';

const clock = new ManualClock();

const group = fc.constantFrom("name = 'one'", 'attributes.a = 1', 'attributes.a > 0');
const templates = fc.subarray(['a/#', 'a/b', 'b/${client.name}', '+/c'], { minLength: 1 });
const permission = fc.constantFrom('Publisher', 'Subscriber');
const name = fc.constantFrom('one', 'two', 'three');

/** Few objects that have much to do with each other; some are refused. */
const access: fc.Arbitrary<Resource> = fc.oneof(
  fc.record({ name, query: group }).map(({ name, query }) => {
    return declare('ClientGroup', `group-${name}`, { query });
  }),
  fc.record({ name, topicTemplates: templates }).map(({ name, topicTemplates }) => {
    const spec = { topicTemplates, subscriptionSupport: 'HighFanout' };
    return declare('TopicSpace', `space-${name}`, spec);
  }),
  fc.record({ name, group: name, space: name, permission }).map(({ name, permission, ...to }) => {
    const names = { clientGroupName: `group-${to.group}`, topicSpaceName: `space-${to.space}` };
    return declare('PermissionBinding', `binding-${name}`, { ...names, permission });
  }),
);

const clients = ['one', 'two', 'three'].map((name, at) => {
  const authentication = { certificateSubject: { commonName: name } };
  return declare('Client', name, { authentication, attributes: { a: at } });
});
const base = [declare('MqttNamespace', OWNER), ...clients];

const objects = fc.uniqueArray(access, { selector: resourceKey, maxLength: 9 });

/** Under a program that declares them in this order. */
function declared(program: readonly Resource[], there: readonly Resource[]): [World, Held] {
  const place = new Place(clock);
  const held = place.hold([...base, ...there]);
  program.forEach(({ kind, metadata, spec }, at) => {
    const key = resourceKey({ kind, metadata });
    const options = { adopt: false, timeoutMs: 1000, target: {} };
    const named: Properties = { ...spec, name: metadata.name };
    const answer = place.declare(`urn ${at}`, { key, kind, metadata, spec: named, ...options });
    assert.ok(answer.ok);
  });
  return [place.own, held];
}

function toldOf(program: readonly Resource[], there: readonly Resource[]): Map<string, string[]> {
  const [own, held] = declared(program, there);
  const told = [...own.resources].map((resource) => {
    return [resourceKey(resource), impactOn(resource, own, held, clock)] as const;
  });
  return new Map([...told].sort(([left], [right]) => (left < right ? -1 : 1)));
}

test('each object tells the same, whatever was declared before it', () => {
  const permuted = objects.chain((program) =>
    fc.tuple(
      fc.constant(program),
      fc.shuffledSubarray(program, { minLength: program.length }),
      objects,
    ),
  );
  fc.assert(
    fc.property(permuted, ([program, shuffled, there]) => {
      // Of two that cannot both be, the later is refused: then it is an error, and no impact.
      fc.pre(allAccepted(program, there));
      assert.deepEqual(toldOf(shuffled, there), toldOf(program, there));
    }),
  );
});

function allAccepted(program: readonly Resource[], there: readonly Resource[]): boolean {
  const [, { beside }] = declared(program, there);
  const { verdicts } = beside.compile(OWNER);
  return [...verdicts.values()].every(({ faults }) => faults.length === 0);
}

test('the steps of all objects lead from what is there to what will be', () => {
  fc.assert(
    fc.property(objects, objects, (program, there) => {
      fc.pre(allAccepted(program, there));
      const [own, held] = declared(program, there);
      const inOrder = [...own.resources].sort(byRank);
      let snapshot = compileFor(OWNER, [...base, ...there], clock).snapshot;
      for (const resource of inOrder) {
        const { before, after } = stepOf(resource, own, held, clock);
        assert.deepEqual(before, snapshot);
        const lines = impactOf(before, after).access.map(describeAccess);
        const rest = `and ${lines.length - 9} more changes of access`;
        const told = lines.length > 10 ? [...lines.slice(0, 9), rest] : lines;
        assert.deepEqual(impactOn(resource, own, held, clock), told);
        snapshot = after;
      }
      const whole = held.beside.compile(OWNER).snapshot;
      assert.deepEqual(impactOf(snapshot, whole).access, []);
      assert.deepEqual(snapshot, whole);
    }),
  );
});

function byRank(left: Resource, right: Resource): number {
  const kinds = KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
  return kinds === 0 ? (resourceKey(left) < resourceKey(right) ? -1 : 1) : kinds;
}

suite('in words', () => {
  const space = declare('TopicSpace', 'space', {
    topicTemplates: ['a/#'],
    subscriptionSupport: 'HighFanout',
  });
  const binding = declare('PermissionBinding', 'binding', { permission: 'Subscriber' });

  test('a binding gives access, and no other object tells it again', () => {
    const told = toldOf([binding, space], []);
    assert.deepEqual(
      [...told.values()],
      [['3 clients gain subscribe on a/#: one, three, two'], []],
    );
  });

  test('a change loses and gains', () => {
    const spec = { ...space.spec, topicTemplates: ['b'] };
    const told = toldOf([{ ...space, spec }], [space, binding]);
    assert.deepEqual(
      [...told.values()],
      [
        [
          '3 clients lose subscribe on a/#: one, three, two',
          '3 clients gain subscribe on b: one, three, two',
        ],
      ],
    );
  });

  test('nothing changes, nothing is told', () => {
    const told = toldOf([space, binding], [space, binding]);
    assert.deepEqual([...told.values()], [[], []]);
  });

  test('ten lines at most: the rest is counted', () => {
    const topicTemplates = Array.from({ length: 10 }, (_, at) => `a/${at}`);
    const spec = { topicTemplates, subscriptionSupport: 'HighFanout' };
    const old = declare('TopicSpace', 'space', { ...spec, topicTemplates: ['b', 'c'] });
    const [lines = []] = toldOf([declare('TopicSpace', 'space', spec)], [old, binding]).values();
    assert.equal(lines.length, 10);
    assert.equal(lines.at(-1), 'and 3 more changes of access');
  });
});
