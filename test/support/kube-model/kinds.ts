/** What the model knows of each type that the operator uses. */
import { CRDS, type CustomResource } from '../../../crds/schemas.ts';
import { API_VERSION } from '../../../domain/resources.ts';
import type { KubeObject, ResourceType } from '../../../kube/kube-api.ts';
import { KubeApiError } from '../../../kube/kube-api.ts';
import { admitCustom, prunedOf } from './custom-resources.ts';
import { asJson, isEqual, isRecord, without, type JsonObject } from './json.ts';
import { builtInStructure, customStructure, type Structure } from './structure.ts';

export interface ModelKind {
  readonly type: ResourceType;
  /** `metadata.generation` counts changes of what is not metadata or status. */
  readonly hasGeneration: boolean;
  readonly hasStatus: boolean;
  /** A replace without `metadata.resourceVersion` replaces whatever there is. */
  readonly replacesAny: boolean;
  readonly structure: Structure;
  /** As it would be stored: defaults in, unknown fields out. */
  readonly normalized: (object: JsonObject) => JsonObject;
  /** What keeps it from being stored, in words. */
  readonly faults: (object: KubeObject, before: KubeObject | undefined) => readonly string[];
}

interface BuiltIn {
  readonly generation?: true;
  readonly status?: true;
  readonly strict?: true;
  readonly cluster?: true;
  readonly defaults?: (object: JsonObject) => JsonObject;
  readonly faults?: ModelKind['faults'];
}

function builtIn(apiVersion: string, kind: string, plural: string, rules: BuiltIn = {}): ModelKind {
  return {
    type: { apiVersion, kind, plural, namespaced: rules.cluster !== true },
    hasGeneration: rules.generation === true,
    hasStatus: rules.status === true,
    replacesAny: rules.strict !== true,
    structure: builtInStructure,
    normalized: rules.defaults ?? ((object) => object),
    faults: rules.faults ?? (() => []),
  };
}

function custom({ kind, plural, schema }: CustomResource): ModelKind {
  return {
    type: { apiVersion: API_VERSION, kind, plural, namespaced: true },
    hasGeneration: true,
    hasStatus: true,
    replacesAny: false,
    structure: customStructure(schema),
    normalized: (object) => prunedOf(kind, object),
    faults: (object, before) => admitCustom(kind, object, before),
  };
}

function withSpec(object: JsonObject, defaults: JsonObject): JsonObject {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  return { ...object, spec: { ...defaults, ...spec } };
}

/** Kubernetes, "StatefulSets": what of a spec can be changed. */
const STATEFUL_SET_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function statefulSetFaults(object: KubeObject, before: KubeObject | undefined): string[] {
  if (before === undefined) return [];
  const fixed = (state: KubeObject): JsonObject => {
    const { spec } = asJson(state);
    return without(isRecord(spec) ? spec : {}, ...STATEFUL_SET_MUTABLE);
  };
  if (isEqual(fixed(object), fixed(before))) return [];
  return [`spec: Forbidden: updates to fields other than ${STATEFUL_SET_MUTABLE.join(', ')}`];
}

function fixedField(field: string): ModelKind['faults'] {
  return (object, before) => {
    const [old, now] = [before, object].map((state) => (state as JsonObject | undefined)?.[field]);
    return before === undefined || isEqual(old, now) ? [] : [`${field}: field is immutable`];
  };
}

const BUILT_INS: readonly ModelKind[] = [
  builtIn('v1', 'Namespace', 'namespaces', {
    cluster: true,
    status: true,
    defaults: (object) => withSpec(object, { finalizers: ['kubernetes'] }),
  }),
  builtIn('v1', 'Secret', 'secrets', {
    defaults: (object) => ({ type: 'Opaque', ...object }),
    faults: fixedField('type'),
  }),
  builtIn('v1', 'ConfigMap', 'configmaps'),
  builtIn('v1', 'Service', 'services', {
    status: true,
    defaults: (object) => withSpec(object, { type: 'ClusterIP', clusterIP: '10.0.0.1' }),
  }),
  builtIn('v1', 'Pod', 'pods', { status: true, generation: true }),
  builtIn('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', { status: true }),
  builtIn('apps/v1', 'StatefulSet', 'statefulsets', {
    status: true,
    generation: true,
    defaults: (object) => withSpec(object, { replicas: 1, podManagementPolicy: 'OrderedReady' }),
    faults: statefulSetFaults,
  }),
  builtIn('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  builtIn('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    status: true,
    generation: true,
  }),
  builtIn('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', { generation: true }),
  builtIn('coordination.k8s.io/v1', 'Lease', 'leases', { strict: true }),
  builtIn('events.k8s.io/v1', 'Event', 'events'),
  builtIn('v1', 'Event', 'events'),
  builtIn('storage.k8s.io/v1', 'StorageClass', 'storageclasses', { cluster: true }),
  builtIn(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    { cluster: true, generation: true },
  ),
];

export const MODEL_KINDS: readonly ModelKind[] = [
  ...BUILT_INS,
  ...[...CRDS.values()].map((resource) => custom(resource)),
];

const BY_TYPE = new Map(MODEL_KINDS.map((kind) => [keyOfType(kind.type), kind]));

function keyOfType({ apiVersion, plural }: ResourceType): string {
  return `${apiVersion}/${plural}`;
}

export function kindOf(type: ResourceType): ModelKind {
  const kind = BY_TYPE.get(keyOfType(type));
  if (kind !== undefined) return kind;
  const message = `the server could not find the requested resource ${keyOfType(type)}`;
  throw new KubeApiError(message, { status: 404, reason: 'NotFound' });
}

/** By `apiVersion` and `kind`, as owner references name it. */
export function typeNamed(apiVersion: string, kind: string): ResourceType {
  const found = MODEL_KINDS.find(({ type }) => {
    return type.apiVersion === apiVersion && type.kind === kind;
  });
  if (found === undefined) throw new Error(`the model knows no ${apiVersion} ${kind}`);
  return found.type;
}
