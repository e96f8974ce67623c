/** `helm install`, upgrade and uninstall for real. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  OPERATOR_NAMESPACE,
  clusterImage,
  eventuallyFinds,
  get,
  kubectl,
  runTool,
  succeeded,
} from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import { operatorPods, uninstall } from '../support/installation.ts';
import { leftovers } from '../support/leftovers.ts';
import { mqttjs } from '../support/mqttjs-peer.ts';
import { playScenario } from '../support/play.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SCENARIOS } from '../support/scenarios.ts';
import { REPOSITORY } from '../support/up.ts';

const CHART = path.join(REPOSITORY, 'deploy/chart');
const COLLECTED_MS = 120_000;
const CERTIFICATE_MS = 30_000;

interface WebhookConfiguration extends ClusterObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

async function helm(...parameters: readonly string[]): Promise<string> {
  return succeeded('helm', parameters, await runTool('helm', parameters));
}

/** As `--set-string`, since a tag may look like a number. */
function imageSettings(): readonly string[] {
  const [, repository, separator, version] = /^(.+?)(?:([:@])([^/]+))?$/.exec(clusterImage())!;
  const field = separator === '@' ? 'digest' : 'tag';
  return [
    ...['--set-string', `image.repository=${repository}`],
    ...['--set-string', `image.${field}=${version ?? 'latest'}`],
  ];
}

async function release(action: 'install' | 'upgrade', ...settings: readonly string[]) {
  await helm(
    ...[action, 'mqttgrid', CHART, '--namespace', OPERATOR_NAMESPACE, '--wait', '--timeout=150s'],
    ...(action === 'install' ? ['--create-namespace'] : []),
    ...imageSettings(),
    ...settings.flatMap((setting) => ['--set', setting]),
  );
}

async function authorityOfWebhook(): Promise<string | undefined> {
  const reference = 'validatingwebhookconfiguration/mqttgrid';
  const { webhooks } = await get<WebhookConfiguration>(OPERATOR_NAMESPACE, reference);
  return webhooks[0]?.clientConfig.caBundle;
}

suite('helm', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-chart');
  const scenario = SCENARIOS[0]!;
  before(async () => {
    // Two owners of the same objects are one too many.
    await uninstall();
    await helm('uninstall', 'mqttgrid', '-n', OPERATOR_NAMESPACE, '--ignore-not-found');
  });
  after(async () => {
    await helm('uninstall', 'mqttgrid', '-n', OPERATOR_NAMESPACE, '--ignore-not-found', '--wait');
    await kubectl('delete', 'namespace', OPERATOR_NAMESPACE, '--ignore-not-found');
  });

  test('installs what serves', async () => {
    await release('install', 'crds.keep=false');
    await kubectl('-n', namespace, 'apply', '-f', path.join(REPOSITORY, 'examples', scenario.name));
    const broker = await serve(namespace, scenario.name);
    await playScenario(scenario, { up: broker, peer: mqttjs, version: 5 });
    broker.stop();
  });

  test('upgrades with other values, and leaves the authority of the webhook', async () => {
    const authority = await eventuallyFinds(CERTIFICATE_MS, 'an authority', authorityOfWebhook);
    const pod = await get(namespace, `pod/${scenario.name}-0`);
    await release('upgrade', 'crds.keep=false', 'replicas=1', 'logLevel=debug');
    assert.equal(await authorityOfWebhook(), authority);
    await eventuallyFinds(COLLECTED_MS, 'one replica', async () =>
      (await operatorPods()).length === 1 ? true : undefined,
    );
    const same = await get(namespace, `pod/${scenario.name}-0`);
    assert.equal(same.metadata.uid, pod.metadata.uid, 'brokers do not notice');
  });

  test('uninstalls all of it', async () => {
    await helm('uninstall', 'mqttgrid', '-n', OPERATOR_NAMESPACE, '--wait');
    await kubectl('delete', 'namespace', OPERATOR_NAMESPACE);
    let left: readonly string[] = [];
    await eventuallyFinds(COLLECTED_MS, 'an empty cluster', async () => {
      left = await leftovers(namespace);
      return left.length === 0 ? true : undefined;
    }).catch(() => undefined);
    assert.deepEqual(left, []);
  });
});
