import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { pino } from 'pino';
import { limitsOf } from '../../domain/limits.ts';
import type { Limits } from '../../domain/limits.ts';
import type { OutboxOverflow } from '../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ManualStore } from '../../test/support/manual-store.ts';
import type { StubEventsThread } from '../../test/support/stub-events-thread.ts';
import { stubEventsThreads } from '../../test/support/stub-events-thread.ts';
import { newMetrics } from '../metrics.ts';
import { Message } from '../packets/message.ts';
import { OUTBOX_SESSION } from '../store/session-store.ts';
import type { RoutingSnapshot } from './event-route.ts';
import { EventRoute } from './event-route.ts';
import { unpackMessages } from './message-pack.ts';

interface Declared {
  readonly subscriptions?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly outboxOverflow?: OutboxOverflow;
}

function aSubscription(name: string): SnapshotEventSubscription {
  return {
    name,
    filter: {},
    destination: { file: { path: `${name}.ndjson` } },
    maxDeliveryAttempts: 30,
    eventTimeToLiveMs: 86400000,
  };
}

function aSnapshot(declared: Declared = {}): RoutingSnapshot {
  const { subscriptions = ['one'], limits, outboxOverflow = 'DropOldest' } = declared;
  return {
    name: 'test',
    limits: limitsOf(limits),
    route: { eventTopic: 'topic', outboxOverflow },
    eventSubscriptions: subscriptions.map((name) => aSubscription(name)),
  };
}

class World {
  readonly clock = new ManualClock();
  readonly metrics = newMetrics();
  readonly logs: string[] = [];
  readonly store = new ManualStore(100);
  readonly #stubs = stubEventsThreads();
  readonly #hasStore: boolean;
  route!: EventRoute;
  deliveriesTold = 0;

  constructor(declared: Declared = {}, hasStore = true) {
    this.#hasStore = hasStore;
    this.start(declared);
  }

  /** A broker's life begins, with the store as the last one left it. */
  start(declared: Declared = {}): void {
    this.route = new EventRoute(aSnapshot(declared), {
      logger: pino({}, { write: (line: string) => void this.logs.push(line) }),
      clock: this.clock,
      metrics: this.metrics,
      store: this.#hasStore ? this.store : undefined,
      secrets: undefined,
      startThread: this.#stubs.startEventsThread,
      onDeliveries: () => void this.deliveriesTold++,
    });
  }

  get threads(): readonly StubEventsThread[] {
    return this.#stubs.threads;
  }

  get thread(): StubEventsThread {
    return this.threads.at(-1)!;
  }

  /** What handlers do with a message that is accepted. */
  publish(payload: string | Buffer, qos: 0 | 1 = 1): Message {
    const message = Message.of({
      number: qos === 1 && this.#hasStore ? this.store.newMessageNumber() : 0,
      topic: Buffer.from('t'),
      qos,
      payload: Buffer.from(payload),
      properties: Buffer.alloc(0),
      messageExpiryStart: -1,
      receivedAtMs: this.clock.nowMs(),
    });
    if (this.route.active) this.route.route(message);
    if (this.#hasStore) this.store.append(message);
    return message;
  }

  get outbox(): string[] {
    const waiting = this.store.waiting.get(OUTBOX_SESSION) ?? [];
    return waiting.map(({ parts }) => parts.payload.toString());
  }
}

const payloads = (thread: StubEventsThread): string[] =>
  thread.messages.map(({ payload }) => payload.toString());

test('what is accepted in a turn crosses together, in its order, and QoS 1 waits in the outbox', async () => {
  const world = new World();
  world.publish('a', 0);
  world.publish('b');
  world.publish('c', 0);
  assert.deepEqual(world.thread.messages, []);
  await turn();
  assert.deepEqual(payloads(world.thread), ['a', 'b', 'c']);
  assert.equal(world.thread.told.filter(({ type }) => type === 'messages').length, 1);
  const numbers = world.thread.messages.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((one, other) => one - other),
  );
  assert.deepEqual(world.outbox, ['b']);
  assert.equal(world.metrics.messagesRouted, 3);
});

test('where nobody subscribes nothing runs, and nothing is kept', async () => {
  const world = new World({ subscriptions: [] });
  assert.equal(world.route.active, false);
  world.publish('a');
  await turn();
  assert.deepEqual([world.threads.length, world.outbox, world.metrics.messagesRouted], [0, [], 0]);
  await world.route.close();
});

