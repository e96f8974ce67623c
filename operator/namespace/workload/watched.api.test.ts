/** The workload kept from watched caches, as the operator does: behind, but not behind itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pino from 'pino';
import { CONFIG_MAPS, NAMESPACES, apiClient } from '../../../test/support/api-client.ts';
import { startApiServer } from '../../../test/support/api-server.ts';
import type { ApiServer } from '../../../test/support/api-server.ts';
import { BROKER_SETTINGS, noting } from '../../../test/support/kept-workload.ts';
import { eventually } from '../../../test/support/within.ts';
import { Authority } from '../../authority/authority.ts';
import { Caches } from '../../caches.ts';
import { systemClock } from '../../../control/clock.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { ownerNameOf, SECRETS, SERVICES } from './owned-types.ts';
import { KubeWorkloads } from './workload.ts';

const SEEN_MS = 10_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
  server.applyCrds();
});
after(() => server.stop());

test('nothing is written twice, and what others change is put right when it is seen', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const namespace = 'watched';
  const log = pino({ level: 'silent' });
  await client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  const owner = await client.create(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'grid' },
  });
  const authority = new Authority({ api: client, namespace, clock: systemClock, log });
  await authority.start();
  t.after(() => authority.close());
  const seen: KubeObject[] = [];
  const caches = new Caches({
    api: client,
    clock: systemClock,
    random: Math.random,
    logger: log,
    onDeclared: () => undefined,
    onOwned: (_, object) => void (object && seen.push(object)),
  });
  caches.start();
  t.after(() => caches.stop());
  await caches.synced();
  const writes: string[] = [];
  const api = noting(client, writes);
  const settings = BROKER_SETTINGS;
  const workloads = new KubeWorkloads({
    ownerType: CONFIG_MAPS,
    api,
    owned: caches,
    authority,
    clock: systemClock,
    settings,
  });
  const declared = { ...owner, ...TYPE, spec: {} };
  const keep = () => workloads.reconcile({ owner: declared, running: true });

  await keep();
  assert.equal(writes.length, 7);
  // At once, whatever the watch has brought so far.
  await keep();
  await keep();
  assert.equal(writes.length, 7);
  const keys = seen.map(ownerNameOf);
  assert.ok(keys.includes('grid'), 'what is seen leads to its MqttNamespace');

  for (const [type, name, patch] of [
    [SECRETS, 'grid-server', { data: { 'tls.crt': 'bm9uZQ==' } }],
    [SERVICES, 'grid', { spec: { selector: { app: 'other' } } }],
    [SERVICES, 'grid', { metadata: { labels: null } }],
  ] as const) {
    writes.length = 0;
    const edited = await client.patch(type, { namespace, name }, patch);
    const { resourceVersion } = edited.metadata;
    await eventually(SEEN_MS, 'the edit is seen', () => {
      const cached = caches.get(type, { namespace, name });
      // Without its labels it is gone from where only labelled objects are watched.
      return !cached || cached.metadata.resourceVersion === resourceVersion ? true : undefined;
    });
    await keep();
    await keep();
    assert.deepEqual(writes, [`apply ${type.kind}`]);
  }
});

const TYPE = { apiVersion: CONFIG_MAPS.apiVersion, kind: CONFIG_MAPS.kind };
