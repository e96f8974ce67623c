import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerName } from '../brokers/start.ts';
import type { Measurement } from '../measure.ts';
import { SCENARIOS } from '../scenarios.ts';
import { plotOf } from './plot.ts';
import type { Row } from './summary.ts';
import { summarize } from './summary.ts';
import { tableOf } from './table.ts';
import { targetsOf } from './targets.ts';

/** A round in which each broker took so many microseconds for a message, a connection's KiB too. */
function rowsOf(name: string, costs: Partial<Record<BrokerName, number>>): Row[] {
  const scenario = SCENARIOS.find((each) => each.name === name)!;
  const measurements = Object.entries(costs).map(([broker, cost]): Measurement => {
    const outcome = {
      units: 1000000,
      seconds: 50,
      brokerCpuSeconds: cost,
      residentKib: 1,
      p99Ms: 60,
      ...(scenario.unit === 'connection' && { residentKibEach: cost }),
    };
    return { scenario: name, broker: broker as BrokerName, round: 0, generator: 'own', outcome };
  });
  return summarize({ measurements, leftOut: [], profiles: new Map() }, [scenario]);
}

function missesOf(rows: readonly Row[], broker: BrokerName): readonly string[] {
  return rows.find((row) => row.broker === broker)!.misses;
}

test('every scenario has targets, but for latency alone at half load', () => {
  const without = SCENARIOS.filter((scenario) => targetsOf(scenario).length === 0);
  assert.deepEqual(
    without.map(({ name }) => name),
    ['half-load-q0', 'half-load-q1'],
  );
});

const RATIOS = {
  'pairs-q0': 1.25,
  'fan-out-1000-q0': 1.25,
  'pairs-q1-v5': 1.5,
  'pairs-q1-64KiB': 1.5,
  connect: 1.15,
  resume: 1.15,
  idle: 1.15,
} as const;

for (const [name, bound] of Object.entries(RATIOS)) {
  test(`${name} may cost ${bound} times what the floor does, and no more`, () => {
    assert.deepEqual(missesOf(rowsOf(name, { mqttgrid: bound * 10, floor: 10 }), 'mqttgrid'), []);
    const rows = rowsOf(name, { mqttgrid: bound * 12, floor: 10 });
    const ratio = (bound * 1.2).toFixed(2);
    assert.deepEqual(missesOf(rows, 'mqttgrid'), [`ratio ${ratio}, at most ${bound}`]);
    assert.match(tableOf(rows), new RegExp(`≤ ${bound} .*MISSED: ratio ${ratio}`));
    assert.match(plotOf(rows, ''), new RegExp(`${ratio} × floor, MISSED: ratio<`));
  });
}

test('mqttgrid costs no more than mosquitto, which is judged by nothing itself', () => {
  const rows = rowsOf('pairs-q1', { mqttgrid: 11, floor: 10, mosquitto: 10 });
  assert.deepEqual(missesOf(rows, 'mqttgrid'), ['times mosquitto 1.10, at most 1']);
  for (const broker of ['floor', 'mosquitto'] as const)
    assert.deepEqual(missesOf(rows, broker), []);
});

test('durable sessions are held to those in memory, to a rate and to a latency', () => {
  const rows = rowsOf('durable-pairs-q1', { durable: 21, mqttgrid: 10 });
  assert.deepEqual(missesOf(rows, 'durable'), [
    'ratio 2.10, at most 2',
    'p99 ms 60.00, at most 50',
  ]);
  assert.deepEqual(missesOf(rows, 'mqttgrid'), []);
});

test('the plot says who was absent, and leaves out what cannot be compared', () => {
  const rows = ['pairs-q0', 'half-load-q0'].flatMap((name) => rowsOf(name, { mqttgrid: 1 }));
  const plot = plotOf(rows, 'caption', ['aedes is not installed']);
  assert.match(plot, /caption.*ABSENT: aedes is not installed.*pairs-q0/s);
  assert.doesNotMatch(plot, /half-load/);
});
