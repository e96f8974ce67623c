/** `kubectl apply -k deploy/` on a cluster, and again. */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import {
  OPERATOR_NAMESPACE,
  eventuallyFinds,
  get,
  kubectl,
  list,
  runTool,
} from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { install, operatorPods, rolledOut, withOverlay } from '../support/installation.ts';
import { kstatusOf } from '../support/kstatus.ts';

/** A Lease that is not given back runs out after 15 s. */
const SUCCESSION_MS = 60_000;
const CERTIFICATE_MS = 30_000;
const ACCOUNT = `system:serviceaccount:${OPERATOR_NAMESPACE}:mqttgrid-operator`;

interface Lease extends ClusterObject {
  readonly spec: { readonly holderIdentity?: string };
}

interface WebhookConfiguration extends ClusterObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

async function leader(): Promise<string | undefined> {
  const { spec } = await get<Lease>(OPERATOR_NAMESPACE, 'lease/mqttgrid-operator');
  const { holderIdentity = '' } = spec;
  const pods = await operatorPods();
  return pods.map(({ metadata }) => metadata.name).find((name) => holderIdentity.includes(name));
}

async function authorityOfWebhook(): Promise<string | undefined> {
  const reference = 'validatingwebhookconfiguration/mqttgrid';
  const { webhooks } = await get<WebhookConfiguration>(OPERATOR_NAMESPACE, reference);
  return webhooks[0]?.clientConfig.caBundle;
}

/** What was declared of every object, and what the operator added to it. */
async function installed(): Promise<readonly object[]> {
  const text = await withOverlay((folder) => kubectl('get', '-k', folder, '-o', 'json'));
  const { items } = JSON.parse(text) as { readonly items: readonly ClusterObject[] };
  return items.map(({ status: _status, metadata, ...declared }) => {
    const { name, labels, annotations } = metadata;
    return { name, labels, annotations, ...declared };
  });
}

function settledAuthority(): Promise<string> {
  return eventuallyFinds(CERTIFICATE_MS, 'the authority of the webhook', authorityOfWebhook);
}

suite('kubectl apply -k deploy/', { concurrency: 1 }, () => {
  before(install);

  test('brings two replicas, of which one leads', async () => {
    const pods = await operatorPods();
    assert.deepEqual(
      pods.map(({ status }) => status.phase),
      ['Running', 'Running'],
    );
    assert.ok((await eventuallyFinds(SUCCESSION_MS, 'a leader', leader)) !== undefined);
    const deployment = await get(OPERATOR_NAMESPACE, 'deployment/mqttgrid-operator');
    assert.equal(kstatusOf(deployment), 'Current');
  });

  test('runs them as nobody in particular, who can write nowhere', async () => {
    const [pod] = await operatorPods();
    assert.ok(pod);
    const script = `
      const { writeFileSync } = require('node:fs');
      for (const place of ['/opt/mqttgrid/x', '/tmp/x']) {
        try { writeFileSync(place, ''); console.log('wrote', place); } catch {}
      }
      console.log('user', process.getuid());`;
    const said = await kubectl(
      ...['-n', OPERATOR_NAMESPACE, 'exec', pod.metadata.name, '--', 'node', '-e', script],
    );
    assert.equal(said, 'user 1000\n');
  });

  test('lets them do what they need, and no more', async () => {
    const cases: readonly (readonly [boolean, ...string[]])[] = [
      [true, 'list', 'clients.mqttgrid.io'],
      [true, 'patch', 'clients.mqttgrid.io', '--subresource=status'],
      [false, 'patch', 'clients.mqttgrid.io'],
      [false, 'create', 'pods'],
      [false, 'list', 'nodes'],
      [false, 'create', 'persistentvolumeclaims'],
      [false, 'update', 'secrets/other', '-n', OPERATOR_NAMESPACE],
      [false, 'patch', 'validatingwebhookconfigurations/other'],
      [false, 'patch', 'customresourcedefinitions'],
      [false, 'create', 'clusterrolebindings'],
    ];
    for (const [allowed, ...question] of cases) {
      const { stdout } = await runTool('kubectl', [
        ...['auth', 'can-i', '--as', ACCOUNT, '-n', 'default', ...question],
      ]);
      assert.equal(stdout.trim(), allowed ? 'yes' : 'no', question.join(' '));
    }
  });

  test('changes nothing when it is done again, and leaves the authority of the webhook', async () => {
    await settledAuthority();
    const before = await installed();
    await install();
    assert.deepEqual(await installed(), before);
  });

  test('can be done by the server, which finds no field that somebody else holds', async () => {
    const authority = await settledAuthority();
    await withOverlay((folder) => kubectl('apply', '--server-side', '-k', folder));
    assert.equal(await authorityOfWebhook(), authority);
    await rolledOut();
  });

  test('leaves it to the other replica to lead when the leader is deleted', async () => {
    const before = await eventuallyFinds(SUCCESSION_MS, 'a leader', leader);
    await kubectl('-n', OPERATOR_NAMESPACE, 'delete', 'pod', before, '--force', '--grace-period=0');
    const next = await eventuallyFinds(SUCCESSION_MS, 'another leader', async () => {
      const name = await leader();
      return name === before ? undefined : name;
    });
    assert.notEqual(next, before);
    await rolledOut();
  });

  test('gives every kind its names, its columns and its explanation', async () => {
    for (const { metadata } of await list('crd', '-l', 'app.kubernetes.io/part-of=mqttgrid')) {
      const plural = metadata.name.split('.')[0]!;
      assert.match(await kubectl('explain', `${plural}.spec`), /DESCRIPTION/);
      const { stderr } = await runTool('kubectl', ['get', plural, '-n', OPERATOR_NAMESPACE]);
      assert.match(stderr, /No resources found/);
    }
  });
});
