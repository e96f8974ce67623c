import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CONFIG_MAPS, NAMESPACES, apiClient } from '../test/support/api-client.ts';
import { startApiServer } from '../test/support/api-server.ts';
import type { ApiServer } from '../test/support/api-server.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { eventually, within } from '../test/support/within.ts';
import { isAlreadyExists, isConflict, isGone, KubeApiError } from './kube-api.ts';
import type { KubeObject, ResourceType, WatchEvent } from './kube-api.ts';

const CLIENTS: ResourceType = {
  apiVersion: 'mqttgrid.io/v1',
  kind: 'Client',
  plural: 'clients',
  namespaced: true,
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface DeclaredClient extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly observedGeneration?: number };
}

const EVENT_MS = 10_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
  server.applyCrds();
});
after(() => server.stop());

function configMap(name: string, data: Record<string, string> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data };
}

test('objects are made, read, replaced, patched and deleted, each only in the state meant', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const name = { namespace: 'default', name: 'life' };
  assert.equal(await client.get(CONFIG_MAPS, name), undefined);
  const made = await client.create(CONFIG_MAPS, configMap('life', { a: '1' }));
  await assert.rejects(client.create(CONFIG_MAPS, configMap('life')), (error) => {
    assert.ok(isAlreadyExists(error) && !isConflict(error));
    assert.match(String(error), /create ConfigMap "default\/life": .*already exists \(409\)/);
    return true;
  });

  const replaced = await client.replace(CONFIG_MAPS, { ...made, data: { a: '2' } });
  await assert.rejects(client.replace(CONFIG_MAPS, { ...made, data: { a: '3' } }), isConflict);
  const { resourceVersion } = made.metadata;
  const stale = { metadata: { resourceVersion }, data: { a: '3' } };
  await assert.rejects(client.patch(CONFIG_MAPS, name, stale), isConflict);
  const patched = await client.patch<ConfigMap>(CONFIG_MAPS, name, { data: { a: null, b: '4' } });
  assert.deepEqual(patched.data, { b: '4' });
  assert.notEqual(patched.metadata.resourceVersion, replaced.metadata.resourceVersion);

  await assert.rejects(client.delete(CONFIG_MAPS, name, { uid: 'a namesake' }), isConflict);
  const uid = made.metadata.uid!;
  await assert.rejects(
    client.delete(CONFIG_MAPS, name, { uid, resourceVersion: made.metadata.resourceVersion! }),
    isConflict,
  );
  assert.deepEqual((await client.get<ConfigMap>(CONFIG_MAPS, name))?.data, { b: '4' });
  await client.delete(CONFIG_MAPS, name, { uid, propagationPolicy: 'Background' });
  assert.equal(await client.get(CONFIG_MAPS, name), undefined);
  await client.delete(CONFIG_MAPS, name, { uid });
});

test('apply takes over fields only by force, and drops what it no longer says', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const mine = { fieldManager: 'mqttgrid-operator', force: false };
  await client.apply(CONFIG_MAPS, configMap('shared', { a: '1', b: '1' }), mine);
  const other = { fieldManager: 'somebody', force: false };
  await assert.rejects(
    client.apply(CONFIG_MAPS, configMap('shared', { a: '2' }), other),
    (error) => isConflict(error) && /conflict with "mqttgrid-operator"/.test(String(error)),
  );
  await client.apply(CONFIG_MAPS, configMap('shared', { a: '2' }), { ...other, force: true });
  const last = await client.apply(CONFIG_MAPS, configMap('shared', { c: '3' }), mine);
  assert.deepEqual(last.data, { a: '2', c: '3' });
});

test('a status is written without the spec, and the spec without the status', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const metadata = { namespace: 'default', name: 'pump' };
  const { apiVersion, kind } = CLIENTS;
  const spec = {
    namespaceRef: { name: 'plant' },
    authentication: { certificateSubject: { commonName: 'pump' } },
  };
  const made = await client.create<DeclaredClient>(CLIENTS, { apiVersion, kind, metadata, spec });
  const status = { observedGeneration: made.metadata.generation! };
  const patch = { status, spec: { description: 'not by this way' } };
  const patched = await client.patch<DeclaredClient>(CLIENTS, metadata, patch, {
    subresource: 'status',
  });
  assert.equal(patched.status?.observedGeneration, 1);
  assert.deepEqual(patched.spec, made.spec);
  const applied = await client.apply(
    CLIENTS,
    { apiVersion, kind, metadata, status: { observedGeneration: 7 } },
    { fieldManager: 'mqttgrid-operator', force: true, subresource: 'status' },
  );
  assert.equal(applied.status.observedGeneration, 7);
  await assert.rejects(client.patch(CLIENTS, metadata, { spec: { state: 'Asleep' } }), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.deepEqual([error.status, error.reason], [422, 'Invalid']);
    return true;
  });
});

