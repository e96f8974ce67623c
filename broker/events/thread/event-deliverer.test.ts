import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import { ManualClock, settle } from '../../../test/support/manual-clock.ts';
import {
  DELIVERED,
  NOT_THIS_ONE,
  REJECTED,
  ScriptedDestination,
  UNREACHABLE,
} from '../../../test/support/scripted-destination.ts';
import type { Outcome } from '../destinations/destination.ts';
import type { RoutedMessage } from '../routed-message.ts';
import type { FromEvents, SubscriptionProgress } from '../thread-messages.ts';
import { EventDeliverer } from './event-deliverer.ts';
import { MEMORY_BOUNDS, type MemoryBounds } from './memory.ts';
import type { RoutableEvent } from './tail.ts';

interface TestEvent extends RoutableEvent {
  readonly number: number;
}

const NONE = { matched: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0 };
const DAY_MS = 86_400_000;

function declared(name: string, path = name, deadLetter?: string): SnapshotEventSubscription {
  return {
    name,
    // The test's own filter takes it for what the number of a message must be divisible by.
    filter: { subjectBeginsWith: name === 'even' ? '2' : '1' },
    destination: { file: { path } },
    maxDeliveryAttempts: 1_000_000,
    eventTimeToLiveMs: 1000 * DAY_MS,
    ...(deadLetter !== undefined && { deadLetter: { file: { path: deadLetter } } }),
  };
}

/** A broker's part: it numbers messages, keeps those of QoS 1, answers reads, keeps cursors. */
class Stage {
  readonly clock = new ManualClock();
  /** By the path that is declared for them. */
  readonly destinations = new Map<string, ScriptedDestination>();
  /** What was delivered anywhere, in order. */
  readonly deliveries: { readonly path: string; readonly id: string }[] = [];
  readonly outbox: RoutedMessage[] = [];
  readonly progress = new Map<string, SubscriptionProgress>();
  readonly logs: string[] = [];
  readonly pagesMax: number;
  accepted = 0;
  subscriptions: SnapshotEventSubscription[] = [];
  #bounds: MemoryBounds;
  #reads: (FromEvents & { type: 'read' })[] = [];
  #life = 0;
  #deliverer: EventDeliverer<TestEvent>;

  constructor(bounds: Partial<MemoryBounds> = {}, pagesMax = 3) {
    this.#bounds = { ...MEMORY_BOUNDS, ...bounds };
    this.pagesMax = pagesMax;
    this.#deliverer = this.#newDeliverer();
  }

  destination(path: string): ScriptedDestination {
    const known = this.destinations.get(path);
    if (known !== undefined) return known;
    const made = new ScriptedDestination({ events: 2 }, (ids) => {
      this.deliveries.push(...ids.map((id) => ({ path, id })));
    });
    this.destinations.set(path, made);
    return made;
  }

