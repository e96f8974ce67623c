/**
 * A workload on nodes: what Kubernetes' own controllers, kubelet and garbage collector make of it.
 * Its operator is this process, and brokers have nobody to ask what to run, so none gets ready.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { MqttNamespaceSpec } from '../../domain/resources.ts';
import type { KubeObject, ResourceType } from '../../kube/kube-api.ts';
import type { KubeClient } from '../../kube/kube-client.ts';
import {
  CLAIMS,
  OWNED_SELECTOR,
  OWNED_TYPES,
  PODS,
  SECRETS,
  SERVICES,
  STATEFUL_SETS,
} from '../../operator/namespace/workload/owned-types.ts';
import type { Pod } from '../../operator/namespace/workload/pods.ts';
import type { StatefulSet } from '../../operator/namespace/workload/stateful-set.ts';
import type { Claim } from '../../operator/namespace/workload/volumes.ts';
import { CONFIG_MAPS, apiClient } from '../support/api-client.ts';
import { clusterImage, eventuallyFinds, kubectl } from '../support/cluster.ts';
import { KeptWorkload } from '../support/kept-workload.ts';
import { NO_GRACE, recycleVolumes, useNamespace } from '../support/sandbox.ts';

/** What a person would wait before asking: a kubelet and a scheduler need most of it. */
const SECONDS_MS = 10_000;
const RUNNING_MS = 60_000;
/** The garbage collector takes its time. */
const GONE_MS = 90_000;

const NAME = 'grid';

/** A StatefulSet's own. */
const REVISIONS: ResourceType = {
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
};

class Stage {
  readonly api: KubeClient;
  readonly namespace: string;
  readonly workload: KeptWorkload;

  constructor(api: KubeClient, namespace: string, workload: KeptWorkload) {
    this.api = api;
    this.namespace = namespace;
    this.workload = workload;
  }

  find<T extends KubeObject>(type: ResourceType, name: string): Promise<T | undefined> {
    return this.api.get<T>(type, { namespace: this.namespace, name });
  }

  async get<T extends KubeObject>(type: ResourceType, name: string): Promise<T> {
    const found = await this.find<T>(type, name);
    assert.ok(found, `${type.kind} ${name}`);
    return found;
  }

  /** Keeps the workload until its pod runs. */
  running(): Promise<Pod> {
    return this.workload.until(RUNNING_MS, 'runs', async () => {
      const pod = await this.find<Pod>(PODS, `${NAME}-0`);
      const started = pod?.status?.containerStatuses?.[0]?.state?.running;
      return started === undefined ? undefined : pod;
    });
  }

  /** Keeps the workload until it is said why there is no pod. */
  told(pattern: RegExp, timeoutMs: number): Promise<string> {
    return this.workload.until(timeoutMs, String(pattern), ({ unavailable }) => {
      assert.ok(unavailable === undefined || unavailable.reason === 'BrokerUnavailable');
      const { message = '' } = unavailable ?? {};
      return pattern.test(message) ? message : undefined;
    });
  }

  async deleteOwner(): Promise<void> {
    const { name, uid = '' } = this.workload.owner.metadata;
    await this.api.delete(CONFIG_MAPS, { namespace: this.namespace, name }, { uid });
  }

  async owned(): Promise<string[]> {
    const names: string[] = [];
    for (const type of [...OWNED_TYPES, REVISIONS]) {
      const selection = { namespace: this.namespace, labelSelector: OWNED_SELECTOR };
      const { items } = await this.api.list(type, selection);
      // The authority of this process lies here, too.
      const ofIt = items.filter(({ metadata }) => metadata.name !== 'mqttgrid-authority');
      names.push(...ofIt.map(({ metadata }) => `${type.kind} ${metadata.name}`));
    }
    return names.sort();
  }
}

async function stage(t: TestContext, namespace: string, spec: MqttNamespaceSpec): Promise<Stage> {
  const api = apiClient(t, process.env['KUBECONFIG'] ?? '');
  const workload = await KeptWorkload.start(t, api, { namespace, name: NAME });
  workload.spec = { image: clusterImage(), ...spec };
  t.after(async () => {
    // A claim that is retained would be found by the next test, and keeps a volume from others.
    await kubectl('-n', namespace, 'delete', 'configmap', NAME, '--ignore-not-found');
    const all = ['--all', NO_GRACE, '--timeout=90s'];
    await kubectl('-n', namespace, 'delete', 'statefulset,pod', ...all);
    await kubectl('-n', namespace, 'delete', 'persistentvolumeclaim', '--all', '--timeout=90s');
    await recycleVolumes();
  });
  return new Stage(api, namespace, workload);
}

