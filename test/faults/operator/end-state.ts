/** What a cluster has come to, without what differs from run to run. */
import type { KubeObject } from '../../../kube/kube-api.ts';
import { DESTINATIONS_ANNOTATION } from '../../../operator/namespace/workload/labels.ts';
import { APPLIED_ANNOTATION } from '../../../operator/namespace/workload/stamp.ts';
import { IMMUTABLE_ANNOTATION } from '../../../operator/namespace/workload/stateful-set.ts';
import {
  asJson,
  isEqual,
  isRecord,
  without,
  type JsonObject,
} from '../../support/kube-model/json.ts';
import { MODEL_KINDS } from '../../support/kube-model/kinds.ts';
import type { ModelServer } from '../../support/kube-model/model-server.ts';

/** Heartbeats, and what nobody of us looks after. */
const IGNORED = new Set(['Lease', 'Event', 'Namespace']);

/** They cover certificates and the owner's UID, or count. */
const MASKED_ANNOTATIONS = [APPLIED_ANNOTATION, IMMUTABLE_ANNOTATION, DESTINATIONS_ANNOTATION];

/** By kind, namespace and name. */
export type EndState = ReadonlyMap<string, JsonObject>;

export function endStateOf(server: ModelServer): EndState {
  const kinds = MODEL_KINDS.filter(({ type }) => !IGNORED.has(type.kind));
  const objects = kinds.flatMap(({ type }) => server.all(type));
  const named = objects.map((object) => [keyOf(object), masked(object)] as const);
  return new Map(named.sort(([left], [right]) => (left < right ? -1 : 1)));
}

export function keyOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace ?? ''}/${name}`;
}

function masked(object: KubeObject): JsonObject {
  const { metadata, ...rest } = object;
  const { labels, annotations, ownerReferences, finalizers, deletionTimestamp } = metadata;
  const owners = (ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`);
  const json = asJson(rest as KubeObject);
  return {
    ...without(json, 'data', 'status'),
    metadata: {
      labels,
      annotations: without(annotations ?? {}, ...MASKED_ANNOTATIONS),
      owners: owners.sort(),
      finalizers,
      isDeleting: deletionTimestamp !== undefined,
    },
    ...('data' in json && { data: Object.keys(json['data'] as object).sort() }),
    ...('spec' in json && { spec: maskedSpec(json['spec']) }),
    ...('status' in json && { status: maskedStatus(json['status'], metadata.generation) }),
  };
}

/** A volume is called after the claim's UID, and a template of claims names an owner by its UID. */
function maskedSpec(spec: unknown): unknown {
  if (!isRecord(spec)) return spec;
  const { volumeName, volumeClaimTemplates } = spec;
  return {
    ...spec,
    ...(volumeName !== undefined && { volumeName: 'masked' }),
    ...(volumeClaimTemplates !== undefined && {
      volumeClaimTemplates: JSON.stringify(volumeClaimTemplates).replaceAll(UID, 'masked'),
    }),
  };
}

const UID = /[0-9a-f-]{36}/g;

function maskedStatus(status: unknown, generation: number | undefined): unknown {
  if (!isRecord(status)) return status;
  const { conditions, observedGeneration } = status;
  return {
    ...status,
    ...('observedGeneration' in status && { isObserved: observedGeneration === generation }),
    observedGeneration: 'masked',
    ...(Array.isArray(conditions) && {
      conditions: conditions.map((condition: JsonObject) => {
        return without(condition, 'lastTransitionTime', 'observedGeneration');
      }),
    }),
  };
}

/** In words, one line for each object that differs. */
export function differences(actual: EndState, expected: EndState): string[] {
  const keys = new Set([...actual.keys(), ...expected.keys()]);
  return [...keys].flatMap((key) => {
    const [is, should] = [actual.get(key), expected.get(key)];
    if (is === undefined) return [`${key} is missing`];
    if (should === undefined) return [`${key} is there and should not be`];
    const fields = differingFields(is, should, []);
    return fields.length === 0 ? [] : [`${key}: ${fields.join('; ')}`];
  });
}

function differingFields(is: unknown, should: unknown, path: readonly string[]): string[] {
  if (isRecord(is) && isRecord(should)) {
    const names = new Set([...Object.keys(is), ...Object.keys(should)]);
    return [...names].flatMap((name) => differingFields(is[name], should[name], [...path, name]));
  }
  if (isEqual(is, should)) return [];
  const [left, right] = [JSON.stringify(is), JSON.stringify(should)];
  return [`${path.join('.')} is ${left} and should be ${right}`];
}