  configure(subscriptions = this.subscriptions): void {
    this.subscriptions = subscriptions;
    const configured = subscriptions.map((subscription) => {
      const known = this.progress.get(subscription.name);
      const doneUpTo = known?.doneUpTo ?? this.accepted;
      return { subscription, doneUpTo, counts: known?.standing ?? NONE };
    });
    for (const { subscription, doneUpTo, counts } of configured) {
      const standing = { name: subscription.name, pending: 0, ...counts };
      this.progress.set(subscription.name, { doneUpTo, standing });
    }
    this.#deliverer.configure({
      type: 'configure',
      source: 'grid',
      subscriptions: configured,
      acceptedUpTo: this.accepted,
    });
  }

  publish(topic: string, qos: 0 | 1 = 1): number {
    const number = ++this.accepted;
    const message = {
      number,
      qos,
      topic,
      payload: Buffer.alloc(0),
      properties: Buffer.alloc(0),
      receivedAtMs: this.clock.nowMs(),
    };
    if (qos === 1) this.outbox.push(message);
    this.#deliverer.take([message], 0);
    return number;
  }

  /** As after kill -9: what was not told is not known. */
  async restart(): Promise<void> {
    const before = this.#deliverer;
    this.#life++;
    this.#reads = [];
    await before.close();
    this.#deliverer = this.#newDeliverer();
    this.configure();
  }

  close(): Promise<void> {
    return this.#deliverer.close();
  }

  giveUp(upTo: number): void {
    const messages = this.outbox.filter(({ number }) => number <= upTo).length;
    this.outbox.splice(0, messages);
    this.#deliverer.giveUp({ upTo, messages });
  }

  answerRead(): void {
    const read = this.#reads.shift();
    if (read === undefined) return;
    const rest = this.outbox.filter(({ number }) => number > read.after);
    const page = rest.slice(0, this.pagesMax);
    const upTo = rest.length > page.length ? page.at(-1)!.number : this.accepted;
    this.#deliverer.takePage(page, { name: read.name, after: read.after, upTo });
  }

  /** Until nothing more happens by itself. */
  async drain(): Promise<void> {
    for (const destination of this.destinations.values()) {
      destination.script = () => DELIVERED;
      for (const call of [...destination.open]) call.answer(DELIVERED);
    }
    for (let quiet = 0; quiet < 13; quiet++) {
      await this.clock.advance(quiet < 10 ? 250 : 61_000);
      if (this.#reads.length === 0) continue;
      this.answerRead();
      quiet = 0;
    }
  }

  #newDeliverer(): EventDeliverer<TestEvent> {
    const life = this.#life;
    return new EventDeliverer<TestEvent>({
      clock: this.clock,
      random: () => 1,
      bounds: this.#bounds,
      toEvent: ({ number, topic }) => ({
        id: `${topic}${number}`,
        subject: topic,
        topic,
        number,
        json: () => Buffer.from(JSON.stringify({ id: `${topic}${number}` })),
      }),
      compileFilter: (filter) => (event) => {
        if (event.topic === 'bug') throw new Error('a bug');
        return event.number % Number(filter.subjectBeginsWith) === 0;
      },
      openDestination: ({ file }) => this.destination(file!.path),
      tell: (message) => {
        if (life !== this.#life) return;
        if (message.type === 'read') this.#reads.push(message);
        else if (message.type === 'log') this.logs.push(message.message);
        else if (message.type !== 'progress') return;
        else for (const one of message.subscriptions) this.progress.set(one.standing.name, one);
      },
    });
  }
}