test('what all are done with leaves the outbox, and a restart goes on from there', async () => {
  const world = new World({ subscriptions: ['fast', 'slow'] });
  const [first, second, third] = ['a', 'b', 'c'].map((payload) => world.publish(payload).number);
  await turn();
  world.thread.progress('fast', third!, 3);
  assert.deepEqual(world.outbox, ['a', 'b', 'c']);
  world.thread.progress('slow', first!, 1);
  assert.deepEqual(world.outbox, ['b', 'c']);
  assert.equal(world.route.deliveries[0]?.delivered, 3);
  world.start({ subscriptions: ['fast', 'slow'] });
  const { subscriptions, acceptedUpTo } = world.thread.last('configure');
  assert.equal(acceptedUpTo, third);
  assert.deepEqual(
    subscriptions.map(({ subscription, doneUpTo, counts }) => [
      subscription.name,
      doneUpTo,
      counts.delivered,
    ]),
    [
      ['fast', third, 3],
      ['slow', first, 1],
    ],
  );
  assert.ok(second! > first!);
});

test('who is new gets what is accepted from then on, and who goes holds nobody up', async () => {
  const world = new World({ subscriptions: ['old'] });
  const before = world.publish('a').number;
  world.route.apply(aSnapshot({ subscriptions: ['new', 'old'] }));
  const { subscriptions } = world.thread.last('configure');
  assert.equal(subscriptions.find(({ subscription }) => subscription.name === 'new')?.doneUpTo, 1);
  assert.deepEqual(payloads(world.thread), ['a'], 'what was accepted before is told before');
  world.route.apply(aSnapshot({ subscriptions: ['new'] }));
  assert.deepEqual([...world.store.cursors.keys()], ['new']);
  assert.deepEqual([world.outbox, before], [[], 1]);
  world.route.apply(aSnapshot({ subscriptions: [] }));
  assert.equal(world.thread.told.at(-1)?.type, 'close');
  await turn();
});

test('an unchanged declaration is not told again', () => {
  const world = new World();
  const told = world.thread.told.length;
  world.route.apply(aSnapshot());
  assert.equal(world.thread.told.length, told);
});

test('what the thread needs again is read from the outbox', async () => {
  const world = new World();
  const numbers = ['a', 'b', 'c'].map((payload) => world.publish(payload).number);
  world.thread.say({ type: 'read', name: 'one', after: numbers[0]! });
  assert.deepEqual(payloads(world.thread), ['a', 'b', 'c'], 'nothing older follows the answer');
  while (world.store.step());
  await turn();
  const { after, bytes, upTo } = world.thread.last('page');
  assert.deepEqual([after, upTo], [numbers[0], numbers[2]]);
  const read = [...unpackMessages(bytes)].map(({ payload }) => payload.toString());
  assert.deepEqual(read, ['b', 'c']);
});

test('a thread that is busy is told no more, and then what it has to read', async () => {
  const world = new World();
  world.thread.takes = false;
  const large = Buffer.alloc(2000000);
  for (let index = 0; index < 5; index++) world.publish(large);
  const lost = world.publish('lost', 0);
  await turn();
  assert.equal(world.thread.messages.length, 4);
  assert.equal(world.metrics.messagesRouteDropped, 1);
  assert.equal(world.outbox.length, 5);
  const { bytes } = world.thread.last('messages');
  world.thread.takes = true;
  world.thread.say({ type: 'taken', bytes: bytes.length });
  const { skippedUpTo } = world.thread.last('messages');
  assert.equal(skippedUpTo, world.store.lastMessageNumber);
  world.publish('next', 0);
  await turn();
  assert.deepEqual(payloads(world.thread).slice(4), ['next']);
  assert.equal(lost.number, 0);
});

test('at its bound the outbox gives up the oldest, and says so once', async () => {
  const world = new World({ limits: { eventOutboxMessages: 3 } });
  for (const payload of ['a', 'b', 'c', 'd', 'e']) world.publish(payload);
  assert.deepEqual(world.outbox, ['c', 'd', 'e']);
  assert.equal(world.thread.last('giveUp').upTo, 2);
  assert.equal(world.metrics.messagesRouteGivenUp, 2);
  const said = world.logs.filter((line) => /EventTopic topic is at its bound of 3/.test(line));
  assert.equal(said.length, 1);
  await turn();
  world.thread.progress('one', world.store.lastMessageNumber);
  assert.match(world.logs.at(-1)!, /half empty again/);
});

