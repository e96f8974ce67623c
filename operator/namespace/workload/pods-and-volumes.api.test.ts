/**
 * What is done about pods and claims that do not come up. The API server runs no controller and no
 * kubelet: the tests say what these would.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { MqttNamespaceSpec } from '../../../domain/resources.ts';
import { startApiServer } from '../../../test/support/api-server.ts';
import type { ApiServer } from '../../../test/support/api-server.ts';
import { workloadStage } from '../../../test/support/workload-stage.ts';
import type { WorkloadStage } from '../../../test/support/workload-stage.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { CLAIMS, PODS, STATEFUL_SETS, STORAGE_CLASSES } from './owned-types.ts';
import type { Pod } from './pods.ts';
import type { StatefulSet } from './stateful-set.ts';
import type { Claim } from './volumes.ts';

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const stage = (t: TestContext, spec?: MqttNamespaceSpec): Promise<WorkloadStage> =>
  workloadStage(t, server.kubeconfig, spec);

/** As the StatefulSet controller makes it, from a template of this revision. */
async function createPod(on: WorkloadStage, revision: string, isReady: boolean): Promise<void> {
  const { spec } = await on.get<StatefulSet>(STATEFUL_SETS);
  const { metadata, spec: podSpec } = spec.template;
  const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data-grid-0' } };
  await on.api.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'grid-0',
      namespace: on.namespace,
      labels: { ...metadata?.labels, 'controller-revision-hash': revision },
      annotations: metadata?.annotations,
    },
    spec: { ...podSpec, volumes: [...(podSpec?.volumes ?? []), claim] },
  } as KubeObject);
  const name = { namespace: on.namespace, name: 'grid-0' };
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
  await on.api.patch(PODS, name, { status: { conditions } }, { subresource: 'status' });
}

async function setUpdateRevision(
  on: WorkloadStage,
  updateRevision: string,
  behind = 0,
): Promise<void> {
  const { metadata, spec } = await on.get<StatefulSet>(STATEFUL_SETS);
  const observedGeneration = (metadata.generation ?? 0) - behind;
  const { replicas = 0 } = spec;
  const status = { updateRevision, observedGeneration, replicas };
  const name = { namespace: on.namespace, name: 'grid' };
  await on.api.patch(STATEFUL_SETS, name, { status }, { subresource: 'status' });
}

const hasPod = async (on: WorkloadStage): Promise<boolean> =>
  (await on.api.get<Pod>(PODS, { namespace: on.namespace, name: 'grid-0' })) !== undefined;

suite('a pod of an old revision', () => {
  const cases = [
    ['is deleted where it is not ready', { of: 'grid-old', ready: false, behind: 0 }, false],
    ['stays while it is ready', { of: 'grid-old', ready: true, behind: 0 }, true],
    ['stays while its controller is behind', { of: 'grid-old', ready: false, behind: 1 }, true],
    ['stays where it is not old', { of: 'grid-new', ready: false, behind: 0 }, true],
  ] as const;
  for (const [what, { of, ready, behind }, stays] of cases) {
    test(what, async (t) => {
      const on = await stage(t);
      await on.workload.keep();
      await createPod(on, of, ready);
      await setUpdateRevision(on, 'grid-new', behind);
      const { readyReplicas } = await on.workload.keep();
      assert.equal(await hasPod(on), stays);
      assert.equal(readyReplicas, ready ? 1 : 0);
    });
  }
});

const owners = async (on: WorkloadStage): Promise<unknown> =>
  (await on.get<Pod>(PODS, 'grid-0')).metadata.ownerReferences;

/** Ready, and controlled by the StatefulSet, which the next reconcile has to make anew. */
async function mustBeMadeAnew(on: WorkloadStage): Promise<void> {
  await on.workload.keep();
  await createPod(on, 'grid-1', true);
  const { apiVersion, kind, metadata } = await on.get<StatefulSet>(STATEFUL_SETS);
  const controller = { apiVersion, kind, name: 'grid', uid: metadata.uid, controller: true };
  await on.edit(PODS, 'grid-0', { metadata: { ownerReferences: [controller] } });
  on.workload.spec = { storage: { className: 'another-class' } };
}

