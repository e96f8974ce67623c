import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from '../../domain/limits.ts';
import type { Limits } from '../../domain/limits.ts';
import { SteppedClock } from '../../test/conformance/stepped-clock.ts';
import type { Clock } from '../clock.ts';
import { newMetrics } from '../metrics.ts';
import type { Metrics } from '../metrics.ts';
import { RateLimits } from './rate-limits.ts';
import { Throttle } from './throttle.ts';

const UNLIMITED = {
  outboundMessagesPerSecond: 1000000,
  outboundMessagesPerSecondPerConnection: 1000000,
};

/** Knows how many intervals there are. */
class CountingClock implements Clock {
  readonly #clock = new SteppedClock();
  intervals = 0;

  nowMs(): number {
    return this.#clock.nowMs();
  }

  every(intervalMs: number, callback: () => void): () => void {
    const stop = this.#clock.every(intervalMs, callback);
    this.intervals++;
    return () => {
      this.intervals--;
      stop();
    };
  }

  step(ms: number, stepMs = 1): void {
    for (let passed = 0; passed < ms; passed += stepMs) this.#clock.step(stepMs);
  }
}

/** Sends what it has as soon as it may. */
class Sender {
  sent = 0;
  readonly throttle: Throttle;
  readonly #packetBytes: number;
  readonly #clock: Clock;
  #backlog: number;

  constructor({ rates, clock }: World, { backlog = 0, packetBytes = 1 } = {}) {
    this.#clock = clock;
    this.#backlog = backlog;
    this.#packetBytes = packetBytes;
    this.throttle = new Throttle(rates.outbound, clock.nowMs(), () => this.pump());
    this.pump();
  }

