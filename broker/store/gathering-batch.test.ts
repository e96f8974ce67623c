import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { Message } from '../packets/message.ts';
import { Change } from './batch.ts';
import { SessionDatabase } from './database.ts';
import { GatheringBatch, Urgency } from './gathering-batch.ts';
import { prepareDatabase } from './schema.ts';
import { NO_BATCH, OUTBOX_SESSION, UNKNOWN_BATCH } from './session-store.ts';

function openInMemory(): SessionDatabase {
  const file = new DatabaseSync(':memory:');
  prepareDatabase(file);
  return new SessionDatabase(file);
}

interface Sketch {
  /** Sessions whose clients have it. */
  readonly takers?: readonly number[];
  /** Sessions whose clients are away. */
  readonly others?: readonly number[];
  readonly topic?: string;
}

/** A batch with the database that it goes to, and what was promised of it. */
class World {
  readonly batch = new GatheringBatch();
  readonly database = openInMemory();
  readonly messages: Message[] = [];
  readonly settled: number[] = [];
  /** Numbers of messages that wait for each session, if all goes well. */
  readonly waiting = new Map<number, Set<number>>(
    [1, 2, 3, 4, OUTBOX_SESSION].map((id) => [id, new Set()]),
  );
  committed = NO_BATCH;
  readonly #sent: Uint8Array<ArrayBuffer>[] = [];

  append({ takers = [], others = [], topic = 'kept' }: Sketch): Message {
    const number = this.messages.length + 1;
    const message = Message.of({
      number,
      topic: Buffer.from(topic),
      qos: 1,
      payload: Buffer.from(String(number)),
      properties: Buffer.alloc(0),
      messageExpiryStart: -1,
      receivedAtMs: 1700000000000,
    });
    this.messages.push(message);
    for (const owner of [...takers, ...others]) {
      // A session that is gone takes nothing.
      if (this.waiting.get(owner)?.add(number) !== undefined) message.owners.push(owner);
    }
    message.takers = takers.filter((taker) => this.waiting.has(taker)).length;
    if (message.owners.length === 0) return message;
    this.batch.append(message);
    message.awaitedBy = { settled: () => this.settled.push(number) };
    return message;
  }

  acknowledge(session: number, number: number): void {
    this.waiting.get(session)?.delete(number);
    this.batch.acknowledge(session, number);
  }

  endSession(session: number): void {
    this.waiting.delete(session);
    this.batch.changeQueue(Change.DeleteSession).number(session);
  }

  withdrawAllBut(filter: string, session: number): void {
    const waiting = this.waiting.get(session);
    for (const number of waiting ?? []) {
      if (this.messages[number - 1]!.topic !== filter) waiting!.delete(number);
    }
    this.batch.changeQueue(Change.Withdraw).number(session).number(0).number(1).text(filter);
  }

  leave(): void {
    const bytes = this.batch.finish();
    if (bytes !== undefined) this.#sent.push(bytes);
  }

  /** False: no batch was with the database. */
  commit(): boolean {
    const bytes = this.#sent.shift();
    if (bytes === undefined) return false;
    this.database.commit(bytes);
    this.committed++;
    return true;
  }

  commitAll(): void {
    this.batch.writeHeld();
    this.leave();
    while (this.commit());
  }

  stored(session: number): number[] {
    return this.database.read(session, 0).rows.map(({ number }) => number);
  }

  /** What PUBACK says of a message holds, should the process be killed now. */
  checkPromises(): void {
    for (const [session, waiting] of this.waiting) {
      const stored = new Set(this.stored(session));
      for (const number of waiting) {
        const { batch } = this.messages[number - 1]!;
        if (batch <= this.committed) assert.ok(stored.has(number), `${number} for ${session}`);
      }
    }
  }
}

type Step = (world: World) => void;

const session = fc.integer({ min: 1, max: 3 });