test('what it gave up is counted by the next broker where the last one could not', async () => {
  const world = new World({ limits: { eventOutboxMessages: 3 } });
  const numbers = ['a', 'b', 'c', 'd', 'e'].map((payload) => world.publish(payload).number);
  world.start({ limits: { eventOutboxMessages: 3 } });
  let [one] = world.thread.last('configure').subscriptions;
  assert.deepEqual([one?.doneUpTo, one?.counts.dropped], [numbers[1], 2]);
  // What the thread took before is on its way, and lost when the thread ends.
  const counts = { matched: 5, delivered: 0, failed: 0, deadLettered: 0, dropped: 0 };
  const standing = { name: 'one', ...counts, pending: 5 };
  for (const payload of ['f', 'g', 'h', 'i']) world.publish(payload);
  const subscriptions = [{ doneUpTo: numbers[1]!, standing }];
  const { upTo: givenUpTo } = world.thread.last('giveUp');
  world.thread.say({ type: 'progress', givenUpTo: 0, subscriptions });
  assert.equal(world.store.cursors.get('one')?.dropped, 1, 'it did not know of it');
  world.thread.say({ type: 'progress', givenUpTo, subscriptions });
  assert.equal(world.store.cursors.get('one')?.dropped, 5, 'any that is pending may be one');
  world.thread.crash();
  await world.clock.advance(1000);
  [one] = world.thread.last('configure').subscriptions;
  assert.deepEqual([one?.doneUpTo, one?.counts.dropped], [givenUpTo, 5]);
  world.thread.progress('one', world.store.lastMessageNumber);
  assert.equal(world.store.cursors.get('one')?.dropped, 0);
  await world.route.close();
});

test('a thread that hangs holds up nobody who closes', async () => {
  const world = new World();
  world.publish('a');
  await turn();
  world.thread.closes = false;
  const startedMs = performance.now();
  await world.route.close();
  assert.ok(performance.now() - startedMs < 2000);
  assert.equal(world.thread.isTerminated, true);
  assert.deepEqual(world.outbox, ['a']);
});

test('its bytes are bounded as well, and one message is always taken', () => {
  const world = new World({ limits: { eventOutboxBytes: 65536 } });
  world.publish(Buffer.alloc(40000, 'a'));
  world.publish(Buffer.alloc(40000, 'b'));
  assert.deepEqual(
    world.outbox.map((payload) => payload[0]),
    ['b'],
  );
  world.publish(Buffer.alloc(100000, 'c'));
  assert.deepEqual(
    world.outbox.map((payload) => payload[0]),
    ['c'],
  );
});

test('or it refuses what comes, until there is room', () => {
  const outboxOverflow = 'RejectPublish';
  const world = new World({ limits: { eventOutboxMessages: 2 }, outboxOverflow });
  const first = world.publish('a').number;
  world.publish('b');
  assert.match(world.route.refusal(1) ?? '', /EventTopic topic is at its bound of 2 messages/);
  world.publish('c', 0);
  assert.equal(world.metrics.messagesRouteDropped, 1);
  assert.deepEqual([world.outbox, world.metrics.exceededEventOutbox], [['a', 'b'], 1]);
  world.thread.progress('one', first);
  assert.equal(world.route.refusal(1), undefined);
});

test('a thread that fails is started again, later each time, and knows what waits', async () => {
  const world = new World();
  const number = world.publish('a').number;
  await turn();
  world.thread.crash();
  world.publish('b');
  world.publish('lost', 0);
  assert.equal(world.threads.length, 1);
  await world.clock.advance(1000);
  assert.equal(world.threads.length, 2);
  const { acceptedUpTo, subscriptions } = world.thread.last('configure');
  assert.equal(acceptedUpTo, world.store.lastMessageNumber);
  assert.ok(subscriptions[0]!.doneUpTo < number);
  assert.deepEqual(world.outbox, ['a', 'b']);
  assert.equal(world.metrics.messagesRouteDropped, 1);
  world.thread.crash();
  await world.clock.advance(1000);
  assert.equal(world.threads.length, 2);
  await world.clock.advance(1000);
  assert.equal(world.threads.length, 3);
  await world.route.close();
});

test('without a store, events are delivered from memory alone', async () => {
  const world = new World({}, false);
  world.publish('a');
  world.publish('b', 0);
  await turn();
  assert.deepEqual(
    world.thread.messages.map(({ number }) => number),
    [1, 2],
  );
  world.thread.say({ type: 'read', name: 'one', after: 0 });
  await turn();
  assert.deepEqual(
    [world.thread.last('page').bytes.length, world.thread.last('page').upTo],
    [0, 2],
  );
});