suite('a pod whose StatefulSet is made anew', () => {
  test('belongs to the MqttNamespace alone, until the next one may take it', async (t) => {
    const on = await stage(t);
    await mustBeMadeAnew(on);
    await on.workload.keep();
    const { apiVersion, kind, metadata } = on.workload.owner;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid };
    assert.deepEqual(await owners(on), [{ ...owner, controller: true }]);
    assert.equal(await on.api.get(STATEFUL_SETS, metadata), undefined);
    await on.workload.keep();
    await on.get<StatefulSet>(STATEFUL_SETS);
    assert.deepEqual(await owners(on), [owner]);
    on.workload.writes.length = 0;
    await on.workload.keep();
    assert.deepEqual(on.workload.writes, []);
  });

  test('is given back where it has to be no more', async (t) => {
    const on = await stage(t);
    await mustBeMadeAnew(on);
    // Something keeps the StatefulSet, and it is as declared again.
    const { uid } = (await on.get(STATEFUL_SETS)).metadata;
    const { apiVersion, kind, metadata } = on.workload.owner;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid };
    const ownerReferences = [{ ...owner, controller: true }];
    await on.edit(PODS, 'grid-0', { metadata: { ownerReferences } });
    on.workload.spec = {};
    await on.workload.keep();
    assert.equal((await on.get(STATEFUL_SETS)).metadata.uid, uid);
    assert.deepEqual(await owners(on), [owner]);
  });

  test('ends where the MqttNamespace may not run any more', async (t) => {
    const on = await stage(t);
    await mustBeMadeAnew(on);
    await on.workload.keep();
    on.workload.running = false;
    await on.workload.keep();
    assert.equal(await hasPod(on), false);
  });

  test('that something else controls is left to it', async (t) => {
    const on = await stage(t);
    await mustBeMadeAnew(on);
    const other = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'other', controller: true };
    const ownerReferences = [{ ...other, uid: '12345678-1234-1234-1234-123456789012' }];
    await on.edit(PODS, 'grid-0', { metadata: { ownerReferences } });
    await on.workload.keep();
    on.workload.running = false;
    await on.workload.keep();
    assert.deepEqual(await owners(on), ownerReferences);
  });
});

/** As the StatefulSet controller makes it; `volumeName` and the phase are the binder's. */
async function createClaim(
  on: WorkloadStage,
  parts: { readonly className: string; readonly volumeName?: string },
): Promise<Claim> {
  const { className, volumeName } = parts;
  const { spec } = await on.get<StatefulSet>(STATEFUL_SETS);
  const [template] = spec.volumeClaimTemplates ?? [];
  const { labels, annotations } = template?.metadata ?? {};
  const name = { namespace: on.namespace, name: 'data-grid-0' };
  await on.api.create(CLAIMS, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...name, labels, annotations },
    spec: { ...template?.spec, storageClassName: className, ...(volumeName && { volumeName }) },
  } as KubeObject);
  const status = { phase: volumeName === undefined ? 'Pending' : 'Bound' };
  return await on.api.patch<Claim>(CLAIMS, name, { status }, { subresource: 'status' });
}

async function createStorageClass(
  on: WorkloadStage,
  name: string,
  allowVolumeExpansion: boolean,
): Promise<void> {
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'example.com/disks',
    allowVolumeExpansion,
  };
  await on.api.apply(STORAGE_CLASSES, object, { fieldManager: 'test', force: true });
}

const findClaim = (on: WorkloadStage): Promise<Claim | undefined> =>
  on.api.get<Claim>(CLAIMS, { namespace: on.namespace, name: 'data-grid-0' });

