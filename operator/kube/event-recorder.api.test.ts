import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { CONFIG_MAPS, apiClient } from '../../test/support/api-client.ts';
import { startApiServer } from '../../test/support/api-server.ts';
import { eventually } from '../../test/support/within.ts';
import { systemClock } from '../../control/clock.ts';
import { EventRecorder } from './event-recorder.ts';
import type { KubeObject } from '../../kube/kube-api.ts';

test('a server takes the events as they are made, and kubectl shows them', async (t) => {
  const server = await startApiServer();
  t.after(() => server.stop());
  const api = apiClient(t, server.kubeconfig);
  const metadata = { namespace: 'default', name: 'pump' };
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  const { uid = '' } = (await api.create(CONFIG_MAPS, object)).metadata;
  const recorder = new EventRecorder({
    api,
    controller: 'mqttgrid.io/operator',
    instance: `operator-1_${'x'.repeat(200)}`,
    clock: systemClock,
    random: Math.random,
    logger: pino({ enabled: false }),
  });
  t.after(() => recorder.stop());
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', ...metadata, uid };
  const event = { type: 'Warning', reason: 'NameConflict', action: 'Validate' } as const;
  recorder.record(reference, { ...event, note: 'the name is taken' });
  recorder.record(reference, { ...event, note: 'the name is taken' });
  recorder.record(reference, { ...event, note: 'é'.repeat(2_000) });
  const shown = (): string => server.kubectl('describe', 'configmap', 'pump');
  // kubectl orders those of the same second as it likes.
  const expected = [
    /Warning +NameConflict .*\(x2 over .*\) +mqttgrid\.io\/operator.* the name is taken/,
    /Warning +NameConflict .* mqttgrid\.io\/operator.* é{510}…/,
  ];
  await eventually(20_000, 'both events', () => {
    const text = shown();
    return expected.every((line) => line.test(text)) || undefined;
  });
  assert.equal(recorder.dropped, 0);
});