suite('the events of a MqttNamespace', () => {
  test('go to each subscription that they match, which is told at once', async () => {
    const stage = new Stage();
    stage.configure([declared('all'), declared('even')]);
    for (const topic of ['a', 'b', 'a', 'b']) stage.publish(topic);
    await stage.drain();
    assert.deepEqual(stage.destination('all').delivered, ['a1', 'b2', 'a3', 'b4']);
    assert.deepEqual(stage.destination('even').delivered, ['b2', 'b4']);
    assert.deepEqual(stage.progress.get('even'), {
      doneUpTo: 4,
      standing: { name: 'even', pending: 0, ...NONE, matched: 2, delivered: 2 },
    });
    await stage.close();
    assert.equal(stage.clock.pending, 0);
  });

  test('are not held up by a destination that takes nothing', async () => {
    const stage = new Stage({ tailMessages: 10, windowEvents: 4 });
    stage.configure([declared('all'), declared('even')]);
    stage.destination('even').script = () => UNREACHABLE;
    for (let index = 0; index < 100; index++) {
      stage.publish('a');
      await settle();
    }
    await stage.clock.advance(60_000);
    assert.equal(stage.destination('all').delivered.length, 100);
    const even = stage.progress.get('even')!;
    assert.deepEqual([even.doneUpTo, even.standing.pending], [1, 4]);
    assert.equal(even.standing.fault?.reason, 'DestinationUnreachable');
    await stage.drain();
    assert.equal(stage.destination('even').delivered.length, 50);
    assert.equal(stage.progress.get('even')!.standing.fault, undefined);
    assert.deepEqual(stage.logs, [
      'events wait: nobody answers',
      'the destination takes events again',
    ]);
  });

  test('go to the dead letter with the reason, and there with patience', async () => {
    const stage = new Stage();
    stage.configure([declared('all', 'all', 'letters')]);
    stage.destination('all').script = ([event]) => (event!.id === 'a1' ? REJECTED : DELIVERED);
    const letters = stage.destination('letters');
    const jsons: string[] = [];
    letters.script = () => UNREACHABLE;
    stage.publish('a');
    await settle();
    stage.publish('a');
    await stage.clock.advance(10_000);
    assert.match(stage.progress.get('all')!.standing.fault!.message, /^the dead letter: nobody/);
    letters.script = (events) => {
      jsons.push(...events.map(({ json }) => json.toString()));
      return DELIVERED;
    };
    await stage.clock.advance(60_000);
    assert.deepEqual(JSON.parse(jsons[0]!), {
      id: 'a1',
      deadletterreason: 'Rejected',
      deliveryattempts: 1,
      eventsubscription: 'all',
      lastdeliveryoutcome: 'it answered 400',
      lastdeliveryattempt: '2026-01-01T00:00:00.000Z',
    });
    const { deadLettered, delivered, pending } = stage.progress.get('all')!.standing;
    assert.deepEqual([deadLettered, delivered, pending], [1, 1, 0]);
  });

  test('are dropped and told where there is no dead letter', async () => {
    const stage = new Stage();
    stage.configure([declared('all')]);
    stage.destination('all').script = () => REJECTED;
    for (let index = 0; index < 5; index++) stage.publish('a');
    await stage.clock.advance(20_000);
    assert.equal(stage.progress.get('all')!.standing.dropped, 5);
    assert.deepEqual(stage.logs, [
      'an event was given up (Rejected): it is dropped',
      '4 more events were given up',
    ]);
  });

  test('of which one cannot be made do not stop the others', async () => {
    const stage = new Stage();
    stage.configure([declared('all')]);
    for (const topic of ['a', 'bug', 'a']) stage.publish(topic);
    await stage.drain();
    assert.deepEqual(stage.destination('all').delivered, ['a1', 'a3']);
    assert.equal(stage.progress.get('all')!.standing.dropped, 1);
    assert.match(stage.logs[0]!, /no event could be made of a message: it is dropped/);
  });

  test('are given up where the outbox says so, and counted', async () => {
    const stage = new Stage({ tailMessages: 5, windowEvents: 2 });
    stage.configure([declared('all')]);
    stage.destination('all').script = () => UNREACHABLE;
    for (let index = 0; index < 20; index++) {
      stage.publish('a');
      await settle();
    }
    stage.giveUp(15);
    await stage.drain();
    assert.deepEqual(
      stage.destination('all').delivered,
      [1, 2, 16, 17, 18, 19, 20].map((number) => `a${number}`),
    );
    assert.equal(stage.progress.get('all')!.standing.dropped, 13);
  });

  test('that are given up are counted where a declaration changes, and none that never were', async () => {
    const stage = new Stage({ windowEvents: 2 });
    stage.configure([declared('all')]);
    stage.destination('all').script = () => UNREACHABLE;
    for (const qos of [1, 1, 0, 1] as const) stage.publish('a', qos);
    await settle();
    // As after a restart: many numbers were never given.
    stage.accepted += 1000;
    stage.publish('a');
    await settle();
    stage.giveUp(stage.accepted - 1);
    stage.configure([declared('all', 'other')]);
    await stage.drain();
    const { dropped, delivered } = stage.progress.get('all')!.standing;
    assert.deepEqual(stage.destination('other').delivered, ['a1005']);
    assert.equal(delivered, 1);
    // 1 and 2 were on their way, 3 was in memory alone, 4 waited; 1 and 2 may have been of those
    // that waited, too.
    assert.ok(dropped >= 4 && dropped <= 6, `${dropped}`);
  });

  test('of QoS 0 that nobody has room for are lost, and counted if they match', async () => {
    const stage = new Stage({ tailMessages: 5, windowEvents: 2 });
    stage.configure([declared('all'), declared('even')]);
    stage.destination('even').script = () => UNREACHABLE;
    for (let index = 0; index < 20; index++) {
      stage.publish('a', 0);
      await settle();
    }
    await stage.drain();
    const { matched, delivered, dropped } = stage.progress.get('even')!.standing;
    assert.equal(matched, 10);
    assert.equal(delivered + dropped, 10);
    assert.ok(dropped >= 5);
    assert.equal(stage.progress.get('all')!.standing.dropped, 0);
  });
});