/** The API server alone holds a claim that is deleted until a controller has let it go. */
function isDeleted(claim: Claim | undefined): boolean {
  return claim === undefined || claim.metadata.deletionTimestamp !== undefined;
}

suite('a claim', () => {
  test('that was never bound is replaced when something else is declared', async (t) => {
    const on = await stage(t, { storage: { className: 'no-such-class' } });
    await on.workload.keep();
    await createClaim(on, { className: 'no-such-class' });
    await createPod(on, 'grid-1', false);
    const { unavailable } = await on.workload.keep();
    assert.match(unavailable?.message ?? '', /claim data-grid-0 .*"no-such-class" is not bound/);
    assert.ok(!isDeleted(await findClaim(on)), 'nothing else is declared yet');
    on.workload.spec = {};
    await on.workload.keep();
    await on.workload.keep();
    assert.ok(isDeleted(await findClaim(on)));
    assert.equal(await hasPod(on), false, 'the one that waited for it, too');
  });

  test('that is bound is never deleted', async (t) => {
    const on = await stage(t, { storage: { className: 'no-such-class' } });
    await on.workload.keep();
    await createClaim(on, { className: 'no-such-class', volumeName: 'disk-1' });
    on.workload.spec = {};
    await on.workload.keep();
    await on.workload.keep();
    await on.workload.keep();
    assert.ok(!isDeleted(await findClaim(on)));
  });

  test('belongs to the MqttNamespace unless it is to be retained', async (t) => {
    const on = await stage(t);
    await on.workload.keep();
    await createClaim(on, { className: 'any', volumeName: 'disk-2' });
    const owners = async (): Promise<unknown[]> =>
      (await findClaim(on))?.metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
    const { uid } = on.workload.owner.metadata;
    await on.workload.keep();
    assert.deepEqual(await owners(), [uid]);
    on.workload.spec = { storage: { retain: true } };
    await on.workload.keep();
    assert.deepEqual(await owners(), []);
    // Also where the MqttNamespace may not run: it may be deleted all the same.
    on.workload.running = false;
    on.workload.spec = {};
    await on.workload.keep();
    assert.deepEqual(await owners(), [uid]);
    on.workload.writes.length = 0;
    await on.workload.keep();
    assert.deepEqual(on.workload.writes, []);
  });

  test('grows where its StorageClass lets it', async (t) => {
    const on = await stage(t, { storage: { size: '1Gi' } });
    await createStorageClass(on, 'elastic', true);
    await on.workload.keep();
    await createClaim(on, { className: 'elastic', volumeName: 'disk-3' });
    on.workload.spec = { storage: { size: '3Gi' } };
    assert.deepEqual((await on.workload.keep()).notices, []);
    assert.equal((await findClaim(on))?.spec?.resources?.requests?.['storage'], '3Gi');
  });

  for (const [what, className, size, expected] of [
    [
      'whose StorageClass does not let it grow',
      'rigid',
      '3Gi',
      /keeps 1Gi: its StorageClass "rigid"/,
    ],
    ['whose StorageClass is gone', 'gone', '3Gi', /keeps 1Gi: its StorageClass "gone"/],
    [
      'that is larger than declared',
      'rigid',
      '500Mi',
      /has 1Gi, and a volume is never made smaller/,
    ],
  ] as const) {
    test(`${what} stays as it is, which is told`, async (t) => {
      const on = await stage(t, { storage: { size: '1Gi' } });
      await on.workload.keep();
      if (className === 'rigid') await createStorageClass(on, className, false);
      await createClaim(on, { className, volumeName: `disk-${className}` });
      on.workload.spec = { storage: { size } };
      const { notices } = await on.workload.keep();
      assert.equal(notices.length, 1);
      assert.match(notices[0] ?? '', expected);
      assert.equal((await findClaim(on))?.spec?.resources?.requests?.['storage'], '1Gi');
      assert.deepEqual((await on.workload.keep()).notices, notices);
    });
  }
});
