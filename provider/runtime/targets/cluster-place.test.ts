import assert from 'node:assert/strict';
import { writeFileSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { resolveCluster, type ClusterPlace } from './cluster-place.ts';
import { isSamePlace } from './place.ts';

const SECRET = 'c2VjcmV0LXRva2Vu';

function kubeconfig(port = 6443): string {
  return `apiVersion: v1
kind: Config
clusters:
  - { name: near, cluster: { server: 'https://near.example:${port}/' } }
  - { name: far, cluster: { server: 'https://far.example/k8s/a' } }
  - { name: plain, cluster: { server: 'http://127.0.0.1:8001' } }
users:
  - { name: me, user: { token: ${SECRET} } }
contexts:
  - { name: near, context: { cluster: near, user: me, namespace: plant } }
  - { name: far, context: { cluster: far, user: me } }
  - { name: plain, context: { cluster: plain, user: me } }
  - { name: lost, context: { cluster: nowhere, user: me } }
current-context: near
`;
}

/** Nothing is found by default but what a test puts there. */
function home(t: TestContext): string {
  const folder = temporaryFolder(t);
  const before = { HOME: process.env['HOME'], KUBECONFIG: process.env['KUBECONFIG'] };
  process.env['HOME'] = folder;
  delete process.env['KUBECONFIG'];
  t.after(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return folder;
}

function resolved(place: ClusterPlace): string {
  const cluster = resolveCluster(place);
  if (!cluster.ok) return `${cluster.fault.message}; ${cluster.fault.remedy}`;
  const { server, namespace, context } = cluster.value;
  return `${server} ${namespace} ${context}`;
}

const NEAR = 'https://near.example:6443 plant near';

test('a kubeconfig is its text, or a path, from the home folder or from here', (t) => {
  const folder = home(t);
  const file = join(folder, 'config.yaml');
  writeFileSync(file, kubeconfig());
  assert.equal(resolved({ kubeconfig: kubeconfig() }), NEAR);
  assert.equal(resolved({ kubeconfig: file }), NEAR);
  assert.equal(resolved({ kubeconfig: '~/config.yaml' }), NEAR);
  assert.equal(resolved({ kubeconfig: relative('.', file) }), NEAR);
  const inJson = JSON.stringify({ apiVersion: 'v1', contexts: [] });
  assert.match(resolved({ kubeconfig: inJson }), /that is given as text has no context/);
});

test('without one it is found as kubectl finds it', (t) => {
  const folder = home(t);
  assert.match(resolved({}), /^no cluster: there is no KUBECONFIG, no ~\/.kube\/config .*; state/);
  mkdirSync(join(folder, '.kube'));
  writeFileSync(join(folder, '.kube/config'), kubeconfig());
  assert.equal(resolved({}), NEAR);
  process.env['KUBECONFIG'] = join(folder, 'other');
  writeFileSync(join(folder, 'other'), kubeconfig(7443));
  assert.equal(resolved({}), 'https://near.example:7443 plant near');
});

const CASES: readonly (readonly [string, ClusterPlace, RegExp])[] = [
  ['a context by its name', { context: 'far' }, /^https:\/\/far.example\/k8s\/a default far$/],
  ['a namespace that is stated', { namespace: 'mine' }, /^https:\/\/near.example:6443 mine near$/],
  [
    'a context that is not there',
    { context: 'prod' },
    /has no context "prod"; make mqttgrid:context "near", "far", "plain" or "lost"$/,
  ],
  ['a server without TLS', { context: 'plain' }, /^context "plain" .* has no https server; give/],
  ['a cluster that is not there', { context: 'lost' }, /^context "lost" .* has no https server/],
  ['a file that is not there', { kubeconfig: '/none' }, /^the kubeconfig \/none does not exist; /],
  ['a folder', { kubeconfig: '/' }, /^the kubeconfig \/ cannot be read \(EISDIR\); /],
  ['no YAML', { kubeconfig: `a: b\nusers: [${SECRET}` }, /^the .* is not a kubeconfig: line \d is/],
  ['YAML of something else', { kubeconfig: `${SECRET}\n` }, /as text has no context; state/],
  ['a long secret', { kubeconfig: SECRET.repeat(50) }, /that is given as text cannot be read/],
];

for (const [what, place, expected] of CASES) {
  test(`of ${what} no secret is shown`, () => {
    const said = resolved({ kubeconfig: kubeconfig(), ...place });
    assert.match(said, expected);
    assert.doesNotMatch(said, new RegExp(SECRET));
  });
}

test('places are the same where they lead to the same API server, or the same folder', (t) => {
  const folder = home(t);
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig());
  const isSame = (before: ClusterPlace, after: ClusterPlace): boolean =>
    isSamePlace({ cluster: before }, { cluster: after });
  const text = kubeconfig();
  assert.ok(isSame({ kubeconfig: file }, { kubeconfig: text, context: 'near' }));
  assert.ok(!isSame({ kubeconfig: file }, { kubeconfig: text, context: 'far' }));
  assert.ok(!isSame({ kubeconfig: file }, { kubeconfig: kubeconfig(1) }));
  const [gone, later] = [join(folder, 'gone'), join(folder, 'later')];
  assert.ok(isSame({ kubeconfig: gone }, { kubeconfig: later }));
  assert.ok(isSame({ kubeconfig: gone, context: 'near' }, { kubeconfig: text, context: 'near' }));
  assert.ok(!isSame({ kubeconfig: gone, context: 'near' }, { kubeconfig: text, context: 'far' }));
  const here = { directory: { path: './manifests' } };
  assert.ok(isSamePlace(here, { directory: { path: 'other/../manifests', namespace: 'x' } }));
  assert.ok(!isSamePlace(here, { directory: { path: 'other' } }));
  assert.ok(!isSamePlace(here, { cluster: { kubeconfig: gone } }));
});
