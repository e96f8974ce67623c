import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { limitsOf } from '../../domain/limits.ts';
import { splitLevels } from '../../domain/topic-filter.ts';
import { ManualStore } from '../../test/support/manual-store.ts';
import { newMetrics } from '../metrics.ts';
import { Message } from '../packets/message.ts';
import type { Receiver } from './session.ts';
import { Session } from './session.ts';
import { StoredQueue } from './stored-queue.ts';

interface Sent {
  readonly name: string;
  readonly identifier: number;
  readonly duplicate: boolean;
}

class TestReceiver implements Receiver {
  receiveMaximum: number;
  writable = true;
  readonly sent: Sent[] = [];

  constructor(receiveMaximum: number) {
    this.receiveMaximum = receiveMaximum;
  }

  fits(): boolean {
    return true;
  }

  admits(): boolean {
    return true;
  }

  sendAtMostOnce(): void {
    assert.fail('nothing is of QoS 0');
  }

  sendAtLeastOnce(message: Message, identifier: number, duplicate: boolean): void {
    this.sent.push({ name: nameOf(message), identifier, duplicate });
  }
}

function nameOf({ topic, parts }: Message): string {
  return `${topic} ${parts.payload.toString()}`;
}

const IN_FLIGHT = 4;

/** One stored session and what a client, a publisher and the declarations do to it. */
class World {
  readonly store = new ManualStore();
  readonly session: Session;
  readonly overflows: Session[] = [];
  readonly window: number;
  receiver: TestReceiver | undefined;
  /** Published and neither acknowledged nor withdrawn, oldest first. */
  readonly owed = new Set<string>();
  readonly #seen = new Set<string>();
  /** What this client may still acknowledge, in the order in which it was sent. */
  #unacknowledged: Sent[] = [];
  #published = 0;
  #lastSeen = -1;
  #mustDrain = false;

  constructor(window: number) {
    this.window = window;
    const id = this.store.newSessionId();
    this.store.putSession(id);
    this.session = new Session(
      'client',
      {
        limits: limitsOf({ inFlightMessages: IN_FLIGHT }),
        metrics: newMetrics(),
        clock: { nowMs: () => 0, every: () => () => undefined },
        store: this.store,
        overflowed: (session) => void this.overflows.push(session),
      },
      new StoredQueue(id, this.store),
    );
    this.store.listen({
      committed: () => undefined,
      withdrawn: ({ messages, bytes }) => this.session.withdrawn(messages, bytes),
    });
    for (const filter of ['a', 'b']) this.#subscribe(filter);
  }

  publish(topic: string): void {
    if (this.session.subscriptions.get(topic)?.permitted !== true) return;
    const message = Message.of({
      number: this.store.newMessageNumber(),
      topic: Buffer.from(topic),
      qos: 1,
      payload: Buffer.from(String(this.#published++)),
      properties: Buffer.alloc(0),
      messageExpiryStart: -1,
      receivedAtMs: 0,
    });
    this.owed.add(nameOf(message));
    this.session.deliver(message, 1);
    this.store.append(message);
    this.look();
  }

  connect(writable = true): void {
    this.disconnect();
    this.receiver = new TestReceiver(this.window);
    this.receiver.writable = writable;
    this.#mustDrain = !writable;
    this.session.attach(this.receiver, true);
    this.look();
  }

  disconnect(): void {
    if (this.receiver !== undefined) this.session.detach(Infinity);
    this.receiver = undefined;
    // What was withdrawn is not sent again, so the client knows no identifier to acknowledge.
    this.#unacknowledged = this.#unacknowledged.filter(({ name }) => this.owed.has(name));
  }

  /** The one that the client got first and did not acknowledge, maybe on an earlier connection. */
  acknowledge(): void {
    const sent = this.#unacknowledged[0];
    if (sent === undefined || this.receiver === undefined) return;
    this.#unacknowledged = this.#unacknowledged.filter(({ name }) => name !== sent.name);
    this.owed.delete(sent.name);
    this.session.acknowledge(sent.identifier);
    this.look();
  }

  /** Becoming writable is told later, when all was written. */
  stall(): void {
    if (this.receiver === undefined) return;
    this.receiver.writable = !this.receiver.writable;
    this.#mustDrain = true;
  }

  drained(): void {
    if (this.receiver?.writable === true) this.#mustDrain = false;
    this.session.pump();
    this.look();
  }

  async step(): Promise<boolean> {
    const stepped = this.store.step();
    await setImmediate();
    this.look();
    return stepped;
  }

  /** The permission for one of the topics goes or comes. */
  judge(): void {
    const subscription = this.session.subscriptions.get('b')!;
    subscription.permitted = !subscription.permitted;
    if (!subscription.permitted) {
      for (const name of this.owed) if (name.startsWith('b')) this.owed.delete(name);
      this.session.withdraw(({ topic }) => topic !== 'b');
    }
    this.look();
  }

  /** The client comes back, unless it is there, and takes everything. */
  async drain(): Promise<void> {
    if (this.receiver === undefined) this.connect();
    this.receiver!.writable = true;
    if (this.#mustDrain) this.drained();
    for (let idle = 0; idle < 3;) {
      const waiting = this.#unacknowledged.length;
      this.acknowledge();
      const stepped = await this.step();
      idle = stepped || waiting > 0 ? 0 : idle + 1;
    }
  }

  /** What was sent since is what may be sent. */
  look(): void {
    for (const sent of this.receiver?.sent.splice(0) ?? []) {
      const { name, duplicate } = sent;
      assert.ok(this.owed.has(name), `${name} was acknowledged or withdrawn`);
      assert.equal(duplicate, this.#seen.has(name), `DUP of ${name}`);
      const number = Number(name.split(' ')[1]);
      if (!duplicate) assert.ok(number > this.#lastSeen, `${name} after ${this.#lastSeen}`);
      this.#lastSeen = Math.max(this.#lastSeen, number);
      this.#seen.add(name);
      this.#unacknowledged = this.#unacknowledged.filter((other) => other.name !== name);
      this.#unacknowledged.push(sent);
    }
  }

  #subscribe(filter: string): void {
    const { session } = this;
    const levels = splitLevels(filter);
    session.subscribe({
      session,
      filter,
      levels,
      qos: 1,
      noLocal: false,
      permitted: true,
      lowFanout: false,
    });
  }
}

const STEPS = {
  publishA: (world: World) => world.publish('a'),
  publishB: (world: World) => world.publish('b'),
  connect: (world: World) => world.connect(),
  connectWithoutReading: (world: World) => world.connect(false),
  disconnect: (world: World) => world.disconnect(),
  acknowledge: (world: World) => world.acknowledge(),
  stall: (world: World) => world.stall(),
  drained: (world: World) => world.drained(),
  step: (world: World) => world.step(),
  judge: (world: World) => world.judge(),
} as const;
type Step = keyof typeof STEPS;

const often: Step[] = ['publishA', 'publishA', 'publishB', 'step', 'step', 'acknowledge'];
const anyStep = fc.constantFrom<Step>(...often, ...(Object.keys(STEPS) as Step[]));

test('all that is owed arrives, once acknowledged never again, whatever the store is slow to say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 120 }),
      fc.integer({ min: 1, max: IN_FLIGHT }),
      async (steps, window) => {
        const world = new World(window);
        for (const step of steps) await STEPS[step](world);
        await world.drain();
        assert.deepEqual([...world.owed], []);
        assert.deepEqual(world.overflows, []);
        assert.equal(world.session.queuedMessages, 0);
        assert.deepEqual([...world.store.waiting.values()], [[]]);
      },
    ),
    { numRuns: 400 },
  );
});
