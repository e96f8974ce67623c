import type { V1PodSpec, V1PodStatus } from '@kubernetes/client-node';
import type { KubeApi, KubeObject } from '../../../kube/kube-api.ts';
import { PODS } from './owned-types.ts';
import type { StatefulSet } from './stateful-set.ts';

export type Pod = KubeObject & { readonly spec?: V1PodSpec; readonly status?: V1PodStatus };

export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const conditions = status?.conditions ?? [];
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** The label that tells which template a pod was made from. */
const REVISION_LABEL = 'controller-revision-hash';

/**
 * Deletes pods of an old template that are not ready. A StatefulSet waits for such a pod to become
 * ready before it replaces it, which it never does if the template was what is wrong ("Forced
 * rollback" in Kubernetes' documentation of StatefulSets).
 */
export async function replaceStuckPods(
  api: KubeApi,
  { metadata, status }: StatefulSet,
  pods: readonly Pod[],
): Promise<void> {
  const { updateRevision, observedGeneration } = status ?? {};
  // Its controller has not seen the newest template: what is old is not known yet.
  if (updateRevision === undefined || observedGeneration !== metadata.generation) return;
  const old = pods.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] !== updateRevision);
  for (const pod of old) {
    if (pod.metadata.deletionTimestamp === undefined && !isReady(pod)) await deletePod(api, pod);
  }
}

/** This very pod, not the one that may have taken its name. */
export function deletePod(api: KubeApi, { metadata }: Pod): Promise<void> {
  const { name, namespace = '', uid = '' } = metadata;
  return api.delete(PODS, { namespace, name }, { uid });
}

/** 2 of `factory-2`; undefined: it is no pod of the StatefulSet. */
export function ordinalOf(workload: string, pod: string): number | undefined {
  const digits = pod.startsWith(`${workload}-`) ? pod.slice(workload.length + 1) : '';
  return /^[0-9]+$/.test(digits) ? Number(digits) : undefined;
}