  pump(): void {
    while (this.#backlog > 0 && this.throttle.admits(this.#clock.nowMs())) {
      this.throttle.spend(this.#packetBytes);
      this.#backlog--;
      this.sent++;
    }
  }
}

interface World {
  readonly clock: CountingClock;
  readonly rates: RateLimits;
  readonly metrics: Metrics;
}

function aWorld(limits: Partial<Limits> = {}): World {
  const clock = new CountingClock();
  const metrics = newMetrics();
  return { clock, metrics, rates: new RateLimits(limitsOf(limits), clock, metrics) };
}

const paces: [string, Partial<Limits>, number, number][] = [
  ['its own', { outboundMessagesPerSecondPerConnection: 20 }, 1, 20],
  ["the namespace's", { outboundMessagesPerSecond: 20 }, 1, 20],
  ['its own, with messages of 2.5 KiB', { outboundMessagesPerSecondPerConnection: 30 }, 2560, 10],
  ['one a second', { outboundMessagesPerSecondPerConnection: 1 }, 1, 1],
];
for (const [name, limits, packetBytes, perSecond] of paces) {
  test(`a connection goes on at a rate, after a second's worth at once: ${name}`, () => {
    const world = aWorld(limits);
    const sender = new Sender(world, { backlog: 10000, packetBytes });
    assert.equal(sender.sent, perSecond);
    for (let seconds = 1; seconds <= 20; seconds++) {
      world.clock.step(1000);
      const expected = perSecond * (1 + seconds);
      assert.ok(Math.abs(sender.sent - expected) <= 1, `${sender.sent} of ${expected}`);
    }
  });
}

test('ticks that come late lose nothing', () => {
  const world = aWorld({ outboundMessagesPerSecondPerConnection: 100 });
  const sender = new Sender(world, { backlog: 10000 });
  world.clock.step(10000, 250);
  assert.ok(sender.sent >= 1090 && sender.sent <= 1101, `${sender.sent}`);
});

test('those that wait for the namespace have their turns, however many there are', () => {
  const world = aWorld({ outboundMessagesPerSecond: 500 });
  const senders = Array.from({ length: 50 }, () => new Sender(world, { backlog: 1000 }));
  world.clock.step(10000);
  const sent = senders.map((sender) => sender.sent);
  const total = sent.reduce((sum, each) => sum + each, 0);
  assert.ok(Math.abs(total - 5500) <= 50, `${total} in all`);
  // The first five had a second's worth before the others came.
  const others = sent.slice(5);
  assert.ok(Math.max(...others) - Math.min(...others) <= 32, others.join(' '));
});

test('a turn is short, also where there is much room at once', () => {
  const world = aWorld({ ...UNLIMITED, outboundMessagesPerSecond: 5000 });
  const senders = Array.from({ length: 50 }, () => new Sender(world, { backlog: 1000 }));
  world.clock.step(300, 100);
  const sent = senders.slice(5).map((sender) => sender.sent);
  assert.ok(Math.min(...sent) >= 16 && Math.max(...sent) <= 48, sent.join(' '));
});

test('who comes while others wait, waits behind them', () => {
  const world = aWorld({ ...UNLIMITED, outboundMessagesPerSecond: 100 });
  const first = new Sender(world, { backlog: 10000 });
  world.clock.step(5, 5);
  const last = new Sender(world, { backlog: 1 });
  assert.equal(last.sent, 0);
  world.clock.step(5, 5);
  assert.ok(first.sent > 100);
});

test('there is a timer while somebody waits, and none otherwise', () => {
  const world = aWorld({ outboundMessagesPerSecondPerConnection: 10 });
  new Sender(world, { backlog: 10 });
  assert.equal(world.clock.intervals, 0);
  const senders = [new Sender(world, { backlog: 15 }), new Sender(world, { backlog: 12 })];
  assert.equal(world.clock.intervals, 1);
  world.clock.step(1000);
  assert.deepEqual(
    senders.map(({ sent }) => sent),
    [15, 12],
  );
  assert.equal(world.clock.intervals, 0);
});

test('limits that are off cost no timer', () => {
  const world = aWorld();
  new Sender(world, { backlog: 100 });
  assert.equal(world.clock.intervals, 0);
  assert.equal(world.metrics.throttledOutboundConnection, 0);
});

test('a raised rate counts at once for those that wait, and a lowered one too', () => {
  const slow = { ...UNLIMITED, outboundMessagesPerSecondPerConnection: 1 };
  const world = aWorld(slow);
  const sender = new Sender(world, { backlog: 1000, packetBytes: 100 * 1024 });
  assert.equal(sender.sent, 1);
  world.rates.apply(limitsOf({ ...slow, outboundMessagesPerSecondPerConnection: 10000 }));
  world.clock.step(1000);
  assert.ok(sender.sent > 90, `${sender.sent}`);
  world.rates.apply(limitsOf(slow));
  const before = sender.sent;
  world.clock.step(90000, 10);
  assert.ok(sender.sent <= before + 1, `${sender.sent - before}`);
});

test('who leaves takes nobody else the room, and who stops stops', () => {
  const world = aWorld({ outboundMessagesPerSecond: 10 });
  const leaving = new Sender(world, { backlog: 100 });
  const staying = new Sender(world, { backlog: 100 });
  leaving.throttle.leave();
  world.clock.step(1000);
  assert.deepEqual([leaving.sent, staying.sent], [10, 10]);
  world.rates.stop();
  world.clock.step(1000);
  assert.equal(staying.sent, 10);
  assert.equal(world.clock.intervals, 0);
});

test('what cannot wait is told which limit it is over, and is counted', () => {
  const world = aWorld({
    inboundMessagesPerSecondPerConnection: 2,
    inboundMessagesPerSecond: 3,
  });
  const { rates, metrics, clock } = world;
  const [one, other] = [0, 1].map(
    () => new Throttle(rates.inbound, clock.nowMs(), () => assert.fail()),
  );
  const take = (throttle: Throttle | undefined): unknown => throttle?.take(1, clock.nowMs());
  assert.deepEqual(
    [take(one), take(one), take(one), take(other), take(other)],
    [
      undefined,
      undefined,
      'inboundMessagesPerSecondPerConnection',
      undefined,
      'inboundMessagesPerSecond',
    ],
  );
  assert.equal(metrics.throttledInboundConnection, 1);
  assert.equal(metrics.throttledInboundNamespace, 1);
  clock.step(1000);
  assert.equal(take(one), undefined);
});
