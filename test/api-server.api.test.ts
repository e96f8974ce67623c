import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApiServer } from './support/api-server.ts';

test('an API server of our own serves the CRDs, knows users by certificate, and comes back', async (t) => {
  const server = await startApiServer();
  t.after(() => server.stop());
  server.applyCrds();
  const kinds = server.kubectl(
    'api-resources',
    '--api-group=mqttgrid.io',
    '--no-headers',
    '-oname',
  );
  assert.equal(kinds.trim().split('\n').length, 8);

  const kubeconfig = await server.kubeconfigFor({ commonName: 'nobody' });
  const ask = (): string => server.kubectl('--kubeconfig', kubeconfig, 'get', 'clients');
  assert.throws(ask, /User "nobody" cannot list resource "clients"/);

  await server.down();
  assert.throws(() => server.kubectl('get', 'namespaces'), /refused/);
  await server.up();
  await server.compact();
  assert.match(server.kubectl('get', 'namespaces'), /kube-system/);
});

test('without its programs it says what to set', async () => {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  process.env['KUBEBUILDER_ASSETS'] = '/nowhere';
  try {
    await assert.rejects(
      startApiServer(),
      /no kube-apiserver, etcd, kubectl: set KUBEBUILDER_ASSETS/,
    );
  } finally {
    process.env['KUBEBUILDER_ASSETS'] = folder;
  }
});
