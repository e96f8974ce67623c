/** Operators and brokers in whatever order things happen to them: what must never be, never is. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import type { SnapshotVersion, StampedSnapshot } from '../control/messages.ts';
import { compareVersions, versionText } from '../control/messages.ts';
import { hashOf } from '../control/snapshot-hash.ts';
import { brokerLink, operatorLink } from '../control/stream.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { Publications } from '../operator/control-server/publications.ts';
import { Follower } from '../pod/follower.ts';
import { anySnapshot } from './support/any-snapshot.ts';
import { ManualClock } from './support/manual-clock.ts';

const KEY = 'default/plant';
const UID = 'uid-1';
const logger = pino({ level: 'silent' });
const clock = new ManualClock();

/** A version has one content, whoever publishes it, as long as no Lease is made anew. */
class Ledger {
  readonly #contents = new Map<string, string>();
  #forgotten = false;

  /** Two may count the same from here on. */
  forget(): void {
    this.#forgotten = true;
  }

  note({ version, snapshot }: { version: SnapshotVersion; snapshot: Snapshot }): void {
    if (this.#forgotten) return;
    const text = versionText(version);
    const hash = hashOf(snapshot);
    assert.equal(this.#contents.get(text) ?? hash, hash, `${text} is two contents`);
    this.#contents.set(text, hash);
  }
}

/** One that loses its disk's tail, its streams and its process. */
class AnyBroker {
  readonly #pod: string;
  readonly #ledger: Ledger;
  follower: Follower;
  /** What its disk had, the newest last. */
  #disk: StampedSnapshot[] = [];
  #stream: Duplex | undefined;

  constructor(pod: string, ledger: Ledger) {
    this.#pod = pod;
    this.#ledger = ledger;
    this.follower = this.#begin(undefined);
  }

  #begin(saved: StampedSnapshot | undefined): Follower {
    let runs = saved?.stamp.version;
    let applied: Snapshot | undefined;
    return new Follower({
      pod: this.#pod,
      saved,
      apply: (snapshot) => {
        // One that cannot be run.
        if (snapshot.clientGroups.length === 6) throw new Error('six groups are too many');
        applied = snapshot;
      },
      onRuns: (content) => {
        const { version } = content.stamp;
        assert.ok(runs === undefined || compareVersions(version, runs) >= 0, 'it went back');
        assert.equal(content.snapshot, applied, 'it runs what was not applied');
        assert.equal(hashOf(content.snapshot), content.stamp.hash, 'it runs a part');
        this.#ledger.note({ version, snapshot: content.snapshot });
        runs = version;
        this.#disk.push(content);
      },
      logger,
    });
  }

  breakStream(): void {
    this.#stream?.destroy();
  }

  /** After a crash that took the last `lost` writes. */
  restart(lost: number): void {
    this.breakStream();
    this.#disk = this.#disk.slice(0, Math.max(0, this.#disk.length - lost));
    this.follower = this.#begin(this.#disk.at(-1));
  }

  connect(publications: Publications): void {
    if (this.follower.isConnected) return;
    const [left, right] = duplexPair();
    this.#stream = left;
    left.on('error', () => undefined);
    void this.follower.follow(brokerLink(left, clock));
    publications.accept({ key: KEY, uid: UID }, operatorLink(right, clock));
  }
}

class World {
  readonly ledger = new Ledger();
  readonly brokers = [
    new AnyBroker('plant-0', this.ledger),
    new AnyBroker('plant-1', this.ledger),
  ] as const;
  readonly operators: readonly Publications[];
  /** Of the Lease: who holds it, and how often it changed hands. */
  leader = 0;
  epoch = 0;

  constructor() {
    this.operators = [0, 1].map((index) => {
      const operator: Publications = new Publications({
        clock,
        logger,
        onStanding: () => undefined,
        onDeliveries: () => undefined,
        onHigherEpoch: (epoch) => {
          // Only who holds the Lease can write it.
          if (index !== this.leader) return;
          this.epoch = Math.max(this.epoch, epoch);
          operator.lead(this.epoch);
        },
      });
      return operator;
    });
    this.operators[0]!.lead(0);
  }

  publish(index: number, snapshot: Snapshot): void {
    const operator = this.operators[index]!;
    if (!operator.isLeading) return;
    const version = operator.publish(KEY, UID, snapshot);
    this.ledger.note({ version, snapshot });
  }

  /** Another one holds the Lease; the one before may not know it yet. */
  elect(knows: boolean): void {
    const before = this.operators[this.leader]!;
    this.leader = 1 - this.leader;
    const next = this.operators[this.leader]!;
    if (knows && before.isLeading) before.follow();
    if (next.isLeading) next.follow();
    next.lead(++this.epoch);
  }

  /** As after a Lease that was deleted. */
  forgetEpoch(): void {
    const leader = this.operators[this.leader]!;
    leader.follow();
    this.ledger.forget();
    this.epoch = 0;
    leader.lead(0);
  }
}

const who = fc.nat({ max: 1 });
const step: fc.Arbitrary<(world: World) => void | Promise<void>> = fc.oneof(
  fc.tuple(who, anySnapshot).map(([index, snapshot]) => (world: World) => {
    world.publish(index, snapshot);
  }),
  fc.tuple(who, who).map(([broker, operator]) => (world: World) => {
    world.brokers[broker]!.connect(world.operators[operator]!);
  }),
  who.map((broker) => (world: World) => world.brokers[broker]!.breakStream()),
  fc.tuple(who, fc.nat({ max: 3 })).map(([broker, lost]) => (world: World) => {
    world.brokers[broker]!.restart(lost);
  }),
  fc.boolean().map((knows) => (world: World) => world.elect(knows)),
  fc.constant((world: World) => world.forgetEpoch()),
  fc.constant((world: World) => world.operators[world.leader]!.withdraw(KEY)),
  fc.constant(async () => await turn()),
  fc.constant(async () => await turns()),
);

async function turns(): Promise<void> {
  for (let count = 0; count < 8; count++) await turn();
}

test('no broker goes back or runs a part, and all end up with what the leader published last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), anySnapshot, async (steps, last) => {
      const world = new World();
      for (const each of steps) await each(world);
      // Whoever does not hold the Lease finds out in the end.
      const other = world.operators[1 - world.leader]!;
      if (other.isLeading) other.follow();
      const final = { ...last, clientGroups: [] };
      world.publish(world.leader, final);
      for (let round = 0; round < 4; round++) {
        await turns();
        for (const broker of world.brokers) broker.connect(world.operators[world.leader]!);
      }
      await turns();
      for (const { follower } of world.brokers) {
        assert.equal(follower.runs?.stamp.hash, hashOf(final));
      }
      const standing = world.operators[world.leader]!.standing(KEY);
      assert.deepEqual(standing.map(({ pod }) => pod).sort(), ['plant-0', 'plant-1']);
    }),
    { numRuns: 300 },
  );
});