before(() => void clusterImage());

suite('what Kubernetes does not change in place', { concurrency: 1 }, () => {
  const namespace = useNamespace('workload-anew');

  test('is changed by a new StatefulSet, which takes over pods and volumes', async (t) => {
    const on = await stage(t, namespace, { storage: { size: '1Gi' } });
    const pod = await on.running();
    const claim = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    const before = await on.get<StatefulSet>(STATEFUL_SETS, NAME);
    on.workload.spec = { ...on.workload.spec, storage: { size: '2Gi' } };
    const anew = await on.workload.until(RUNNING_MS, 'is made anew', async () => {
      const found = await on.find<StatefulSet>(STATEFUL_SETS, NAME);
      const size = found?.spec.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.['storage'];
      return found?.metadata.uid !== before.metadata.uid && size === '2Gi' ? found : undefined;
    });
    const adopted = await on.workload.until(RUNNING_MS, 'takes over', async () => {
      const found = await on.get<Pod>(PODS, `${NAME}-0`);
      const owner = found.metadata.ownerReferences?.find(({ controller }) => controller === true);
      return owner?.uid === anew?.metadata.uid ? found : undefined;
    });
    const standing = await on.workload.rest(RUNNING_MS);
    assert.equal(adopted.metadata.uid, pod.metadata.uid);
    const after = await on.running();
    assert.equal(after.metadata.uid, pod.metadata.uid);
    assert.equal(after.status?.containerStatuses?.[0]?.restartCount, 0);
    const kept = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    assert.equal(kept.metadata.uid, claim.metadata.uid);
    assert.equal(kept.spec?.volumeName, claim.spec?.volumeName);
    assert.equal(standing.notices.length, 1);
    assert.match(standing.notices[0] ?? '', /keeps 1Gi: its StorageClass .* not allow expansion/);
  });

  test('leaves nothing behind when the MqttNamespace and the operator go in between', async (t) => {
    // As long as somebody else keeps the old StatefulSet, it is in between.
    const keep = async (finalizers: string): Promise<void> => {
      const patch = `{"metadata":{"finalizers":${finalizers}}}`;
      await kubectl('-n', namespace, 'patch', 'statefulset', NAME, '--type=merge', '-p', patch);
    };
    t.after(() => keep('null').catch(() => undefined));
    const on = await stage(t, namespace, {});
    await on.running();
    await keep('["mqttgrid.io/test"]');
    on.workload.spec = { ...on.workload.spec, storage: { size: '3Gi' } };
    await on.workload.until(SECONDS_MS, 'is being deleted', async () => {
      const { metadata } = await on.get<StatefulSet>(STATEFUL_SETS, NAME);
      return metadata.deletionTimestamp;
    });
    const { apiVersion, kind, metadata } = on.workload.owner;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
    const pod = await on.get<Pod>(PODS, `${NAME}-0`);
    assert.deepEqual(pod.metadata.ownerReferences, [owner]);
    await on.deleteOwner();
    await eventuallyFinds(GONE_MS, 'the pod is gone', async () =>
      (await on.find<Pod>(PODS, `${NAME}-0`)) === undefined ? true : undefined,
    );
    await keep('null');
    await eventuallyFinds(GONE_MS, 'all is gone', async () =>
      (await on.owned()).length === 0 ? true : undefined,
    );
  });
});

