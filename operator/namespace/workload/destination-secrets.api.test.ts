/** What destinations authenticate with, from Secrets of the user's to the pods of a real server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Destination } from '../../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { startApiServer } from '../../../test/support/api-server.ts';
import type { ApiServer } from '../../../test/support/api-server.ts';
import { workloadStage } from '../../../test/support/workload-stage.ts';
import type { WorkloadStage } from '../../../test/support/workload-stage.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import { DESTINATION_SECRETS_FILE } from './destination-secrets.ts';
import { DESTINATIONS_ANNOTATION } from './labels.ts';
import { PODS, SECRETS, STATEFUL_SETS } from './owned-types.ts';
import type { StatefulSet } from './stateful-set.ts';

const READ_AGAIN_MS = 5_000;
const ROUTED = { routeTopicRef: { name: 'events' } };

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function subscription(name: string, destination: Destination): SnapshotEventSubscription {
  return { name, filter: {}, destination, maxDeliveryAttempts: 1, eventTimeToLiveMs: 1 };
}

const HOOK = subscription('hook', {
  webhook: { url: 'https://a.example', caSecretName: 'ca', authSecretName: 'auth' },
});
const KAFKA = subscription('kafka', {
  kafka: { brokers: ['a:9093'], topic: 't', tls: { caSecretName: 'ca' }, saslSecretName: 'sasl' },
});

async function put(
  { api, namespace }: WorkloadStage,
  name: string,
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData };
  await api.create(SECRETS, secret);
}

async function handedOver(on: WorkloadStage): Promise<unknown> {
  const { data = {} } = await on.get<Secret>(SECRETS, 'grid-destinations');
  assert.deepEqual(Object.keys(data), [DESTINATION_SECRETS_FILE]);
  return JSON.parse(Buffer.from(data[DESTINATION_SECRETS_FILE] ?? '', 'base64').toString());
}

/** As the StatefulSet controller makes it. */
async function createPod(on: WorkloadStage): Promise<void> {
  const { metadata, spec } = (await on.get<StatefulSet>(STATEFUL_SETS)).spec.template;
  const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data-grid-0' } };
  const { labels, annotations } = metadata ?? {};
  await on.api.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'grid-0', namespace: on.namespace, labels, annotations },
    spec: { ...spec, volumes: [...(spec?.volumes ?? []), claim] },
  } as KubeObject);
}

const mark = async (on: WorkloadStage): Promise<string | undefined> => {
  return (await on.get(PODS, 'grid-0')).metadata.annotations?.[DESTINATIONS_ANNOTATION];
};

async function routed(t: TestContext): Promise<WorkloadStage> {
  const on = await workloadStage(t, server.kubeconfig, ROUTED);
  on.workload.eventSubscriptions = [HOOK, KAFKA];
  return on;
}

test('what destinations need of Secrets, no more, is in one that its owner owns', async (t) => {
  const on = await routed(t);
  await put(on, 'ca', { 'ca.crt': 'pem', 'tls.key': 'private' });
  await put(on, 'auth', { token: 'of the hook', unrelated: 'private' });
  await put(on, 'sasl', { mechanism: 'PLAIN', username: 'u', password: 'p', note: 'private' });
  const { unresolvedSecrets } = await on.workload.keep();
  assert.equal(unresolvedSecrets.size, 0);
  assert.deepEqual(await handedOver(on), {
    ca: { 'ca.crt': base64('pem') },
    auth: { token: base64('of the hook') },
    sasl: { mechanism: base64('PLAIN'), username: base64('u'), password: base64('p') },
  });
  const { metadata } = await on.get(SECRETS, 'grid-destinations');
  const [reference] = metadata.ownerReferences ?? [];
  assert.equal(reference?.uid, on.workload.owner.metadata.uid);
  const { spec } = (await on.get<StatefulSet>(STATEFUL_SETS)).spec.template;
  const mounted = spec?.volumes?.find(({ name }) => name === 'destinations')?.secret;
  assert.equal(mounted?.secretName, 'grid-destinations');
  assert.equal(mounted?.optional, true, 'a broker starts without it');
  on.workload.writes.length = 0;
  on.workload.skippedMs += 10 * READ_AGAIN_MS;
  await on.workload.keep();
  assert.deepEqual(on.workload.writes, []);
});

test('a Secret that comes, changes and goes is followed, and pods are told of it', async (t) => {
  const on = await routed(t);
  await put(on, 'ca', { 'ca.crt': 'pem' });
  await put(on, 'sasl', { mechanism: 'PLAIN', username: 'u', password: 'p' });
  const first = await on.workload.keep();
  assert.deepEqual([...first.unresolvedSecrets.keys()], ['hook']);
  assert.ok(first.againAfterMs !== undefined && first.againAfterMs <= READ_AGAIN_MS);
  await createPod(on);
  const steps: readonly (readonly [() => Promise<unknown>, unknown])[] = [
    [() => put(on, 'auth', { token: 'one' }), { token: base64('one') }],
    [() => on.edit(SECRETS, 'auth', { stringData: { token: 'two' } }), { token: base64('two') }],
    [
      async () => {
        const { metadata } = await on.get(SECRETS, 'auth');
        await on.api.delete(SECRETS, metadata, { uid: metadata.uid ?? '' });
      },
      undefined,
    ],
  ];
  const marks = new Set<string | undefined>();
  for (const [change, expected] of steps) {
    await change();
    on.workload.skippedMs += READ_AGAIN_MS;
    on.workload.writes.length = 0;
    const { unresolvedSecrets } = await on.workload.keep();
    assert.deepEqual(on.workload.writes, ['apply Secret', 'patch Pod']);
    assert.equal(unresolvedSecrets.has('hook'), expected === undefined);
    assert.deepEqual(((await handedOver(on)) as Record<string, unknown>)['auth'], expected);
    marks.add(await mark(on));
    on.workload.skippedMs += READ_AGAIN_MS;
    on.workload.writes.length = 0;
    await on.workload.keep();
    assert.deepEqual(on.workload.writes, []);
  }
  assert.equal(marks.size, steps.length);
});

test('what was handed over is put right, and taken back when nothing names it', async (t) => {
  const on = await routed(t);
  await put(on, 'ca', { 'ca.crt': 'pem' });
  await put(on, 'auth', { hmacKey: 'k' });
  on.workload.eventSubscriptions = [HOOK];
  await on.workload.keep();
  const expected = await handedOver(on);
  await on.edit(SECRETS, 'grid-destinations', { data: { [DESTINATION_SECRETS_FILE]: 'e30=' } });
  await on.workload.keep();
  assert.deepEqual(await handedOver(on), expected);
  on.workload.eventSubscriptions = [];
  await on.workload.keep();
  assert.deepEqual(await handedOver(on), {});
});

test('where nothing is routed there is no such Secret, and none is read', async (t) => {
  const on = await workloadStage(t, server.kubeconfig);
  await on.workload.keep();
  const name = { namespace: on.namespace, name: 'grid-destinations' };
  assert.equal(await on.api.get(SECRETS, name), undefined);
});

test("somebody else's Secret of that name is told of and never touched", async (t) => {
  const on = await routed(t);
  await put(on, 'grid-destinations', { theirs: 'yes' });
  const before = await on.get(SECRETS, 'grid-destinations');
  const { unavailable } = await on.workload.keep();
  assert.match(unavailable?.message ?? '', /Secret .*grid-destinations exists and does not belong/);
  assert.deepEqual(await on.get(SECRETS, 'grid-destinations'), before);
});
