/**
 * Holds the CPU time of a message to a multiple of the floor's. The bounds are generous, what is
 * compared is CPU time and was measured in turns: a machine that is busy with other work slows both
 * alike, and a round that it disturbed more than others is not the median.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Bench, BenchOptions } from './guard/bench.ts';
import { bursts, makePlace, startBench, SUBSCRIBERS, WARM_UP_BURSTS } from './guard/bench.ts';
import { median } from './report/medians.ts';
import { exactCpuSeconds } from './usage.ts';

const PLACE = makePlace();
const ROUNDS = 5;

interface Comparison extends Omit<BenchOptions, 'name'> {
  readonly what: string;
  readonly warmUpBursts: number;
  /** Of a round: the floor takes 20 to 50 ms for them. */
  readonly bursts: number;
  /** Times the floor's. */
  readonly most: number;
}

// 1.3 and 1.8 were measured; medians of a machine with ten times as much to do as cores: 1.5, 1.9.
const COMPARISONS: readonly Comparison[] = [
  {
    what: 'QoS 0 fan-out',
    qos: 0,
    subscribers: SUBSCRIBERS,
    warmUpBursts: WARM_UP_BURSTS,
    bursts: 60,
    most: 2.5,
  },
  // There is one delivery where fan-out has twenty, and it takes as many to be compiled.
  { what: 'QoS 1', qos: 1, subscribers: 1, warmUpBursts: WARM_UP_BURSTS * 5, bursts: 200, most: 3 },
];

for (const comparison of COMPARISONS) {
  const { what, most } = comparison;
  test(`${what} costs at most ${most} times the floor's CPU time`, async (t) => {
    if (exactCpuSeconds(process.pid) === undefined) {
      t.skip('this system counts CPU time in ticks, which are too coarse');
      return;
    }
    const ratios = await ratiosToFloor(t, comparison);
    const all = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
    t.diagnostic(`rounds of ${all} times the floor's CPU time`);
    assert.ok(median(ratios)! <= most, `the median of ${all} is above ${most}`);
  });
}

async function ratiosToFloor(t: TestContext, comparison: Comparison): Promise<number[]> {
  const own = await startBench(t, PLACE, { ...comparison, name: 'mqttgrid' });
  const floor = await startBench(t, PLACE, { ...comparison, name: 'floor' });
  for (const bench of [own, floor]) await bursts(bench, comparison.warmUpBursts);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const seconds = await cpuSeconds(own, comparison.bursts);
    ratios.push(seconds / (await cpuSeconds(floor, comparison.bursts)));
  }
  return ratios;
}

async function cpuSeconds(bench: Bench, count: number): Promise<number> {
  const before = exactCpuSeconds(bench.broker.pid)!;
  await bursts(bench, count);
  return exactCpuSeconds(bench.broker.pid)! - before;
}