suite('a spec that cannot run is told of within seconds, and recovers', { concurrency: 1 }, () => {
  const namespace = useNamespace('workload-bad');

  test('an image that does not exist', async (t) => {
    const on = await stage(t, namespace, { image: 'localhost/no-such-image:1' });
    const message = await on.told(/cannot be pulled/, SECONDS_MS);
    assert.match(message, /"localhost\/no-such-image:1"/);
    on.workload.spec = { image: clusterImage() };
    const pod = await on.running();
    assert.equal(pod.spec?.containers[0]?.image, clusterImage());
  });

  test('an image that does not exist, of a workload that ran', async (t) => {
    const on = await stage(t, namespace, {});
    await on.running();
    const claim = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    on.workload.spec = { image: 'localhost/no-such-image:2' };
    await on.told(/"localhost\/no-such-image:2" cannot be pulled/, RUNNING_MS);
    on.workload.spec = { image: clusterImage() };
    await on.running();
    const kept = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    assert.equal(kept.metadata.uid, claim.metadata.uid);
  });

  for (const [what, storage, expected] of [
    ['a StorageClass that does not exist', { className: 'no-such-class' }, /"no-such-class"/],
    ['a volume that is too large', { size: '1000Ti' }, /is not bound/],
  ] as const) {
    test(what, async (t) => {
      const on = await stage(t, namespace, { storage });
      await on.told(expected, SECONDS_MS);
      const before = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
      on.workload.spec = { image: clusterImage() };
      await on.running();
      const after = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
      assert.notEqual(after.metadata.uid, before.metadata.uid);
      assert.equal(after.status?.phase, 'Bound');
    });
  }

  test('a quota that is used up', async (t) => {
    const quota = ['-n', namespace, 'create', 'quota', 'none', '--hard=pods=0'];
    await kubectl(...quota);
    const on = await stage(t, namespace, {});
    await on.told(/grid-0 is not made yet: .*exceeded quota: none/, SECONDS_MS * 2);
    await kubectl('-n', namespace, 'delete', 'quota', 'none');
    await on.running();
  });

  test('a Secret that a mount misses is put back', async (t) => {
    const on = await stage(t, namespace, {});
    await on.running();
    for (const secret of [`${NAME}-server`, `${NAME}-control`]) {
      const { metadata } = await on.get(SECRETS, secret);
      await on.api.delete(SECRETS, { namespace, name: secret }, { uid: metadata.uid ?? '' });
    }
    await on.workload.rest(RUNNING_MS);
    await on.get(SECRETS, `${NAME}-server`);
    await on.get(SECRETS, `${NAME}-control`);
  });
});

suite('what is deleted', { concurrency: 1 }, () => {
  const namespace = useNamespace('workload-gone');

  test('by somebody comes back, with the volume that there was', async (t) => {
    const on = await stage(t, namespace, {});
    await on.running();
    const before = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    await kubectl('-n', namespace, 'delete', 'statefulset,service,networkpolicy,pdb', '--all');
    await on.running();
    await on.get(SERVICES, NAME);
    const after = await on.get<Claim>(CLAIMS, `data-${NAME}-0`);
    assert.equal(after.metadata.uid, before.metadata.uid);
  });

  test('with the MqttNamespace is everything, without any operator', async (t) => {
    const on = await stage(t, namespace, {});
    await on.running();
    await on.workload.rest(RUNNING_MS);
    assert.ok((await on.owned()).includes(`PersistentVolumeClaim data-${NAME}-0`));
    await on.deleteOwner();
    await eventuallyFinds(GONE_MS, 'all is gone', async () =>
      (await on.owned()).length === 0 ? true : undefined,
    );
  });

  test('with the MqttNamespace is everything but volumes that it retains', async (t) => {
    const on = await stage(t, namespace, {});
    await on.running();
    await on.workload.rest(RUNNING_MS);
    on.workload.spec = { ...on.workload.spec, storage: { retain: true } };
    await on.workload.rest(RUNNING_MS);
    await on.deleteOwner();
    const claim = `PersistentVolumeClaim data-${NAME}-0`;
    await eventuallyFinds(GONE_MS, 'all else is gone', async () =>
      (await on.owned()).every((name) => name === claim) ? true : undefined,
    );
    assert.deepEqual(await on.owned(), [claim]);
    // A namesake takes it over, and takes it along in the end.
    const next = await stage(t, namespace, {});
    await next.running();
    await next.workload.rest(RUNNING_MS);
    await next.deleteOwner();
    await eventuallyFinds(GONE_MS, 'all is gone', async () =>
      (await next.owned()).length === 0 ? true : undefined,
    );
  });
});

after(() => recycleVolumes());
