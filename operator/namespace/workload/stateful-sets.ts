/** Keeps the StatefulSet as declared, through changes that Kubernetes does not allow. */
import type { KubeApi } from '../../../kube/kube-api.ts';
import { fault, passing, refusalOf } from './applier.ts';
import type { Applied, Applier, Subject } from './applier.ts';
import type { PodInput } from './broker-pod.ts';
import { holdPods, releasePods } from './held-pods.ts';
import type { PodAccess } from './held-pods.ts';
import { FIELD_MANAGER } from './labels.ts';
import { STATEFUL_SETS } from './owned-types.ts';
import { holds, stamped } from './stamp.ts';
import {
  IMMUTABLE_ANNOTATION,
  IMMUTABLE_FIELDS,
  ownsItsClaims,
  retainsVolumes,
  REPLICAS_DEFAULT,
  statefulSet,
} from './stateful-set.ts';
import type { StatefulSet } from './stateful-set.ts';

/**
 * What `spec.replicas` of the MqttNamespace was when it was last put. While it is the same, the
 * number of pods is whatever an autoscaler or a person set on the StatefulSet.
 */
const REPLICAS_ANNOTATION = 'mqttgrid.io/replicas';

/** As the API server has it; `IMMUTABLE_FIELDS` are never compared to anything that is applied. */
export interface StatefulSetKeeper extends PodAccess {
  readonly applier: Applier;
}

/** @param live what the applier found */
export async function keepStatefulSet(
  keeper: StatefulSetKeeper,
  input: PodInput,
  live: StatefulSet | undefined,
): Promise<Applied<StatefulSet>> {
  const ownsClaims = live === undefined ? !retainsVolumes(input.owner) : ownsItsClaims(live);
  const desired = statefulSet(input, ownsClaims);
  if (live !== undefined && mustBeMadeAnew(live, desired)) {
    return await makeAnew(keeper, input, live, desired);
  }
  await releasePods(keeper, input);
  const declared = input.owner.spec.replicas ?? REPLICAS_DEFAULT;
  const scaled = withReplicas(stamped(desired), declared, replicasNow(live, declared));
  // Of the same version: somebody may have scaled it since.
  return keeper.applier.put(STATEFUL_SETS, scaled, live, 'same');
}

/** Ends its pods, and leaves everything else. */
export async function stopPods({ api, owned }: PodAccess, live: StatefulSet): Promise<void> {
  const annotations = { [REPLICAS_ANNOTATION]: '0' };
  if (live.spec.replicas === 0 && holds(live.metadata.annotations, annotations)) return;
  const { uid, resourceVersion } = live.metadata;
  const patch = { metadata: { uid, resourceVersion, annotations }, spec: { replicas: 0 } };
  owned.wrote(await api.patch(STATEFUL_SETS, live.metadata, patch));
}

function replicasNow(live: StatefulSet | undefined, declared: number): number {
  const put = live?.metadata.annotations?.[REPLICAS_ANNOTATION];
  return put === String(declared) ? (live?.spec.replicas ?? declared) : declared;
}

function withReplicas(desired: StatefulSet, declared: number, replicas: number): StatefulSet {
  const { metadata, spec } = desired;
  const annotations = { ...metadata.annotations, [REPLICAS_ANNOTATION]: String(declared) };
  return { ...desired, metadata: { ...metadata, annotations }, spec: { ...spec, replicas } };
}

function mustBeMadeAnew(live: StatefulSet, desired: StatefulSet): boolean {
  const madeWith = live.metadata.annotations?.[IMMUTABLE_ANNOTATION];
  if (madeWith !== undefined && madeWith !== desired.metadata.annotations?.[IMMUTABLE_ANNOTATION]) {
    return true;
  }
  return IMMUTABLE_FIELDS.some((field) => !holds(live.spec[field], desired.spec[field]));
}

/** Deletes it without its pods; the next one, made when it is gone, takes them over. */
async function makeAnew(
  keeper: StatefulSetKeeper,
  subject: Subject,
  live: StatefulSet,
  desired: StatefulSet,
): Promise<Applied<never>> {
  const { name, namespace = '', uid = '' } = live.metadata;
  const refusal = await judge(keeper.api, desired);
  if (refusal !== undefined) return fault(refusal);
  await holdPods(keeper, subject, live);
  // What else it owns are revisions of itself.
  const options = { uid, propagationPolicy: 'Background' } as const;
  await keeper.api.delete(STATEFUL_SETS, { namespace, name }, options);
  return passing(
    `the StatefulSet ${namespace}/${name} is made anew, since a field changed that Kubernetes ` +
      'does not change in place; its pods and volumes stay',
  );
}

/**
 * What the API server would say to a new one, asked before the old one is gone. The name has to be
 * another one: to the server this would be a change otherwise.
 */
async function judge(api: KubeApi, desired: StatefulSet): Promise<string | undefined> {
  const { metadata } = desired;
  const name = `${metadata.name}-anew`;
  const options = { fieldManager: FIELD_MANAGER, force: false, dryRun: true };
  try {
    await api.apply(STATEFUL_SETS, { ...desired, metadata: { ...metadata, name } }, options);
    return undefined;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