test('a list comes in pages, with the kind on each item', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const labels = { of: 'pages' };
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    const object = configMap(name);
    await client.create(CONFIG_MAPS, { ...object, metadata: { ...object.metadata, labels } });
  }
  const selection = { namespace: 'default', labelSelector: 'of=pages', limit: 2 };
  const first = await client.list<ConfigMap>(CONFIG_MAPS, selection);
  const second = await client.list<ConfigMap>(CONFIG_MAPS, {
    ...selection,
    continue: first.continue!,
  });
  assert.equal(second.resourceVersion, first.resourceVersion);
  const names = [...first.items, ...second.items].map(
    (item) => `${item.kind} ${item.metadata.name}`,
  );
  assert.deepEqual(names, ['ConfigMap p1', 'ConfigMap p2', 'ConfigMap p3', 'ConfigMap p4']);
  const byField = { namespace: 'default', fieldSelector: 'metadata.name=p5' };
  assert.equal((await client.list(CONFIG_MAPS, byField)).items.length, 1);
  assert.ok((await client.list(NAMESPACES, {})).items.length >= 4);
});

test('a watch tells what happened since, and before its end how far it has come', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: 'default' });
  const made = await client.create(CONFIG_MAPS, configMap('watched'));
  const events: WatchEvent<ConfigMap>[] = [];
  const stop = new AbortController();
  const ended = client.watch<ConfigMap>(
    CONFIG_MAPS,
    { namespace: 'default', resourceVersion, timeoutSeconds: 20, signal: stop.signal },
    (event) => events.push(event),
  );
  const types = (): string => events.map(({ type }) => type).join(' ');
  await eventually(EVENT_MS, 'the past', () => (types() === 'ADDED' ? true : undefined));
  const name = { namespace: 'default', name: 'watched' };
  await client.patch(CONFIG_MAPS, name, { data: { a: 'a line\u2028separator' } });
  await client.delete(CONFIG_MAPS, name, { uid: made.metadata.uid! });
  const all = 'ADDED MODIFIED DELETED';
  await eventually(EVENT_MS, 'what comes', () => (types() === all ? true : undefined));
  stop.abort();
  await ended;

  const bookmarks: WatchEvent<ConfigMap>[] = [];
  const options = { resourceVersion, timeoutSeconds: 5, signal: new AbortController().signal };
  const quiet = client.watch<ConfigMap>(
    CONFIG_MAPS,
    { ...options, namespace: 'kube-public' },
    (event) => bookmarks.push(event),
  );
  // Without anything new since the watch began there is nothing to say.
  await delay(1_000);
  const last = await client.create(CONFIG_MAPS, configMap('elsewhere'));
  await within(10_000, 'the end that the server sets', quiet);
  assert.ok(bookmarks.length > 0 && bookmarks.every(({ type }) => type === 'BOOKMARK'));
  assert.equal(bookmarks[0]?.object.metadata.resourceVersion, last.metadata.resourceVersion);
});

test('a list and a watch from a state that is no longer kept are gone', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  for (const name of ['past', 'passing']) await client.create(CONFIG_MAPS, configMap(name));
  const page = await client.list(CONFIG_MAPS, { namespace: 'default', limit: 1 });
  await client.create(CONFIG_MAPS, configMap('present'));
  await server.compact();
  // It remembers more than etcd does, until it ends.
  await server.down();
  await server.up();
  const rest = { namespace: 'default', limit: 1, continue: page.continue! };
  await assert.rejects(client.list(CONFIG_MAPS, rest), isGone);
  const { signal } = new AbortController();
  const options = { resourceVersion: page.resourceVersion, timeoutSeconds: 20, signal };
  const watch = client.watch(CONFIG_MAPS, options, () => undefined);
  await assert.rejects(within(EVENT_MS, 'the answer', watch), isGone);
});

test('a server that goes is unreachable, and the same client goes on when it is back', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const name = { namespace: 'default', name: 'kube-root-ca.crt' };
  await client.get(CONFIG_MAPS, name);
  await server.down();
  await assert.rejects(client.get(CONFIG_MAPS, name), /ECONNREFUSED/);
  await server.up();
  await client.get(CONFIG_MAPS, name);
});

test('credentials that are refused are asked for anew', async (t) => {
  const folder = temporaryFolder(t);
  server.kubectl('create', 'serviceaccount', 'reader');
  const token = (): string => server.kubectl('create', 'token', 'reader');
  const config = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as {
    users: { user: object }[];
  };
  config.users[0]!.user = {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'cat',
      args: [`${folder}/credential`],
    },
  };
  writeFileSync(`${folder}/config`, JSON.stringify(config));
  const credential = (status: object): void =>
    writeFileSync(`${folder}/credential`, JSON.stringify({ kind: 'ExecCredential', status }));
  const client = apiClient(t, `${folder}/config`);
  const ask = (): Promise<unknown> => client.list(CONFIG_MAPS, { namespace: 'default' });
  credential({ token: 'expired', expirationTimestamp: new Date(0).toISOString() });
  await assert.rejects(ask(), (error) => error instanceof KubeApiError && error.status === 401);
  credential({ token: token() });
  const user = 'system:serviceaccount:default:reader';
  await assert.rejects(ask(), new RegExp(`list configmaps: .*User "${user}" cannot list`));
});
