/** The operator's process against a real API server: what people and their tools see of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../control/clock.ts';
import { loadKubeConfig } from '../kube/credentials.ts';
import { startOperatorProcess } from '../operator/process.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { eventually } from './support/within.ts';

const SEEN_MS = 30_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
  server.applyCrds();
  server.kubectl('create', 'namespace', 'mqttgrid-system');
});
after(() => server.stop());

test('probes, metrics and kubectl describe tell how the operator and its objects stand', async (t) => {
  const started = await startOperatorProcess({
    config: loadKubeConfig(server.kubeconfig),
    namespace: 'mqttgrid-system',
    brokerImage: 'mqttgrid:test',
    controlHost: 'localhost',
    host: '127.0.0.1',
    ports: { control: 0, webhook: 0, health: 0, metrics: 0 },
    clock: systemClock,
    random: Math.random,
    logger: pino({ level: 'silent' }),
  });
  t.after(() => started.stop());
  const get = async (port: number, path: string): Promise<Response> =>
    await fetch(`http://127.0.0.1:${port}${path}`);
  const { health, metrics } = started.ports;
  assert.equal((await get(health, '/healthz')).status, 200);
  await eventually(SEEN_MS, 'readiness', async () => {
    return (await get(health, '/readyz')).status === 200 || undefined;
  });

  server.kubectl('create', '-f', 'examples/invalid/client/namespace-not-found.yaml');
  const describe = (): string => server.kubectl('describe', 'clients', '-A');
  await eventually(SEEN_MS, 'an event', () => /Warning +RefNotFound/.test(describe()) || undefined);

  const exposed = await (await get(metrics, '/metrics')).text();
  const value = (sample: string): number => {
    const line = exposed.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
    return Number(line?.split(' ')[1]);
  };
  assert.equal(value('leader_election_master_status{name="mqttgrid-operator"}'), 1);
  const labels = 'controller="mqttnamespace"';
  assert.ok(value(`controller_runtime_reconcile_total{${labels},result="success"}`) > 0);
  assert.equal(value(`controller_runtime_reconcile_errors_total{${labels}}`), 0);
  assert.equal(value(`workqueue_depth{name="mqttnamespace",${labels}}`), 0);
  const host = new URL(server.url).host;
  assert.ok(value(`rest_client_requests_total{code="201",method="POST",host="${host}"}`) > 0);
  assert.ok(value('process_resident_memory_bytes') > 0);
});
