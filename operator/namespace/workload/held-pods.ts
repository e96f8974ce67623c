/**
 * Pods between two StatefulSets. Meanwhile the MqttNamespace is what controls them: no StatefulSet
 * ends or takes what something else controls, and pods that one object alone owns go with it, at
 * any moment, operator or none. To orphan them instead leaves a moment at which they may lose all
 * their owners: an owner that is letting go counts as one that stays, for whose sake a reference
 * to a MqttNamespace that is gone is taken off, before its own is (`attemptToDeleteItem` and
 * `orphanDependents` of Kubernetes' pkg/controller/garbagecollector).
 */
import type { KubeApi, OwnerReference } from '../../../kube/kube-api.ts';
import type { Subject } from './applier.ts';
import { MANAGED_BY, ownerReference } from './labels.ts';
import { PODS } from './owned-types.ts';
import type { OwnedObjects } from './owned-types.ts';
import { deletePod } from './pods.ts';
import type { Pod } from './pods.ts';
import { REPLICAS_DEFAULT } from './stateful-set.ts';
import type { StatefulSet } from './stateful-set.ts';

export interface PodAccess {
  readonly api: KubeApi;
  readonly owned: OwnedObjects;
}

/** Takes the pods from a StatefulSet that is about to be deleted. */
export async function holdPods(
  access: PodAccess,
  { owner }: Subject,
  { metadata: { name, namespace = '', uid }, spec }: StatefulSet,
): Promise<void> {
  const held = { ...ownerReference(owner), controller: true };
  for (let ordinal = 0; ordinal < (spec.replicas ?? REPLICAS_DEFAULT); ordinal++) {
    // Not of a cache, which may not have it yet: what is missed goes with the StatefulSet.
    const pod = await access.api.get<Pod>(PODS, { namespace, name: `${name}-${ordinal}` });
    // Nor what caches would never have: nothing would release it.
    if (pod?.metadata.labels?.[MANAGED_BY.label] !== MANAGED_BY.value) continue;
    const controller = controllerOf(pod);
    if (controller === undefined || controller.uid === uid) await own(access, pod, [held]);
  }
}

/** Lets the StatefulSet have them: it takes what it would have made and nothing controls. */
export async function releasePods(access: PodAccess, subject: Subject): Promise<void> {
  const reference = ownerReference(subject.owner);
  for (const pod of cachedPods(access, subject)) {
    if (controllerOf(pod)?.uid === reference.uid) await own(access, pod, [reference]);
  }
}

/** Ends those that no StatefulSet would end. */
export async function endHeldPods(access: PodAccess, subject: Subject): Promise<void> {
  for (const pod of cachedPods(access, subject)) {
    const controller = controllerOf(pod);
    const isHeld = controller === undefined || controller.uid === subject.owner.metadata.uid;
    const isEnding = pod.metadata.deletionTimestamp !== undefined;
    if (isHeld && !isEnding) await deletePod(access.api, pod);
  }
}

function cachedPods({ owned }: PodAccess, { owner, names }: Subject): readonly Pod[] {
  return owned.ofWorkload<Pod>(PODS, owner.metadata.namespace ?? '', names.workload);
}

function controllerOf({ metadata: { ownerReferences = [] } }: Pod): OwnerReference | undefined {
  return ownerReferences.find(({ controller }) => controller === true);
}

/** In one write, so that there is always somebody who owns it. */
async function own(
  { api, owned }: PodAccess,
  { metadata }: Pod,
  references: readonly OwnerReference[],
): Promise<void> {
  const { name, namespace = '', uid, resourceVersion, ownerReferences = [] } = metadata;
  const others = ownerReferences.filter(({ controller, uid: other }) => {
    return controller !== true && references.every((reference) => reference.uid !== other);
  });
  const wanted = [...others, ...references];
  const patch = { metadata: { uid, resourceVersion, ownerReferences: wanted } };
  owned.wrote(await api.patch(PODS, { namespace, name }, patch));
}