function appends(
  takers: fc.Arbitrary<number[]>,
  others: fc.Arbitrary<number[]>,
): fc.Arbitrary<Step> {
  const topic = fc.constantFrom('kept', 'gone');
  return fc.record({ takers, others, topic }).map((sketch): Step => {
    return (world) => void world.append(sketch);
  });
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: appends(fc.uniqueArray(session, { maxLength: 2 }), fc.constant([])) },
  {
    weight: 2,
    arbitrary: appends(
      fc.uniqueArray(session, { maxLength: 1 }),
      fc.uniqueArray(fc.constantFrom(OUTBOX_SESSION, 4), { maxLength: 2 }),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(session, fc.nat(3)).map(([id, age]): Step => {
      return (world) => world.acknowledge(id, Math.max(1, world.messages.length - age));
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>((world) => world.batch.age()) },
  { weight: 3, arbitrary: fc.constant<Step>((world) => world.leave()) },
  { weight: 3, arbitrary: fc.constant<Step>((world) => void world.commit()) },
  {
    weight: 1,
    arbitrary: session.map(
      (id): Step =>
        (world) =>
          world.endSession(id),
    ),
  },
  {
    weight: 1,
    arbitrary: session.map(
      (id): Step =>
        (world) =>
          world.withdrawAllBut('kept', id),
    ),
  },
);

test('whenever the process is killed, what was answered is stored or was acknowledged', () => {
  const seen = { settled: 0, stored: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const world = new World();
      for (const take of steps) {
        take(world);
        world.checkPromises();
      }
      const batches = world.messages
        .map(({ batch }) => (batch < world.batch.number ? batch : UNKNOWN_BATCH))
        .filter((batch) => batch > NO_BATCH);
      const inOrder = batches.toSorted((left, right) => left - right);
      assert.deepEqual(batches, inOrder, 'no message is stored before one that came earlier');
      assert.equal(new Set(world.settled).size, world.settled.length, 'each is told once');
      seen.settled += world.settled.length;
      world.commitAll();
      for (const [id, waiting] of world.waiting) {
        assert.deepEqual(world.stored(id), [...waiting], `what waits for ${id}`);
        seen.stored += waiting.size;
      }
      assert.equal(world.batch.bytes, 0);
      world.database.close();
    }),
    { numRuns: 300 },
  );
  assert.ok(seen.settled > 100 && seen.stored > 100, JSON.stringify(seen));
});

test('a message that all acknowledge while it is held leaves nothing to be written', () => {
  const world = new World();
  const message = world.append({ takers: [1, 2] });
  assert.equal(message.batch, UNKNOWN_BATCH);
  world.acknowledge(2, 1);
  assert.deepEqual(world.settled, []);
  world.acknowledge(1, 1);
  assert.deepEqual(world.settled, [1]);
  assert.equal(message.batch, NO_BATCH);
  assert.equal(world.batch.bytes, 0);
  assert.equal(world.batch.finish(), undefined);
});

test('a message is held for one to two periods, and nobody is in a hurry meanwhile', () => {
  const world = new World();
  const first = world.append({ takers: [1] });
  assert.equal(world.batch.urgency, Urgency.Low);
  world.batch.age();
  const second = world.append({ takers: [1] });
  assert.equal(world.batch.finish(), undefined);
  world.batch.age();
  assert.deepEqual([first.batch, second.batch], [1, UNKNOWN_BATCH]);
  assert.notEqual(world.batch.finish(), undefined);
  assert.equal(world.batch.urgency, Urgency.Low);
});

test('a message for a client that is away is written at once, and all before it with it', () => {
  const world = new World();
  const held = world.append({ takers: [1] });
  const urgent = world.append({ takers: [2], others: [3] });
  assert.equal(world.batch.urgency, Urgency.High);
  world.leave();
  assert.deepEqual([held.batch, urgent.batch], [1, 1]);
  assert.equal(world.batch.holds, false);
});

test('changes of sessions leave without what is held', () => {
  const world = new World();
  const message = world.append({ takers: [1] });
  world.batch.change(Change.DeleteSubscription).number(1).text('a/b');
  assert.equal(world.batch.urgency, Urgency.High);
  assert.notEqual(world.batch.finish(), undefined);
  assert.equal(message.batch, UNKNOWN_BATCH);
  world.acknowledge(1, 1);
  assert.deepEqual(world.settled, [1]);
});

test('what is held is bounded', () => {
  const world = new World();
  let most = 0;
  for (let count = 0; count < 20000; count++) {
    const before = world.batch.holds;
    world.append({ takers: [1] });
    if (before && !world.batch.holds) most = Math.max(most, count);
    if (most > 0) break;
  }
  assert.ok(most > 5000 && most < 10000, `${most} messages`);
});
