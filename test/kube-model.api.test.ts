import { KubeConfig } from '@kubernetes/client-node';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../control/clock.ts';
import { KubeClient } from '../kube/kube-client.ts';
import { startApiServer } from './support/api-server.ts';
import { within } from './support/within.ts';
import { CONFORMANCE_CASES, NAMESPACES } from './support/kube-model/conformance.ts';

const CASE_MS = 60_000;

const server = await startApiServer();
server.applyCrds();
const config = new KubeConfig();
config.loadFromFile(server.kubeconfig);
const api = new KubeClient({ config, clock: systemClock, random: Math.random });

after(async () => {
  api.close();
  await server.stop();
});

for (const [index, [title, run]] of Object.entries(CONFORMANCE_CASES).entries()) {
  test(`as the model has it, ${title}`, async () => {
    const namespace = `case-${index}`;
    const metadata = { name: namespace };
    await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
    const pause = (ms: number): Promise<void> => delay(ms);
    const forgetPast = async (): Promise<void> => {
      await server.compact();
      // A server that runs has the last changes in memory, whatever etcd has.
      await server.down();
      await server.up();
    };
    await within(CASE_MS, title, run({ api, namespace, pause, forgetPast }));
  });
}
