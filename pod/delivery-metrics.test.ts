import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import { addDeliveryMetrics } from './delivery-metrics.ts';

const good: DeliveryStanding = {
  name: 'to-file',
  matched: 7,
  delivered: 4,
  failed: 3,
  deadLettered: 2,
  dropped: 1,
  pending: 0,
};
const fault = { reason: 'DestinationUnreachable', message: 'nobody answers', sinceMs: 0 } as const;

/** Without comments. */
async function samplesOf(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('how each EventSubscription fares is counted, and forgotten with it', async () => {
  let standings: readonly DeliveryStanding[] = [good];
  const registry = new Registry();
  addDeliveryMetrics(registry, () => standings);
  const label = '{event_subscription="to-file"}';
  assert.deepEqual(await samplesOf(registry), [
    `mqttgrid_broker_events_matched_total${label} 7`,
    `mqttgrid_broker_events_delivered_total${label} 4`,
    `mqttgrid_broker_events_failed_total${label} 3`,
    `mqttgrid_broker_events_dead_lettered_total${label} 2`,
    `mqttgrid_broker_events_dropped_total${label} 1`,
    `mqttgrid_broker_events_pending${label} 0`,
    `mqttgrid_broker_destination_available${label} 1`,
  ]);
  standings = [{ ...good, name: 'away', pending: 9, fault }];
  const samples = await samplesOf(registry);
  assert.ok(samples.includes('mqttgrid_broker_destination_available{event_subscription="away"} 0'));
  assert.ok(samples.includes('mqttgrid_broker_events_pending{event_subscription="away"} 9'));
  assert.equal(samples.filter((line) => line.includes('to-file')).length, 0);
});
