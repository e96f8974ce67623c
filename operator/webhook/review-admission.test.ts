import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { aReview, worldsOf, type ReviewOptions } from '../../test/support/admission.ts';
import { broken, GOOD_SPECS } from '../../test/support/declarations.ts';
import { declare, OWNER, withSpec } from '../../test/support/resources.ts';
import type { Resource } from '../../domain/resources.ts';
import type { AdmissionAnswer } from './admission-review.ts';
import { reviewAdmission } from './review-admission.ts';

const GRID = declare('MqttNamespace', OWNER, { limits: { clients: 2 } }, 2000);
const SPACE = declare('TopicSpace', 'space', {}, 2000);
const FIRST = declare('Client', 'first', { name: 'shared' }, 2001);
const WORLD = [GRID, SPACE, FIRST];

function answer(
  resource: Resource,
  options: ReviewOptions & { readonly world?: readonly Resource[] } = {},
): AdmissionAnswer {
  return reviewAdmission(aReview(resource, options), worldsOf(options.world ?? WORLD));
}

function spaceOf(name: string, template: string, age: number): Resource {
  const spec = { topicTemplates: [template], subscriptionSupport: 'LowFanout' };
  return declare('TopicSpace', name, spec, age);
}

/** What the causes say: `field reason`. */
function causesOf({ status }: AdmissionAnswer): string[] {
  return status?.details.causes.map(({ field, reason }) => `${field} ${reason}`) ?? [];
}

const ALLOWED: AdmissionAnswer = { allowed: true };

suite('admission refuses', () => {
  const refusals: [string, Resource, string[], ReviewOptions?][] = [
    [
      'everything that is wrong with an object by itself, at once',
      declare('Client', 'new', { name: 'a b', authentication: {} }),
      ['spec.name InvalidName', 'spec.authentication InvalidAuthentication'],
    ],
    [
      'a name that another object has',
      declare('Client', 'new', { name: 'shared' }),
      ['spec.name NameConflict'],
    ],
    [
      'a MqttNamespace with the name of another one',
      declare('MqttNamespace', 'new', { name: OWNER }),
      ['spec.name NameConflict'],
    ],
    [
      'a Subscriber to what is for publishing only',
      declare('PermissionBinding', 'new', { permission: 'Subscriber' }),
      ['spec.permission SubscriptionNotSupported'],
    ],
    [
      'a change of what can only be set at creation',
      declare('Client', 'first', { name: 'renamed' }),
      ['spec.name Immutable'],
      { before: FIRST },
    ],
    [
      'a change that makes it invalid',
      declare('Client', 'first', { name: 'shared', attributes: { a: 0.5 } }),
      ['spec.attributes.a InvalidAttributes'],
      { before: FIRST },
    ],
    [
      'on a dry run as well',
      declare('Client', 'new', { name: 'a b' }),
      ['spec.name InvalidName'],
      {
        request: { dryRun: true },
      },
    ],
  ];
  for (const [title, resource, causes, options] of refusals) {
    test(title, () => {
      const refused = answer(resource, options);
      assert.equal(refused.allowed, false);
      assert.deepEqual(causesOf(refused), causes);
    });
  }

  test('the one too many', () => {
    const world = [...WORLD, declare('Client', 'second', {}, 2002)];
    const refused = answer(declare('Client', 'third'), { world });
    assert.deepEqual(causesOf(refused), ['metadata.name LimitExceeded']);
  });

  test('an overlap, with the topic that both match', () => {
    const world = [...WORLD, spaceOf('older', 'a/+', 2000)];
    const refused = answer(spaceOf('newer', '+/b', 2001), { world });
    assert.deepEqual(causesOf(refused), ['spec.topicTemplates[0] TemplateOverlap']);
    assert.match(refused.status?.message ?? '', /the topic "a\/b" matches both/);
  });

  test('in the words of a condition, with all that a script needs', () => {
    const { status } = answer(declare('Client', 'new', { name: 'shared' }));
    const message =
      'the name "shared" belongs to Client default/first, which is older ' +
      '(created 2001-01-01T00:00:00Z)';
    const remedy = 'delete one of the two, or declare this object anew with another spec.name';
    const cause = { field: 'spec.name', reason: 'NameConflict', message: `${message}; ${remedy}` };
    assert.deepEqual(status, {
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message: `spec.name: ${message}; ${remedy}`,
      details: { group: 'mqttgrid.io', kind: 'Client', name: 'new', causes: [cause] },
    });
  });

  test('who is of the same second as the holder of the name, and before it in the alphabet', () => {
    const early = declare('Client', 'a-first', { name: 'shared' }, 2001);
    assert.deepEqual(causesOf(answer(early)), ['spec.name NameConflict']);
  });

  test('a name that the server has still to generate, where its beginning is wrong', () => {
    const nameless = declare('Client', '', {});
    const options = { metadata: { name: undefined, generateName: 'a b-' } };
    assert.deepEqual(causesOf(answer(nameless, options)), ['metadata.name InvalidName']);
    const good = { metadata: { name: undefined, generateName: 'client-' } };
    assert.deepEqual(answer(nameless, { ...good, world: [GRID] }), ALLOWED);
  });
});

