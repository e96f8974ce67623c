/** The types of what the operator makes for a MqttNamespace, and how caches of them are asked. */
import { SECRETS } from '../../authority/authority-secret.ts';
import type { KubeObject, ObjectName, ResourceType } from '../../../kube/kube-api.ts';
import { MANAGED_BY, OWNER_ANNOTATION } from './labels.ts';

export { SECRETS };

function namespaced(apiVersion: string, kind: string, plural: string): ResourceType {
  return { apiVersion, kind, plural, namespaced: true };
}

export const STATEFUL_SETS = namespaced('apps/v1', 'StatefulSet', 'statefulsets');
export const SERVICES = namespaced('v1', 'Service', 'services');
export const PODS = namespaced('v1', 'Pod', 'pods');
export const CLAIMS = namespaced('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const DISRUPTION_BUDGETS = namespaced(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
export const NETWORK_POLICIES = namespaced(
  'networking.k8s.io/v1',
  'NetworkPolicy',
  'networkpolicies',
);

/** Read when something is amiss, never cached. */
export const EVENTS = namespaced('v1', 'Event', 'events');
export const STORAGE_CLASSES: ResourceType = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
};

/** What informers are to be kept of, each with `OWNED_SELECTOR`. */
export const OWNED_TYPES: readonly ResourceType[] = [
  STATEFUL_SETS,
  SERVICES,
  SECRETS,
  PODS,
  CLAIMS,
  DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
];

/** Only what carries it is cached: nobody else's Secrets are held in memory. */
export const OWNED_SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;

/** What the caches hold, perhaps behind what the API server has. */
export interface OwnedObjects {
  get<T extends KubeObject>(type: ResourceType, name: ObjectName): T | undefined;
  /** Those whose label WORKLOAD_LABEL says that they are of this workload. */
  ofWorkload<T extends KubeObject>(
    type: ResourceType,
    namespace: string,
    workload: string,
  ): readonly T[];
  /** The server's answer to a write: it is not to be made again for want of being seen. */
  wrote(object: KubeObject): void;
}

/**
 * `metadata.name` of the MqttNamespace that an object of these types was made for. Pods and claims
 * are made by others from our templates, so the annotation tells it, not the owner.
 */
export function ownerNameOf(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[OWNER_ANNOTATION];
}
