/** Of kube-controller-manager, what makes pods of StatefulSets: no more than the operator uses. */
import { createHash } from 'node:crypto';
import type {
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodTemplateSpec,
  V1StatefulSetSpec,
} from '@kubernetes/client-node';
import type { Clock } from '../../../control/clock.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { sortedJson } from './json.ts';
import { typeNamed } from './kinds.ts';
import type { ModelServer } from './model-server.ts';

export type StatefulSet = KubeObject & { readonly spec: V1StatefulSetSpec };
export type Pod = KubeObject & Pick<V1Pod, 'spec' | 'status'>;

const STATEFUL_SETS = typeNamed('apps/v1', 'StatefulSet');
const PODS = typeNamed('v1', 'Pod');
const CLAIMS = typeNamed('v1', 'PersistentVolumeClaim');
const MANAGER = { manager: 'kube-controller-manager' };
const STATUS = { ...MANAGER, subresource: 'status' } as const;

const ACT_AFTER_MS = 20;
const ACTED_ON = new Set(['StatefulSet', 'Pod', 'PersistentVolumeClaim']);
const REVISION_LABEL = 'controller-revision-hash';

export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (
    status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  );
}

export class StatefulSetController {
  readonly #server: ModelServer;
  readonly #clock: Clock;
  #isDue = false;

  constructor(server: ModelServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    server.onChange(({ type: { kind } }) => {
      if (ACTED_ON.has(kind)) this.#actLater();
    });
  }

  #actLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(ACT_AFTER_MS, () => {
      this.#isDue = false;
      for (const set of this.#server.all(STATEFUL_SETS)) this.#sync(set as StatefulSet);
    });
  }

  #sync(set: StatefulSet): void {
    if (set.metadata.deletionTimestamp !== undefined) return;
    this.#adopt(set);
    const pods = this.#pods(set);
    const replicas = set.spec.replicas ?? 1;
    const revision = revisionOf(set.spec.template);
    this.#tell(set, pods, revision);
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      if (!pods.some((pod) => ordinalOf(set, pod) === ordinal)) this.#make(set, ordinal, revision);
    }
    for (const pod of pods) {
      if (pod.status?.phase === 'Pending') this.#claimFor(set, pod.metadata.name);
    }
    const extra = pods.filter((pod) => ordinalOf(set, pod) >= replicas);
    for (const pod of extra) this.#delete(pod);
    if (extra.length === 0) this.#update(set, pods, revision);
  }

  /** One pod at a time, the last one first; one that is not ready is waited for. */
  #update(set: StatefulSet, pods: readonly Pod[], revision: string): void {
    const isInOrder = set.spec.podManagementPolicy !== 'Parallel';
    if (isInOrder && pods.some((pod) => !isReady(pod))) return;
    const ordered = pods.toSorted((left, right) => ordinalOf(set, right) - ordinalOf(set, left));
    for (const pod of ordered) {
      if (pod.metadata.labels?.[REVISION_LABEL] !== revision) return this.#delete(pod);
      if (!isReady(pod)) return;
    }
  }

  #pods({ metadata: { uid } }: StatefulSet): Pod[] {
    return this.#server.all(PODS).filter(({ metadata }) => {
      return metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
    });
  }

  /** Pods that it would have made and that nobody controls. */
  #adopt(set: StatefulSet): void {
    const wanted = Object.entries(set.spec.selector.matchLabels ?? {});
    for (const { metadata } of this.#server.all(PODS)) {
      const { namespace, name, labels, ownerReferences = [], deletionTimestamp } = metadata;
      const isOurs =
        namespace === set.metadata.namespace &&
        deletionTimestamp === undefined &&
        ownerReferences.every(({ controller }) => controller !== true) &&
        new RegExp(`^${set.metadata.name}-[0-9]+$`).test(name) &&
        wanted.every(([label, value]) => labels?.[label] === value);
      if (!isOurs) continue;
      const patch = { metadata: { ownerReferences: [...ownerReferences, referenceTo(set)] } };
      this.#server.patch(PODS, metadata, patch, MANAGER);
    }
  }

  #make(set: StatefulSet, ordinal: number, revision: string): void {
    const { namespace = '', name } = set.metadata;
    const podName = `${name}-${ordinal}`;
    if (this.#server.get(PODS, { namespace, name: podName }) !== undefined) return;
    const claims = set.spec.volumeClaimTemplates ?? [];
    const volumes = claims.map(({ metadata }) => {
      const claimName = `${metadata?.name}-${podName}`;
      return { name: metadata?.name ?? '', persistentVolumeClaim: { claimName } };
    });
    if (!this.#claimFor(set, podName)) return;
    const { metadata, spec } = set.spec.template;
    this.#server.create(
      PODS,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: podName,
          namespace,
          labels: { ...metadata?.labels, [REVISION_LABEL]: revision },
          annotations: metadata?.annotations ?? {},
          ownerReferences: [referenceTo(set)],
        },
        spec: { ...spec, volumes: [...(spec?.volumes ?? []), ...volumes] },
      } as KubeObject,
      MANAGER,
    );
  }

  #claimFor(set: StatefulSet, podName: string): boolean {
    const claims = set.spec.volumeClaimTemplates ?? [];
    const isThere = claims.map((claim) => {
      return this.#claim(set, `${claim.metadata?.name}-${podName}`, claim);
    });
    return isThere.every(Boolean);
  }

  /** False: it has to wait for one that is being deleted. */
  #claim(set: StatefulSet, name: string, template: V1PersistentVolumeClaim): boolean {
    const { namespace = '' } = set.metadata;
    const { labels = {}, annotations = {}, ownerReferences } = template.metadata ?? {};
    const known = this.#server.get(CLAIMS, { namespace, name });
    if (known !== undefined) return known.metadata.deletionTimestamp === undefined;
    const metadata = {
      name,
      namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      annotations,
      ...(ownerReferences && { ownerReferences }),
    };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
    const { metadata: made } = this.#server.create(
      CLAIMS,
      { ...claim, spec: template.spec } as KubeObject,
      MANAGER,
    );
    this.#server.patch(CLAIMS, made, { status: { phase: 'Pending' } }, STATUS);
    return true;
  }

  #delete({ metadata }: Pod): void {
    if (metadata.deletionTimestamp === undefined) this.#server.delete(PODS, metadata, {});
  }

  #tell({ metadata }: StatefulSet, pods: readonly Pod[], revision: string): void {
    const isUpdated = ({ metadata: { labels } }: Pod): boolean =>
      labels?.[REVISION_LABEL] === revision;
    const status = {
      observedGeneration: metadata.generation,
      replicas: pods.length,
      readyReplicas: pods.filter(isReady).length,
      availableReplicas: pods.filter(isReady).length,
      updatedReplicas: pods.filter(isUpdated).length,
      updateRevision: revision,
    };
    this.#server.patch(STATEFUL_SETS, metadata, { status }, STATUS);
  }
}

function referenceTo({ metadata: { name, uid = '' } }: StatefulSet) {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function ordinalOf({ metadata: { name } }: StatefulSet, pod: Pod): number {
  return Number(pod.metadata.name.slice(name.length + 1));
}

function revisionOf(template: V1PodTemplateSpec): string {
  return createHash('sha256').update(sortedJson(template)).digest('hex').slice(0, 10);
}