suite('a scale of a MqttNamespace is judged as the edit that it is', () => {
  const scaled = (replicas: unknown, name = OWNER): AdmissionAnswer => {
    const request = {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'mqttgrid.io', version: 'v1', resource: 'mqttnamespaces' },
      subResource: 'scale',
      name,
      object: { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas } },
    };
    return answer(GRID, { before: GRID, request });
  };

  test('to two brokers: refused, with the reason', () => {
    const refused = scaled(2);
    assert.deepEqual(causesOf(refused), ['spec.replicas UnsupportedValue']);
    assert.match(refused.status?.message ?? '', /several brokers for one namespace/);
  });

  for (const replicas of [0, 1]) {
    test(`to ${replicas}: let through`, () => assert.deepEqual(scaled(replicas), ALLOWED));
  }

  test('of one that is not known: let through', () => {
    assert.deepEqual(scaled(2, 'stranger'), ALLOWED);
  });

  test('with nothing that could be a number: refused', () => {
    assert.equal(scaled('many').allowed, false);
  });

  test('before anything is known: let through, with a warning', () => {
    const request = {
      subResource: 'scale',
      resource: { group: 'mqttgrid.io', resource: 'mqttnamespaces' },
    };
    const review = aReview(GRID, { before: GRID, request });
    assert.match(
      reviewAdmission(review, worldsOf(WORLD, false)).warnings?.[0] ?? '',
      /not checked/,
    );
  });
});

