/** Objects of `mqttgrid.io/v1` as an API server has them. */
import type { Condition } from '../../../domain/conditions.ts';
import type { Kind, Resource } from '../../../domain/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../kube/kube-api.ts';
import type { Manifest, Properties } from '../declaration.ts';
import type { StoredObject } from './target.ts';

export interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly fieldsV1?: { readonly 'f:metadata'?: { readonly 'f:finalizers'?: object } };
}

interface StatusCondition extends Condition {
  readonly observedGeneration?: number;
}

/** As the CRDs' schemas admit it; the operator alone writes it. */
export interface ObjectStatus extends Pick<StoredObject, 'endpoints' | 'counts'> {
  readonly observedGeneration?: number;
  readonly conditions?: readonly StatusCondition[];
}

export interface ClusterObject extends KubeObject {
  readonly metadata: ObjectMeta & { readonly managedFields?: readonly ManagedFields[] };
  readonly spec?: Properties;
  readonly status?: ObjectStatus;
}

/** Also writes finalizers and such, which is not declaring. */
const OPERATOR = 'mqttgrid-operator';

export function toObject({ apiVersion, kind, metadata, spec }: Manifest): ClusterObject {
  return { apiVersion, kind, metadata, spec };
}

export function storedOf(object: ClusterObject): StoredObject {
  const { metadata, spec = {}, status } = object;
  const { labels = {}, annotations = {}, generation, uid, managedFields = [] } = metadata;
  const managers = managedFields
    .filter(({ manager, subresource }) => !subresource && manager !== OPERATOR)
    .map(({ manager = 'unknown' }) => manager);
  return {
    spec,
    labels,
    annotations,
    ...(generation !== undefined && { generation }),
    ...(uid !== undefined && { uid }),
    ...standingOf(status, generation),
    managers: [...new Set(managers)],
  };
}

/** What the operator says of it. */
export function standingOf(
  status: ObjectStatus | undefined,
  generation: number | undefined,
): Pick<StoredObject, 'conditions' | 'endpoints' | 'counts'> {
  const { endpoints, counts } = status ?? {};
  return {
    conditions: currentConditions(status, generation),
    ...(endpoints !== undefined && { endpoints }),
    ...(counts !== undefined && { counts }),
  };
}

/** Those of this generation or a later one: what an earlier one was says nothing of it. */
export function currentConditions(
  status: ObjectStatus | undefined,
  generation = 0,
): readonly Condition[] {
  const observed = status?.observedGeneration ?? -1;
  return (status?.conditions ?? [])
    .filter((condition) => (condition.observedGeneration ?? observed) >= generation)
    .map(({ type, status, reason, message }) => ({ type, status, reason, message }));
}

export function resourceFrom(kind: Kind, { metadata, spec = {} }: ClusterObject): Resource {
  const { name, namespace = '', creationTimestamp = '' } = metadata;
  // The schema has admitted the spec.
  return { kind, metadata: { name, namespace, creationTimestamp }, spec } as unknown as Resource;
}

/**
 * Finalizers that an object waits for, with who put them there where that is known.
 * @param before the object as it was read; what is watched has no managedFields
 */
export function finalizersOf(object: ClusterObject, before: ClusterObject): readonly string[] {
  return (object.metadata.finalizers ?? []).map((finalizer) => {
    const owner = before.metadata.managedFields?.find(({ fieldsV1 }) => {
      return Object.hasOwn(fieldsV1?.['f:metadata']?.['f:finalizers'] ?? {}, `v:"${finalizer}"`);
    });
    return owner?.manager === undefined ? finalizer : `${finalizer} of ${owner.manager}`;
  });
}
