import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { declare, inputOf, OWNER, readAnyCertificate } from '../../test/support/resources.ts';
import { judgeAdmission } from '../admission.ts';
import { compile, compileNamespace, type CompileContext } from '../compile.ts';
import { EVENT_SUBSCRIPTIONS_MAX } from '../limits.ts';
import { resourceKey, type Resource } from '../resources.ts';

const CONTEXT: CompileContext = { nowMs: 0, readCertificate: readAnyCertificate };
const ROUTING = declare('MqttNamespace', OWNER, { routeTopicRef: { name: 'events' } });
const EVENTS = declare('EventTopic', 'events');

function subscribe(name: string, spec: Readonly<Record<string, unknown>> = {}, age = 2020) {
  return declare('EventSubscription', name, { topicRef: { name: 'events' }, ...spec }, age);
}

function snapshotOf(...resources: readonly Resource[]) {
  const { snapshot } = compileNamespace(inputOf(resources), CONTEXT);
  assert.ok(snapshot);
  return snapshot;
}

suite('what a MqttNamespace routes', () => {
  test('is nothing unless it says so', () => {
    const snapshot = snapshotOf(declare('MqttNamespace', OWNER), EVENTS, subscribe('all'));
    assert.equal('route' in snapshot, false);
    assert.deepEqual(snapshot.eventSubscriptions, []);
  });

  test('goes to the subscriptions of its topic, sorted by name, with their defaults', () => {
    const file = { file: { path: '/tmp/f' } };
    const others = declare('EventSubscription', 'others', { topicRef: { name: 'elsewhere' } });
    const elsewhere = declare('EventTopic', 'elsewhere');
    const filter = { subjectBeginsWith: 'factory1/' };
    const retryPolicy = { maxDeliveryAttempts: 3, eventTimeToLiveInMinutes: 2 };
    const strict = subscribe('strict', { filter, retryPolicy, deadLetter: file });
    const snapshot = snapshotOf(ROUTING, EVENTS, elsewhere, strict, others, subscribe('all'));
    assert.deepEqual(snapshot.route, { eventTopic: 'events', outboxOverflow: 'DropOldest' });
    const [all, second] = snapshot.eventSubscriptions;
    const always = { destination: file, maxDeliveryAttempts: 30, eventTimeToLiveMs: 86_400_000 };
    assert.deepEqual(all, { name: 'all', filter: {}, ...always });
    const bounded = { maxDeliveryAttempts: 3, eventTimeToLiveMs: 120_000 };
    assert.deepEqual(second, {
      name: 'strict',
      filter,
      destination: file,
      ...bounded,
      deadLetter: file,
    });
    assert.equal(snapshot.eventSubscriptions.length, 2);
  });

  test('is told to brokers without what means nothing', () => {
    const hot = { operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 100 };
    const filter = {
      ...{ subjectBeginsWith: '', isSubjectCaseSensitive: false, includedEventTypes: ['All'] },
      advancedFilters: [{ ...hot, note: 'warm' }],
    };
    const stated = subscribe('all', { filter });
    const { eventSubscriptions } = snapshotOf(ROUTING, EVENTS, stated);
    assert.deepEqual(eventSubscriptions[0]?.filter, { advancedFilters: [hot] });
    // Snapshots share what did not change.
    assert.equal(snapshotOf(ROUTING, EVENTS, stated).eventSubscriptions[0], eventSubscriptions[0]);
  });

  test('says what happens at the bound of the outbox', () => {
    const topic = declare('EventTopic', 'events', { outboxOverflow: 'RejectPublish' });
    assert.equal(snapshotOf(ROUTING, topic).route?.outboxOverflow, 'RejectPublish');
  });

  const without: readonly (readonly [string, readonly Resource[]])[] = [
    ['the topic is missing', []],
    ['the topic is refused', [declare('EventTopic', 'events', { inputSchema: 'Other' })]],
  ];
  for (const [why, topics] of without) {
    test(`is nothing where ${why}, and everything else runs`, () => {
      const client = declare('Client', 'one');
      const snapshot = snapshotOf(ROUTING, subscribe('all'), client, ...topics);
      assert.equal('route' in snapshot, false);
      assert.deepEqual(snapshot.eventSubscriptions, []);
      assert.equal(snapshot.clients.length, 1);
    });
  }

  test('is nothing where the topic is in another location', () => {
    const topic = declare('EventTopic', 'events', { location: 'north' });
    const routeTopicRef = { name: 'events' };
    const south = declare('MqttNamespace', OWNER, { location: 'south', routeTopicRef });
    assert.equal(snapshotOf(south, topic, subscribe('all')).route, undefined);
  });

  test('passes by a subscription that is refused', () => {
    const refused = subscribe('refused', { destination: {} });
    const { eventSubscriptions } = snapshotOf(ROUTING, EVENTS, refused, subscribe('all'));
    assert.deepEqual(
      eventSubscriptions.map(({ name }) => name),
      ['all'],
    );
  });
});

suite('an EventTopic', () => {
  const many = Array.from({ length: EVENT_SUBSCRIPTIONS_MAX }, (_, index) => {
    return subscribe(`s-${String(index).padStart(3, '0')}`, {}, 2000);
  });
  const youngest = subscribe('a-youngest', {}, 2024);
  const all = [youngest, ...many, ROUTING, EVENTS];

  test('has so many subscriptions, and the oldest stay', () => {
    const { verdicts, snapshots } = compile(all, CONTEXT);
    const [fault] = verdicts.get(resourceKey(youngest))?.faults ?? [];
    assert.equal(fault?.reason, 'LimitExceeded');
    assert.match(fault.message, /the EventTopic "events" has at most 100 EventSubscriptions/);
    const inForce = snapshots.get(resourceKey(ROUTING))?.eventSubscriptions ?? [];
    assert.deepEqual(
      inForce.map(({ name }) => name),
      many.map(({ metadata }) => metadata.name),
    );
  });

  test('does not count those of others, nor those that are refused', () => {
    const [first, ...rest] = many;
    const other = declare('EventSubscription', first!.metadata.name, {
      topicRef: { name: 'elsewhere' },
    });
    const refused = subscribe(rest[0]!.metadata.name, { destination: {} }, 2000);
    for (const instead of [other, refused]) {
      const resources = all.filter((each) => resourceKey(each) !== resourceKey(instead));
      const { verdicts } = compile([...resources, instead], CONTEXT);
      assert.deepEqual(verdicts.get(resourceKey(youngest))?.faults, []);
    }
  });

  test('is full for admission too, but for those that are there', () => {
    const { world } = compileNamespace(inputOf([...many, EVENTS]), CONTEXT);
    assert.equal(judgeAdmission(world, youngest).faults[0]?.reason, 'LimitExceeded');
    assert.deepEqual(judgeAdmission(world, many[99]!).faults, []);
    const elsewhere = subscribe('a-youngest', { topicRef: { name: 'elsewhere' } }, 2024);
    assert.deepEqual(judgeAdmission(world, elsewhere).faults, []);
  });
});
