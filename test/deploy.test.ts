/** What deploy/ installs: the kustomize base, the chart beside it, and what both take from here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { operatorCommand } from '../cli/operator.ts';
import { CRDS } from '../crds/definitions.ts';
import { skipWithout } from './support/peers.ts';
import { REPOSITORY } from './support/up.ts';

const CHART = path.join(REPOSITORY, 'deploy/chart');
const OPERATOR_NAMESPACE = 'mqttgrid-system';
/** A release that the chart supports; without a cluster helm assumes a very old one. */
const KUBE_VERSION = '1.34.0';
const TOOL_MS = 30_000;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly rules?: readonly Rule[];
  readonly [field: string]: unknown;
}

function read(file: string): string {
  return readFileSync(path.join(REPOSITORY, file), 'utf8');
}

function manifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

function isOnPath(tool: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.some((folder) => {
    try {
      return readdirSync(folder).includes(tool);
    } catch {
      return false;
    }
  });
}

/** Undefined: a tool is missing, and the test is skipped, or fails where peers are required. */
function run(t: TestContext, tool: string, parameters: readonly string[]): string | undefined {
  if (!isOnPath(tool)) {
    skipWithout(t, `${tool} is not on PATH`);
    return undefined;
  }
  return execFileSync(tool, parameters, {
    encoding: 'utf8',
    timeout: TOOL_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function kustomize(t: TestContext): Manifest[] | undefined {
  const text = run(t, 'kubectl', ['kustomize', path.join(REPOSITORY, 'deploy')]);
  return text === undefined ? undefined : manifests(text);
}

function helm(t: TestContext, ...settings: readonly string[]): Manifest[] | undefined {
  const text = run(t, 'helm', [
    ...['template', 'mqttgrid', CHART, '--namespace', OPERATOR_NAMESPACE],
    ...['--kube-version', KUBE_VERSION],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
  return text === undefined ? undefined : manifests(text);
}

const CLUSTER_SCOPED = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'Namespace',
  'ValidatingWebhookConfiguration',
]);
/** What helm puts on everything that it installs. */
const HELM_KEYS = new Set([
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
  'helm.sh/resource-policy',
]);

function withoutHelmKeys(pairs: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(pairs).filter(([key]) => !HELM_KEYS.has(key)));
}

/** By kind and name, as the API server would have them: whatever the tool, in the namespace. */
function normalized(objects: readonly Manifest[]): Record<string, unknown> {
  const entries = objects.map((object) => {
    const { metadata, ...rest } = object;
    const namespace = CLUSTER_SCOPED.has(object.kind)
      ? {}
      : { namespace: metadata.namespace ?? OPERATOR_NAMESPACE };
    const labels = withoutHelmKeys(metadata.labels);
    const annotations = withoutHelmKeys(metadata.annotations);
    const name = `${object.kind}/${metadata.name}`;
    return [name, { ...rest, metadata: { ...metadata, ...namespace, labels, annotations } }];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

test('the kustomize base and the chart as it comes render the same objects', (t) => {
  const base = kustomize(t);
  const chart = helm(t);
  if (base === undefined || chart === undefined) return;
  // `helm install --create-namespace` makes it, and helm will not own it.
  const [namespaces, others] = [
    base.filter(({ kind }) => kind === 'Namespace'),
    base.filter(({ kind }) => kind !== 'Namespace'),
  ];
  assert.deepEqual(
    namespaces.map(({ metadata }) => metadata.name),
    [OPERATOR_NAMESPACE],
  );
  assert.deepEqual(normalized(chart), normalized(others));
});

suite('the chart', { concurrency: 1 }, () => {
  test('renders what is switched on, and not what is switched off', (t) => {
    const off = ['crds', 'webhook', 'networkPolicy', 'podDisruptionBudget'];
    const chart = helm(
      t,
      ...off.map((name) => `${name}.enabled=false`),
      'serviceMonitor.enabled=true',
    );
    if (chart === undefined) return;
    const kinds = new Set(chart.map(({ kind }) => kind));
    for (const kind of ['CustomResourceDefinition', 'NetworkPolicy', 'PodDisruptionBudget']) {
      assert.ok(!kinds.has(kind), kind);
    }
    assert.ok(!kinds.has('ValidatingWebhookConfiguration'));
    assert.ok(kinds.has('ServiceMonitor'));
  });

  test('keeps what was declared when it is uninstalled, unless told otherwise', (t) => {
    const kept = (chart: readonly Manifest[]): string[] =>
      chart
        .filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep')
        .map(({ kind }) => kind);
    const asItComes = helm(t);
    const cleared = helm(t, 'crds.keep=false');
    if (asItComes === undefined || cleared === undefined) return;
    assert.deepEqual(kept(asItComes), [...CRDS.keys()].fill('CustomResourceDefinition' as never));
    assert.deepEqual(kept(cleared), []);
  });

  test('runs the image by tag or by digest', (t) => {
    const imageOf = (chart: readonly Manifest[]): unknown => {
      const deployment = chart.find(({ kind }) => kind === 'Deployment');
      return JSON.stringify(deployment).match(/"image":"([^"]+)"/)?.[1];
    };
    const digest = `sha256:${'a'.repeat(64)}`;
    const tagged = helm(t, 'image.repository=registry.example/m', 'image.tag=v7');
    const pinned = helm(t, 'image.repository=registry.example/m', `image.digest=${digest}`);
    if (tagged === undefined || pinned === undefined) return;
    assert.equal(imageOf(tagged), 'registry.example/m:v7');
    assert.equal(imageOf(pinned), `registry.example/m@${digest}`);
  });

  test('gives the operator no option that it does not have', (t) => {
    const limits = ['mqttNamespacesMax', 'apiCallsInFlight', 'apiWritesPerSecond'];
    const chart = helm(t, 'logLevel=debug', ...limits.map((name) => `limits.${name}=7`));
    if (chart === undefined) return;
    const [, given = '[]'] = /"args":(\[[^\]]*\])/.exec(JSON.stringify(chart)) ?? [];
    const [command, ...options] = JSON.parse(given) as string[];
    assert.equal(command, 'operator');
    const known = operatorCommand().options.map(({ long }) => long);
    assert.equal(options.length, limits.length + 1);
    for (const option of options) assert.ok(known.includes(option.split('=')[0]), option);
  });

  test('refuses values that it does not know', (t) => {
    for (const setting of ['replica=1', 'logLevel=loud', 'image.digest=abc', 'crds.kept=true']) {
      let refusal = '';
      try {
        if (helm(t, setting) === undefined) return;
      } catch (error) {
        refusal = String(error);
      }
      assert.match(refusal, /values don't meet the specifications/, setting);
    }
  });
});

suite('what the operator may do', () => {
  const access = manifests(read('deploy/operator-access.yaml'));
  const rules = access.flatMap((manifest) => manifest.rules ?? []);

  test('names every resource and verb', () => {
    assert.ok(rules.length > 0);
    for (const rule of rules) {
      const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
      assert.ok(!words.includes('*'), JSON.stringify(rule));
    }
  });

  test('never writes what users declare, and writes the status of every kind', () => {
    const own = rules.filter(({ apiGroups }) => apiGroups.includes('mqttgrid.io'));
    for (const { plural } of CRDS.values()) {
      const verbs = own.filter((rule) => rule.resources.includes(plural)).flatMap((r) => r.verbs);
      assert.deepEqual(verbs.sort(), ['get', 'list', 'watch'], plural);
      assert.ok(
        own.some((rule) => rule.resources.includes(`${plural}/status`)),
        plural,
      );
    }
  });
});

test('users of a Kubernetes namespace get every kind with the roles that they have', () => {
  for (const { metadata, rules = [] } of manifests(read('deploy/user-access.yaml'))) {
    for (const { plural } of CRDS.values()) {
      assert.ok(
        rules.some((rule) => rule.resources.includes(plural)),
        `${metadata.name}: ${plural}`,
      );
    }
  }
});

test('every resource definition is installed', () => {
  const { resources } = parse(read('crds/kustomization.yaml')) as { resources: string[] };
  assert.deepEqual(resources, [...CRDS.values()].map(({ plural }) => `${plural}.yaml`).sort());
});

test('the image, the base and the chart have the version of the package', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const base = parse(read('deploy/kustomization.yaml')) as { images: { newTag: string }[] };
  const chart = parse(read('deploy/chart/Chart.yaml')) as Record<string, unknown>;
  assert.deepEqual(
    [version],
    base.images.map(({ newTag }) => newTag),
  );
  assert.deepEqual([chart['version'], chart['appVersion']], [version, version]);
});
