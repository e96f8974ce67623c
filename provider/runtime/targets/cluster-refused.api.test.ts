/** Clusters that cannot be used, or not always. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiClient } from '../../../test/support/api-client.ts';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import {
  applyOptions,
  faultIn,
  manifest,
  openCluster,
  STACK,
  tellStatus,
  valueOf,
  waiting,
  withToken,
} from '../../../test/support/cluster-target.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { eventually, within } from '../../../test/support/within.ts';
import type { Target } from './target.ts';

const COMES_MS = 30_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const OBJECT = manifest('Client', 'a');

/** What each operation says, one after the other. */
async function faultsOf(target: Target): Promise<string[]> {
  return [
    faultIn(await target.declared('default')),
    faultIn(await target.apply(OBJECT, applyOptions())),
  ];
}

test('a cluster without our definitions is told of with how to install them', async () => {
  const target = openCluster({ kubeconfig: server.kubeconfig });
  for (const fault of await faultsOf(target)) {
    assert.match(fault, /127.0.0.1:\d+ does not know \w+ of mqttgrid.io\/v1; install mqttgrid/);
  }
  // What it does not know is not there either.
  assert.equal(valueOf(await target.get(OBJECT)), undefined);
  valueOf(await target.remove(OBJECT, { ...waiting(), uid: 'x', fieldManager: STACK }));
});

test('a cluster that is not there fails each operation', async (t) => {
  const file = join(temporaryFolder(t), 'kubeconfig');
  const { port } = new URL(server.url);
  const text = withToken(server.kubeconfig, 'x').replaceAll(`:${port}`, ':1');
  writeFileSync(file, text);
  const target = openCluster({ kubeconfig: file });
  const removed = await target.remove(OBJECT, { ...waiting(), uid: 'x', fieldManager: STACK });
  const faults = [...(await faultsOf(target)), faultIn(await target.get(OBJECT)), faultIn(removed)];
  assert.equal(faults.length, 4);
  for (const fault of faults) {
    assert.match(fault, /https:\/\/127.0.0.1:1 gives no answer: .*ECONNREFUSED/);
    assert.match(fault, /; see that the cluster is up, and that context test is the right one$/);
  }
});

test('a token whose account is gone is told of, and never shown', async () => {
  server.kubectl('create', 'serviceaccount', 'gone');
  const token = server.kubectl('create', 'token', 'gone').trim();
  server.kubectl('delete', 'serviceaccount', 'gone');
  const kubeconfig = withToken(server.kubeconfig, token);
  for (const fault of await faultsOf(openCluster({ kubeconfig }))) {
    assert.match(fault, /does not accept the credentials of context test \(401\); renew them/);
    assert.ok(!fault.includes(token.slice(0, 20)));
  }
});

test('a cluster reached in two ways is the same one', () => {
  const kubeconfig = withToken(server.kubeconfig, 'x');
  const one = openCluster({ kubeconfig: server.kubeconfig });
  assert.equal(openCluster({ kubeconfig, context: 'test' }).identity, one.identity);
  assert.equal(one.identity, `cluster ${server.url}`);
});

test('an API server that is away for a while does not end a wait', async (t) => {
  server.applyCrds();
  const target = openCluster({ kubeconfig: server.kubeconfig });
  const said = waiting(60_000);
  const made = valueOf(await target.apply(OBJECT, applyOptions()));
  const pending = [{ type: 'Ready', reason: 'Pending', message: 'soon' }] as const;
  const operator = apiClient(t, server.kubeconfig);
  await tellStatus(operator, OBJECT, pending);
  const waited = target.untilReady(made, OBJECT, said);
  await eventually(COMES_MS, 'a first look', () => said.progress[0]);
  await server.down();
  await eventually(COMES_MS, 'trouble', () =>
    said.progress.find((message) => /waiting: .* gives no answer: /.test(message)),
  );
  await server.up();
  await tellStatus(operator, OBJECT);
  assert.equal((await within(COMES_MS, 'Ready', waited)).fault, undefined);
});