suite('admission lets through', () => {
  const twin = declare('Client', 'twin', { name: 'shared' }, 2002);
  const allowed: [string, Resource, ReviewOptions?][] = [
    ['what nothing is wrong with', declare('ClientGroup', 'new')],
    ['labels of an object that is bad', twin, { before: twin }],
    [
      'an object that is being deleted, however it changes',
      declare('Client', 'first', { name: 'a b' }),
      { before: FIRST, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ],
    ['a status, which is the operator’s', twin, { request: { subResource: 'status' } }],
    ['a scale of what has none', twin, { request: { subResource: 'scale' } }],
    ['what is not declared, such as a connection', twin, { operation: 'CONNECT' }],
    [
      'kinds that are not ours',
      twin,
      { request: { kind: { group: 'apps', version: 'v1', kind: 'Client' } } },
    ],
    ['kinds that we do not know', twin, { request: { kind: { group: 'mqttgrid.io', kind: 'X' } } }],
    ['a deletion', FIRST, { operation: 'DELETE' }],
  ];
  for (const [title, resource, options] of allowed) {
    test(title, () => assert.deepEqual(answer(resource, options), ALLOWED));
  }

  test('a change that mends one of two faults, and repeats the other one', () => {
    const before = declare('Client', 'twin', { name: 'shared', authentication: {} }, 2002);
    const mended = answer(twin, { before, world: [...WORLD, before] });
    assert.equal(mended.allowed, true);
    assert.match(mended.warnings?.[0] ?? '', /^spec\.name: the name "shared" belongs to/);
  });

  test('everything, with a warning, while not all has been read', () => {
    const review = aReview(twin);
    const { allowed, warnings } = reviewAdmission(review, worldsOf(WORLD, false));
    assert.equal(allowed, true);
    assert.match(warnings?.join() ?? '', /has not read all objects yet/);
  });
});

suite('admission warns of', () => {
  const world = [...WORLD, declare('EventTopic', 'topic')];
  const warnings: [string, Resource, RegExp, ReviewOptions?][] = [
    [
      'a MqttNamespace that is not there yet',
      declare('Client', 'new', { namespaceRef: { name: 'gird' } }),
      /^spec\.namespaceRef\.name: there is no MqttNamespace "gird" .* did you mean "grid"\?/,
    ],
    [
      'a group that is not there yet',
      declare('PermissionBinding', 'new', { clientGroupName: 'later' }),
      /^spec\.clientGroupName: there is no ClientGroup "later"/,
    ],
    [
      'an EventTopic that is not there yet',
      declare('EventSubscription', 'new', { topicRef: { name: 'later' } }),
      /^spec\.topicRef\.name: there is no EventTopic "later"/,
    ],
    [
      'a limit that is nearly reached',
      declare('Client', 'second'),
      /^more than 90 % of spec\.limits\.clients \(2\) are used$/,
    ],
    [
      'what a lower limit does',
      declare('MqttNamespace', OWNER, { limits: { clients: 0 } }, 2000),
      /^the youngest 1 of 1 clients will be refused: LimitExceeded$/,
      { before: GRID },
    ],
    [
      'bindings that a topic space leaves behind',
      SPACE,
      /^named by PermissionBinding default\/one and 1 more, not resolved without it$/,
      { operation: 'DELETE' },
    ],
    [
      'subscriptions that an event topic leaves behind',
      declare('EventTopic', 'topic'),
      /^named by EventSubscription default\/all, not resolved without it$/,
      { operation: 'DELETE' },
    ],
    [
      'objects that a MqttNamespace leaves behind',
      GRID,
      /^4 objects belong to it and stay, without a broker$/,
      { operation: 'DELETE' },
    ],
  ];
  const referring = [
    declare('PermissionBinding', 'one'),
    declare('PermissionBinding', 'two'),
    declare('EventSubscription', 'all', { topicRef: { name: 'topic' } }),
  ];
  for (const [title, resource, expected, options] of warnings) {
    test(title, () => {
      const said = answer(resource, { ...options, world: [...world, ...referring] });
      assert.equal(said.allowed, true);
      assert.equal(said.warnings?.length, 1, String(said.warnings));
      assert.match(said.warnings[0] ?? '', expected);
    });
  }

  test('a younger topic space that the change of an older one will refuse', () => {
    const before = spaceOf('older', 'a/b', 2000);
    const after = spaceOf('older', 'a/+', 2000);
    const said = answer(after, { before, world: [GRID, before, spaceOf('younger', '+/c', 2001)] });
    assert.equal(said.allowed, true);
    assert.match(said.warnings?.[0] ?? '', /^TopicSpace default\/younger will be refused: "\+\/c"/);
  });

  test('no more than a handful of things', () => {
    const before = spaceOf('older', 'x', 2000);
    const younger = Array.from({ length: 30 }, (_, index) =>
      spaceOf(`younger-${index}`, `a/${index}`, 2001),
    );
    const grid = declare('MqttNamespace', OWNER, { limits: { topicSpaces: 100 } });
    const world = [grid, before, ...younger];
    const said = answer(spaceOf('older', 'a/#', 2000), { before, world });
    assert.equal(said.warnings?.length, 10);
  });
});

/** As it arrives over the network. */
function sent(review: object): unknown {
  const text = JSON.stringify(review, (_key, value: unknown) => {
    return typeof value === 'bigint' ? Number(value) : value;
  });
  return JSON.parse(text);
}

suite('whatever is sent', () => {
  test('gets an answer', () => {
    const check = (review: unknown): void => {
      assert.equal(typeof reviewAdmission(review, worldsOf(WORLD)).allowed, 'boolean');
    };
    fc.assert(fc.property(fc.jsonValue(), check), { numRuns: 300 });
  });

  test('as an object of one of our kinds gets an answer', () => {
    const good = fc.constantFrom(...GOOD_SPECS);
    const specs = good.chain((resource) => fc.tuple(fc.constant(resource), broken(resource.spec)));
    const operation = fc.constantFrom('CREATE', 'UPDATE', 'DELETE');
    const check = (
      [resource, spec]: [Resource, unknown],
      [, before]: [Resource, unknown],
      operation: 'CREATE' | 'UPDATE' | 'DELETE',
      metadata: unknown,
    ): void => {
      const { kind } = resource;
      const options = {
        operation,
        before: withSpec(kind, 'broken', before),
        metadata: metadata as Record<string, unknown>,
      };
      const review = aReview(withSpec(kind, 'broken', spec), options);
      const { allowed } = reviewAdmission(sent(review), worldsOf([...WORLD, ...GOOD_SPECS]));
      assert.equal(typeof allowed, 'boolean');
    };
    const metadata = fc.record(
      {
        name: fc.jsonValue(),
        creationTimestamp: fc.jsonValue(),
        deletionTimestamp: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(specs, specs, operation, metadata, check), { numRuns: 1000 });
  });
});
