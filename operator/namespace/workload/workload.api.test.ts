/** What an API server makes of the objects. It runs no controller: there are no pods here. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { MqttNamespaceSpec } from '../../../domain/resources.ts';
import { apiClient } from '../../../test/support/api-client.ts';
import { startApiServer } from '../../../test/support/api-server.ts';
import type { ApiServer } from '../../../test/support/api-server.ts';
import { COMPLETE_SPECS } from '../../../test/support/complete-specs.ts';
import { workloadStage } from '../../../test/support/workload-stage.ts';
import type { WorkloadStage } from '../../../test/support/workload-stage.ts';
import type { KubeObject, ResourceType } from '../../../kube/kube-api.ts';
import {
  DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
  PODS,
  SECRETS,
  SERVICES,
  STATEFUL_SETS,
} from './owned-types.ts';
import type { Service } from './services.ts';
import type { StatefulSet } from './stateful-set.ts';

const REST_MS = 30_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const stage = (t: TestContext, spec?: MqttNamespaceSpec): Promise<WorkloadStage> =>
  workloadStage(t, server.kubeconfig, spec);

const OBJECTS: readonly (readonly [ResourceType, string])[] = [
  [SERVICES, 'grid'],
  [SERVICES, 'grid-headless'],
  [DISRUPTION_BUDGETS, 'grid'],
  [NETWORK_POLICIES, 'grid'],
  [SECRETS, 'grid-control'],
  [SECRETS, 'grid-server'],
  [STATEFUL_SETS, 'grid'],
];

test('all objects are made in one go, and then nothing is written', async (t) => {
  const { workload, get } = await stage(t);
  const standing = await workload.keep();
  assert.deepEqual(
    workload.writes.splice(0).sort(),
    OBJECTS.map(([{ kind }]) => `apply ${kind}`).sort(),
  );
  for (const [type, name] of OBJECTS) {
    const { metadata } = await get(type, name);
    assert.equal(metadata.ownerReferences?.[0]?.uid, workload.owner.metadata.uid);
    assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'mqttgrid');
  }
  assert.deepEqual(standing.endpoints, [
    { address: `grid.${workload.owner.metadata.namespace}.svc`, port: 8883 },
  ]);
  assert.equal(standing.replicas, 1);
  assert.equal(standing.readyReplicas, 0);
  assert.equal(standing.unavailable?.reason, 'BrokerUnavailable');
  await workload.keep();
  assert.deepEqual(workload.writes, []);
});

test('a MqttNamespace with everything that can be set rests, too', async (t) => {
  const spec = { ...COMPLETE_SPECS.MqttNamespace, replicas: 1, tls: {} };
  const { workload } = await stage(t, spec);
  const { unavailable } = await workload.keep();
  assert.match(unavailable?.message ?? '', /^the pod grid-0 is not made yet/);
  workload.writes.length = 0;
  await workload.keep();
  assert.deepEqual(workload.writes, []);
});

test('quantities that the API server prints another way are no difference', async (t) => {
  const resources = { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { cpu: 2 } };
  const { workload } = await stage(t, { resources, storage: { size: '2048Mi' } });
  await workload.keep();
  workload.writes.length = 0;
  await workload.keep();
  assert.deepEqual(workload.writes, []);
});

test('the restricted Pod Security Standard admits the pods', async (t) => {
  const { workload, get, namespace } = await stage(t);
  await workload.keep();
  const { spec } = await get<StatefulSet>(STATEFUL_SETS);
  const { volumes = [], ...pod } = spec.template.spec ?? { containers: [] };
  const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data-grid-0' } };
  const api = apiClient(t, server.kubeconfig);
  const made = await api.apply(
    PODS,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'grid-0', namespace },
      spec: { ...pod, volumes: [...volumes, claim] },
    } as KubeObject,
    { fieldManager: 'test', force: false, dryRun: true },
  );
  assert.equal(made.metadata.name, 'grid-0');
  // What it would not admit, it says.
  const [container] = pod.containers;
  const rootly = { ...container, securityContext: {} };
  await assert.rejects(
    api.apply(
      PODS,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'grid-0', namespace },
        spec: { ...pod, containers: [rootly], volumes: [...volumes, claim] },
      } as KubeObject,
      { fieldManager: 'test', force: false, dryRun: true },
    ),
    /violates PodSecurity/,
  );
});

suite('drift is put right', () => {
  const edits: readonly (readonly [string, ResourceType, string, object])[] = [
    ['a port of the Service', SERVICES, 'grid', { spec: { ports: [{ name: 'mqtts', port: 1 }] } }],
    [
      'the Service without its selector',
      SERVICES,
      'grid',
      { spec: { selector: { app: 'other' } } },
    ],
    [
      'the labels of the headless Service',
      SERVICES,
      'grid-headless',
      { metadata: { labels: null } },
    ],
    [
      'the owner of the budget',
      DISRUPTION_BUDGETS,
      'grid',
      { metadata: { ownerReferences: null } },
    ],
    ['the budget itself', DISRUPTION_BUDGETS, 'grid', { spec: { maxUnavailable: 0 } }],
    ['a policy that lets more out', NETWORK_POLICIES, 'grid', { spec: { egress: [{}] } }],
    ['a key', SECRETS, 'grid-server', { data: { 'tls.key': 'bm8ga2V5' } }],
    ['the authority', SECRETS, 'grid-control', { data: { 'ca.crt': 'bm9uZQ==' } }],
    [
      'the image',
      STATEFUL_SETS,
      'grid',
      { spec: { template: { spec: { containers: [{ name: 'broker', image: 'other:1' }] } } } },
    ],
    ['the annotations', STATEFUL_SETS, 'grid', { metadata: { annotations: null } }],
  ];
  for (const [what, type, name, patch] of edits) {
    test(what, async (t) => {
      const { workload, get, edit } = await stage(t);
      await workload.keep();
      const before = (await get<KubeObject & { spec?: object }>(type, name)).spec;
      await edit(type, name, patch);
      await workload.rest(REST_MS);
      const { spec, metadata } = await get<KubeObject & { spec?: object }>(type, name);
      assert.deepEqual(spec, before);
      assert.equal(metadata.ownerReferences?.[0]?.uid, workload.owner.metadata.uid);
    });
  }

  for (const [type, name] of OBJECTS) {
    test(`${type.kind} ${name}, deleted`, async (t) => {
      const { api, namespace, workload, get } = await stage(t);
      await workload.keep();
      const { uid = '' } = (await get(type, name)).metadata;
      await api.delete(type, { namespace, name }, { uid });
      await workload.rest(REST_MS);
      assert.notEqual((await get(type, name)).metadata.uid, uid);
    });
  }

  test('what others add is left to them', async (t) => {
    const { workload, get, edit } = await stage(t);
    await workload.keep();
    workload.writes.length = 0;
    await edit(SERVICES, 'grid', { metadata: { annotations: { theirs: 'yes' } } });
    await edit(STATEFUL_SETS, 'grid', { spec: { minReadySeconds: 3 } });
    await workload.keep();
    assert.deepEqual(workload.writes, []);
    assert.equal((await get(SERVICES)).metadata.annotations?.['theirs'], 'yes');
  });
});

suite('the number of pods', () => {
  const replicasOf = async ({ get }: WorkloadStage): Promise<number | undefined> =>
    (await get<StatefulSet>(STATEFUL_SETS)).spec.replicas;

  test('is what an autoscaler sets, until it is declared anew', async (t) => {
    const on = await stage(t);
    await on.workload.keep();
    await on.edit(STATEFUL_SETS, 'grid', { spec: { replicas: 3 } });
    on.workload.writes.length = 0;
    assert.equal((await on.workload.keep()).replicas, 3);
    assert.deepEqual(on.workload.writes, []);
    // Another change leaves it, too.
    on.workload.spec = { image: 'localhost/pause:2' };
    await on.workload.keep();
    assert.equal(await replicasOf(on), 3);
    on.workload.spec = { image: 'localhost/pause:2', replicas: 0 };
    assert.equal((await on.workload.keep()).replicas, 0);
    assert.equal(await replicasOf(on), 0);
  });

  test('is none while the MqttNamespace may not run, and everything else stays', async (t) => {
    const on = await stage(t);
    await on.workload.keep();
    on.workload.writes.length = 0;
    on.workload.running = false;
    const standing = await on.workload.keep();
    assert.equal(standing.replicas, 0);
    assert.equal(standing.unavailable, undefined);
    assert.equal(await replicasOf(on), 0);
    assert.deepEqual(on.workload.writes.splice(0), ['patch StatefulSet']);
    await on.workload.keep();
    assert.deepEqual(on.workload.writes, []);
    on.workload.running = true;
    await on.workload.rest(REST_MS);
    assert.equal(await replicasOf(on), 1);
  });
});

suite('the Service', () => {
  test('changes its type and loses annotations that are not declared any more', async (t) => {
    const on = await stage(t, {
      service: { type: 'NodePort', annotations: { 'example.com/pool': 'a', other: 'b' } },
    });
    await on.workload.keep();
    on.workload.spec = { service: { annotations: { other: 'c' } } };
    await on.workload.rest(REST_MS);
    const { spec, metadata } = await on.get<Service>(SERVICES);
    assert.equal(spec.type, 'ClusterIP');
    assert.equal(metadata.annotations?.['example.com/pool'], undefined);
    assert.equal(metadata.annotations?.['other'], 'c');
  });

  test('of a load balancer is what clients are told, and what the certificate states', async (t) => {
    const on = await stage(t, { service: { type: 'LoadBalancer' } });
    await on.workload.keep();
    const ingress = [{ hostname: 'broker.example.com' }, { ip: '203.0.113.7' }];
    const name = { namespace: on.namespace, name: 'grid' };
    await on.api.patch(
      SERVICES,
      name,
      { status: { loadBalancer: { ingress } } },
      { subresource: 'status' },
    );
    const { endpoints } = await on.workload.rest(REST_MS);
    assert.deepEqual(
      endpoints.map(({ address }) => address),
      ['broker.example.com', '203.0.113.7', `grid.${on.namespace}.svc`],
    );
    const secret = await on.get<KubeObject & { data: Record<string, string> }>(
      SECRETS,
      'grid-server',
    );
    const pem = Buffer.from(secret.data['tls.crt'] ?? '', 'base64').toString();
    const certificate = new X509Certificate(pem);
    assert.ok(certificate.checkHost('broker.example.com'));
    assert.ok(certificate.checkIP('203.0.113.7'));
    assert.ok(certificate.checkHost(`grid.${on.namespace}.svc.cluster.local`));
    assert.equal(certificate.checkHost('other.example.com'), undefined);
  });
});

suite('what stands in the way', () => {
  test("somebody else's object is told of and never touched", async (t) => {
    const on = await stage(t);
    await on.api.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'grid', namespace: on.namespace },
      spec: { ports: [{ port: 80 }] },
    } as KubeObject);
    const before = await on.get(SERVICES);
    const { unavailable, endpoints } = await on.workload.keep();
    assert.match(unavailable?.message ?? '', /Service .*grid exists and does not belong/);
    assert.deepEqual(endpoints, []);
    assert.deepEqual(await on.get(SERVICES), before);
    await on.api.delete(SERVICES, before.metadata, {
      uid: before.metadata.uid ?? '',
    });
    await on.workload.rest(REST_MS);
    assert.ok((await on.get(SERVICES)).metadata.ownerReferences);
  });

  test('what the API server refuses is told in its words, and not sent again and again', async (t) => {
    const resources = { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } };
    const on = await stage(t, { resources });
    const { unavailable, againAfterMs } = await on.workload.keep();
    assert.match(unavailable?.message ?? '', /must be less than or equal to memory limit/);
    assert.ok(againAfterMs !== undefined);
    on.workload.writes.length = 0;
    await on.workload.keep();
    assert.deepEqual(on.workload.writes, []);
    on.workload.spec = {};
    await on.workload.rest(REST_MS);
    assert.ok(await on.get(STATEFUL_SETS));
  });

  test('a StatefulSet is not given up for one that the API server would refuse', async (t) => {
    const on = await stage(t);
    await on.workload.keep();
    const { uid } = (await on.get(STATEFUL_SETS)).metadata;
    on.workload.spec = { storage: { size: '0' } };
    const { unavailable } = await on.workload.keep();
    assert.match(unavailable?.message ?? '', /must be greater than zero/);
    assert.equal((await on.get(STATEFUL_SETS)).metadata.uid, uid);
    assert.equal((await on.get(STATEFUL_SETS)).metadata.deletionTimestamp, undefined);
  });
});

suite('a certificate of the user', () => {
  const PAIR_NAME = 'of-the-user';

  async function createPair(on: WorkloadStage, name: string): Promise<void> {
    const { 'tls.crt': certificate, 'tls.key': key } = (
      await on.get<KubeObject & { data: Record<string, string> }>(SECRETS, 'grid-server')
    ).data;
    await on.api.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: on.namespace },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': certificate, 'tls.key': key },
    } as KubeObject);
  }

  const secretInUse = async ({ get }: WorkloadStage): Promise<string | undefined> => {
    const { spec } = await get<StatefulSet>(STATEFUL_SETS);
    const volume = spec.template.spec?.volumes?.find(({ name }) => name === 'server');
    return volume?.secret?.secretName;
  };

  test('that is missing leaves pods with what they have', async (t) => {
    const on = await stage(t);
    await on.workload.keep();
    await createPair(on, PAIR_NAME);
    on.workload.spec = { tls: { secretName: 'missing' }, image: 'localhost/pause:2' };
    const { unresolved } = await on.workload.keep();
    assert.deepEqual(
      unresolved.map(({ reason, field }) => [reason, field.join('.')]),
      [['RefNotFound', 'spec.tls.secretName']],
    );
    assert.equal(await secretInUse(on), 'grid-server');
    on.workload.spec = { tls: { secretName: PAIR_NAME } };
    assert.deepEqual((await on.workload.keep()).unresolved, []);
    assert.equal(await secretInUse(on), PAIR_NAME);
  });

  test('that is missing from the start starts no pods, until it is there', async (t) => {
    const on = await stage(t, { tls: { secretName: PAIR_NAME } });
    const { unresolved, unavailable } = await on.workload.keep();
    assert.equal(unresolved[0]?.reason, 'RefNotFound');
    assert.match(unavailable?.message ?? '', /no broker starts without the certificate/);
    assert.equal(
      await on.api.get(STATEFUL_SETS, { namespace: on.namespace, name: 'grid' }),
      undefined,
    );
    on.workload.spec = {};
    await on.workload.keep();
    await createPair(on, PAIR_NAME);
    on.workload.spec = { tls: { secretName: PAIR_NAME } };
    // What was found missing is looked at again within seconds.
    await on.workload.until(
      REST_MS,
      'is found',
      (standing) => standing.unresolved.length === 0 || undefined,
    );
    assert.equal(await secretInUse(on), PAIR_NAME);
  });
});
