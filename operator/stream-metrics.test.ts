import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ManualClock } from '../test/support/manual-clock.ts';
import { aSnapshot } from '../test/support/snapshots.ts';
import { Publications } from './control-server/publications.ts';
import { streamMetrics } from './stream-metrics.ts';

test('what goes to brokers is counted from the start, and looked up when somebody asks', async () => {
  const publications = new Publications({
    clock: new ManualClock(),
    logger: pino({ level: 'silent' }),
    onStanding: () => undefined,
    onDeliveries: () => undefined,
    onHigherEpoch: () => undefined,
  });
  const registry = new Registry();
  streamMetrics(registry, publications);
  const value = async (name: string): Promise<string | undefined> => {
    return new RegExp(`^mqttgrid_operator_${name} (\\d+)$`, 'm').exec(
      await registry.metrics(),
    )?.[1];
  };
  assert.equal(await value('snapshots_published_total'), '0');
  assert.equal(await value('snapshots_refused_total'), '0');
  assert.equal(await value('brokers_connected'), '0');
  publications.lead(0);
  publications.publish('default/grid', 'uid', aSnapshot({ clients: [], spaces: {} }));
  assert.equal(await value('snapshots_published_total'), '1');
});