type Step =
  | { readonly do: 'publish'; readonly topic: string; readonly qos: 0 | 1 }
  | { readonly do: 'settle' | 'read' | 'restart' | 'move' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'answer'; readonly path: string; readonly outcome: Outcome }
  | { readonly do: 'script'; readonly path: string; readonly outcome: Outcome | undefined };

const path = fc.constantFrom('all', 'even', 'moved');
const outcome = fc.constantFrom(DELIVERED, DELIVERED, UNREACHABLE, NOT_THIS_ONE);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topic: fc.constantFrom('a', 'a', 'b'),
      qos: fc.constantFrom(1, 1, 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('settle', 'read') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'move') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.nat(5000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), path, outcome }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('script' as const),
      path,
      outcome: fc.option(outcome, { nil: undefined }),
    }),
  },
);

async function run(stage: Stage, one: Step): Promise<void> {
  switch (one.do) {
    case 'publish':
      stage.publish(one.topic, one.qos);
      break;
    case 'settle':
      return settle();
    case 'read':
      return stage.answerRead();
    case 'restart':
      return stage.restart();
    case 'move':
      return stage.configure([declared('all', 'moved'), declared('even')]);
    case 'advance':
      return stage.clock.advance(one.ms);
    case 'answer':
      stage.destination(one.path).open[0]?.answer(one.outcome);
      break;
    case 'script':
      stage.destination(one.path).script = () => one.outcome;
  }
}

/** Without repetitions, which a restart may bring. */
function firstsOf(ids: readonly string[], topic: string): number[] {
  const numbers = ids.filter((id) => id[0] === topic).map((id) => Number(id.slice(1)));
  return numbers.filter((number, index) => numbers.indexOf(number) === index);
}

test('whatever happens, every QoS 1 message arrives, and each topic keeps its order', async () => {
  const bounds = { tailMessages: 4, windowEvents: 4 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
      async (steps) => {
        const stage = new Stage(bounds, 2);
        stage.configure([declared('all'), declared('even')]);
        for (const one of steps) await run(stage, one);
        await stage.drain();
        await stage.close();
        for (const [name, paths] of [
          ['all', ['all', 'moved']],
          ['even', ['even']],
        ] as const) {
          // Of a subscription that moved, one destination alone may see a repetition first.
          const delivered = stage.deliveries
            .filter(({ path }) => (paths as readonly string[]).includes(path))
            .map(({ id }) => id);
          const wanted = stage.outbox.filter(({ number }) => name === 'all' || number % 2 === 0);
          for (const { number, topic } of wanted) {
            const id = `${topic}${number}`;
            assert.ok(delivered.includes(id), `${id} of ${name} is missing`);
          }
          for (const topic of ['a', 'b']) {
            const numbers = firstsOf(delivered, topic);
            assert.deepEqual(
              numbers,
              numbers.toSorted((left, right) => left - right),
            );
          }
          assert.equal(stage.progress.get(name)!.doneUpTo, stage.accepted);
          assert.equal(stage.progress.get(name)!.standing.pending, 0);
        }
      },
    ),
    { numRuns: 80 },
  );
});
