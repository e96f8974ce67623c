import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { callCounter, controllerMetrics, leaderGauge } from './metrics.ts';
import { WorkQueue } from './work-queue.ts';

/** `name{labels} value` of all that is neither help nor a bucket. */
async function exposed(registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n');
  const samples = lines.filter((line) => line !== '' && !/^#|_bucket\{/.test(line));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))] as const;
    }),
  );
}

test('a queue is seen under the names that dashboards for controllers know', async () => {
  const registry = new Registry();
  const clock = new ManualClock();
  const controller = 'mqttnamespace';
  let fails = false;
  const queue: WorkQueue = new WorkQueue({
    run: async (key) => {
      await new Promise<void>((resolve) => clock.after(key === 'slow' ? 60_000 : 500, resolve));
      if (fails) throw new Error('no');
      return key === 'again' ? 3_600_000 : undefined;
    },
    clock,
    random: () => 0,
    logger: pino({ enabled: false }),
    workersMax: 1,
    observer: controllerMetrics({
      registry,
      clock,
      controller,
      workersMax: 1,
      depth: () => queue.depth,
    }),
  });
  const labels = 'controller="mqttnamespace"';
  const queueLabels = `name="mqttnamespace",${labels}`;
  const before = await exposed(registry);
  assert.equal(before.get(`controller_runtime_reconcile_total{${labels},result="error"}`), 0);

  queue.add('again');
  queue.add('plain');
  await clock.advance(1_000);
  fails = true;
  queue.add('failing');
  await clock.advance(500);
  fails = false;
  await clock.advance(1_000);
  queue.add('slow');
  queue.add('waiting');
  await clock.advance(3_000);

  const after = await exposed(registry);
  const expected = {
    [`controller_runtime_reconcile_total{${labels},result="success"}`]: 2,
    [`controller_runtime_reconcile_total{${labels},result="requeue_after"}`]: 1,
    [`controller_runtime_reconcile_total{${labels},result="error"}`]: 1,
    [`controller_runtime_reconcile_errors_total{${labels}}`]: 1,
    [`controller_runtime_reconcile_time_seconds_count{${labels}}`]: 4,
    [`controller_runtime_reconcile_time_seconds_sum{${labels}}`]: 2,
    [`controller_runtime_active_workers{${labels}}`]: 1,
    [`controller_runtime_max_concurrent_reconciles{${labels}}`]: 1,
    [`workqueue_depth{${queueLabels}}`]: 1,
    [`workqueue_adds_total{${queueLabels}}`]: 6,
    [`workqueue_retries_total{${queueLabels}}`]: 1,
    [`workqueue_unfinished_work_seconds{${queueLabels}}`]: 3,
    [`workqueue_queue_duration_seconds_count{${queueLabels}}`]: 5,
    [`workqueue_queue_duration_seconds_sum{${queueLabels}}`]: 0.5,
    [`workqueue_work_duration_seconds_count{${queueLabels}}`]: 4,
    [`workqueue_work_duration_seconds_sum{${queueLabels}}`]: 2,
  };
  for (const [sample, value] of Object.entries(expected)) {
    assert.equal(after.get(sample), value, sample);
  }
  assert.deepEqual([...after.keys()].sort(), Object.keys(expected).sort());
});

test('calls are counted by status, method and host, and the leader says so when asked', async () => {
  const registry = new Registry();
  const count = callCounter(registry);
  let leads = false;
  leaderGauge(registry, 'mqttgrid-operator', () => leads);
  count('200', 'GET', '10.96.0.1');
  count('200', 'GET', '10.96.0.1');
  count('<error>', 'PUT', '10.96.0.1');
  leads = true;
  assert.deepEqual(
    await exposed(registry),
    new Map([
      ['rest_client_requests_total{code="200",method="GET",host="10.96.0.1"}', 2],
      ['rest_client_requests_total{code="<error>",method="PUT",host="10.96.0.1"}', 1],
      ['leader_election_master_status{name="mqttgrid-operator"}', 1],
    ]),
  );
});
