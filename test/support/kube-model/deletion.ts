/** What a delete makes of an object, and when what is being deleted is gone. */
import type { DeleteOptions, KubeObject } from '../../../kube/kube-api.ts';
import { printTime } from './object-states.ts';
import { asJson, isRecord } from './json.ts';

/** Admission puts it on each claim; it goes when no pod uses the claim. */
export const VOLUME_PROTECTION = 'kubernetes.io/pvc-protection';

/** What the garbage collector has to do first, by the policy of the delete. */
export const COLLECTOR_FINALIZERS = { Orphan: 'orphan', Foreground: 'foregroundDeletion' } as const;

const GRACE_SECONDS_DEFAULT = 30;

/** Undefined: it is gone at once. The same object: it is being deleted already. */
export function deletionStep(
  object: KubeObject,
  { propagationPolicy, gracePeriodSeconds }: Partial<DeleteOptions>,
  nowMs: number,
): KubeObject | undefined {
  const finalizers = finalizersAfter(object, propagationPolicy);
  const others = specFinalizersOf(object);
  const graceSeconds = graceOf(object, gracePeriodSeconds);
  const { deletionTimestamp } = object.metadata;
  if (finalizers.length + others.length === 0 && graceSeconds === 0) return undefined;
  if (deletionTimestamp !== undefined && graceSeconds > 0) return object;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(finalizers.length > 0 && { finalizers }),
      deletionTimestamp: deletionTimestamp ?? printTime(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    } as KubeObject['metadata'],
  };
}

/** An update took the last finalizer off, and no kubelet has to stop it first. */
export function isDone(object: KubeObject): boolean {
  const { metadata } = object;
  if (specFinalizersOf(object).length > 0) return false;
  const { deletionTimestamp, finalizers } = metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  const { deletionGracePeriodSeconds = 0 } = metadata as { deletionGracePeriodSeconds?: number };
  return deletionGracePeriodSeconds === 0;
}

/** Of a Kubernetes namespace, which a controller has to empty. */
function specFinalizersOf(object: KubeObject): readonly unknown[] {
  const { spec } = asJson(object);
  const finalizers = isRecord(spec) ? spec['finalizers'] : undefined;
  return Array.isArray(finalizers) ? finalizers : [];
}

function finalizersAfter(
  { metadata }: KubeObject,
  policy: DeleteOptions['propagationPolicy'],
): readonly string[] {
  const before = metadata.finalizers ?? [];
  if (policy === undefined) return before;
  const collectors: readonly string[] = Object.values(COLLECTOR_FINALIZERS);
  const others = before.filter((finalizer) => !collectors.includes(finalizer));
  return policy === 'Background' ? others : [...others, COLLECTOR_FINALIZERS[policy]];
}

/** A pod on a node is stopped first; everything else goes at once. */
function graceOf(object: KubeObject, asked: number | undefined): number {
  const { spec } = asJson(object);
  if (object.kind !== 'Pod' || !isRecord(spec) || spec['nodeName'] === undefined) return 0;
  const own = spec['terminationGracePeriodSeconds'];
  return asked ?? (typeof own === 'number' ? own : GRACE_SECONDS_DEFAULT);
}
