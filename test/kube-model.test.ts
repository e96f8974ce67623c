import { test } from 'node:test';
import { CONFORMANCE_CASES, NAMESPACES } from './support/kube-model/conformance.ts';
import { ModelApi } from './support/kube-model/model-api.ts';
import { ModelClock } from './support/kube-model/model-clock.ts';
import { ModelServer } from './support/kube-model/model-server.ts';

const CASE_MS = 60_000;

for (const [title, run] of Object.entries(CONFORMANCE_CASES)) {
  test(`as a real API server, ${title}`, async () => {
    const clock = new ModelClock();
    const server = new ModelServer({ clock });
    const api = new ModelApi({ server, clock, manager: 'node' });
    const namespace = 'conformance';
    const metadata = { name: namespace };
    server.create(
      NAMESPACES,
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      {
        manager: 'kubectl',
      },
    );
    const pause = (ms: number): Promise<void> =>
      new Promise((resolve) => void clock.after(ms, resolve));
    const forgetPast = async (): Promise<void> => {
      await pause(0);
      server.compact();
    };
    let isOver = false;
    const running = run({ api, namespace, pause, forgetPast }).finally(() => (isOver = true));
    running.catch(() => undefined);
    if (!(await clock.run(CASE_MS, () => isOver))) throw new Error('it does not end');
    await running;
  });
}
