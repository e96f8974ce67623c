import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { messageUnits, TokenBucket } from './token-bucket.ts';

const sizes: [number, number][] = [
  [0, 1],
  [1, 1],
  [1024, 1],
  [1025, 2],
  [2048, 2],
  [6 * 1024, 6],
  [6 * 1024 + 1, 7],
  [524288, 512],
];
for (const [bytes, units] of sizes) {
  test(`a packet of ${bytes} bytes counts as ${units}`, () => {
    assert.equal(messageUnits(bytes), units);
  });
}

/** One millisecond after the other, in exact fractions of 1/1000. */
class NaiveBucket {
  level: bigint;
  nowMs = 0;
  readonly #perSecond: bigint;

  constructor(perSecond: number) {
    this.#perSecond = BigInt(perSecond);
    this.level = this.#perSecond * 1000n;
  }

  goOnTo(nowMs: number): void {
    for (; this.nowMs < nowMs; this.nowMs++) {
      this.level += this.#perSecond;
      if (this.level > this.#perSecond * 1000n) this.level = this.#perSecond * 1000n;
    }
  }
}

test('a bucket admits exactly what one does that is refilled every millisecond', () => {
  const step = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(1500)),
    units: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 600 })),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.array(step, { maxLength: 60 }),
      (perSecond, steps) => {
        const bucket = new TokenBucket({ perSecond }, 0);
        const naive = new NaiveBucket(perSecond);
        let nowMs = 0;
        for (const { afterMs, units } of steps) {
          nowMs += afterMs;
          naive.goOnTo(nowMs);
          const admits = naive.level > 0n;
          assert.equal(bucket.isPositive(nowMs), admits);
          if (!admits) {
            const waitMs = bucket.waitMs(nowMs);
            const later = naive.level + BigInt(waitMs) * BigInt(perSecond);
            assert.ok(later > 0n && later - BigInt(perSecond) <= 0n, `waits ${waitMs} ms`);
            continue;
          }
          assert.equal(bucket.waitMs(nowMs), 0);
          bucket.spend(units);
          naive.level -= BigInt(units) * 1000n;
        }
      },
    ),
  );
});

test('a message that the bucket has no room for is admitted, and its debt is paid first', () => {
  const bucket = new TokenBucket({ perSecond: 100 }, 0);
  bucket.spend(99);
  assert.equal(bucket.isPositive(0), true);
  bucket.spend(512);
  assert.equal(bucket.waitMs(0), 5111);
  assert.equal(bucket.isPositive(5110), false);
  assert.equal(bucket.isPositive(5111), true);
});

test('a changed rate counts at once, and no more is kept than it allows', () => {
  const rate = { perSecond: 1000 };
  const bucket = new TokenBucket(rate, 0);
  rate.perSecond = 2;
  assert.equal(bucket.isPositive(1), true);
  bucket.spend(2);
  assert.equal(bucket.waitMs(1), 1);
  rate.perSecond = 1000;
  bucket.spend(10);
  assert.equal(bucket.isPositive(11), false);
  assert.equal(bucket.isPositive(12), true);
});

test('a time that lags behind refills nothing, and a clock that is set back stops nothing', () => {
  const bucket = new TokenBucket({ perSecond: 1 }, 10_000_000);
  bucket.spend(1);
  assert.equal(bucket.isPositive(9_999_900), false);
  assert.equal(bucket.isPositive(10_000_000), false);
  assert.equal(bucket.isPositive(5000), false);
  assert.equal(bucket.isPositive(5001), true);
});
