/** What marks the objects of a MqttNamespace as such. */
import type { MqttNamespaceSpec } from '../../../domain/resources.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../../kube/kube-api.ts';
import type { WorkloadNames } from './names.ts';

/** The MqttNamespace as the API server has it. */
export type Owner = KubeObject & { readonly spec: MqttNamespaceSpec };

export const FIELD_MANAGER = 'mqttgrid-operator';

export const MANAGED_BY = { label: 'app.kubernetes.io/managed-by', value: 'mqttgrid' } as const;
const NAME = { label: 'app.kubernetes.io/name', value: 'mqttgrid-broker' } as const;

/** The operator's own pods, as `deploy/` labels them. */
export const OPERATOR_POD_LABELS = { [NAME.label]: 'mqttgrid-operator' } as const;

/** Its value is the workload's name, since `metadata.name` may be too long for a label. */
export const WORKLOAD_LABEL = 'mqttgrid.io/namespace';

/** `metadata.name` of the MqttNamespace. */
export const OWNER_ANNOTATION = 'mqttgrid.io/mqttnamespace';

/**
 * On each pod: a kubelet looks at a pod's Secrets again a minute or more after they changed, but at
 * once when the pod's annotations change ("Mounted Secrets are updated automatically"). Its value
 * is the version of the Secret: on a hash, whoever may read pods could try passwords.
 */
export const DESTINATIONS_ANNOTATION = 'mqttgrid.io/destinations';

type Labels = Readonly<Record<string, string>>;

/** Selects the pods. */
export function selectorLabels(names: WorkloadNames): Labels {
  return { [NAME.label]: NAME.value, [WORKLOAD_LABEL]: names.workload };
}

export function labels(names: WorkloadNames): Labels {
  return { [MANAGED_BY.label]: MANAGED_BY.value, ...selectorLabels(names) };
}

export function printSelector(names: WorkloadNames): string {
  const pairs = Object.entries(selectorLabels(names));
  return pairs.map(([label, value]) => `${label}=${value}`).join(',');
}

/** With it the garbage collector deletes the object after the MqttNamespace, operator or none. */
export function ownerReference({ apiVersion, kind, metadata }: Owner): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid };
}

type OwnedMetadata = ObjectMeta & Required<Pick<ObjectMeta, 'namespace' | 'annotations'>>;

/** Metadata of an object that the operator makes. */
export function ownedMetadata(owner: Owner, names: WorkloadNames, name: string): OwnedMetadata {
  const { namespace = '' } = owner.metadata;
  return {
    name,
    namespace,
    labels: labels(names),
    annotations: { [OWNER_ANNOTATION]: owner.metadata.name },
    // Nothing waits for its deletion in a foreground deletion, so nothing can hold that up.
    ownerReferences: [{ ...ownerReference(owner), controller: true, blockOwnerDeletion: false }],
  };
}

/**
 * Whether the object was made for this very MqttNamespace. One that lost its owner or its labels
 * is still ours by the other; one of a namesake that was deleted is not.
 */
export function isOurs({ metadata }: KubeObject, owner: Owner, names: WorkloadNames): boolean {
  const references = metadata.ownerReferences ?? [];
  if (references.some(({ uid }) => uid === owner.metadata.uid)) return true;
  const expected = Object.entries(labels(names));
  const isLabelled = expected.every(([label, value]) => metadata.labels?.[label] === value);
  return isLabelled && references.length === 0;
}
