import type {
  V1PersistentVolumeClaim,
  V1StatefulSetSpec,
  V1StatefulSetStatus,
} from '@kubernetes/client-node';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { brokerPod, SERVER_VOLUME_NAME } from './broker-pod.ts';
import type { PodInput } from './broker-pod.ts';
import {
  labels,
  ownedMetadata,
  OWNER_ANNOTATION,
  ownerReference,
  selectorLabels,
} from './labels.ts';
import type { Owner } from './labels.ts';
import { CLAIM_TEMPLATE_NAME } from './names.ts';
import type { WorkloadNames } from './names.ts';
import { hashOf } from './stamp.ts';

export type StatefulSet = KubeObject & {
  readonly spec: V1StatefulSetSpec;
  readonly status?: V1StatefulSetStatus;
};

export const STORAGE_SIZE_DEFAULT = '1Gi';
export const REPLICAS_DEFAULT = 1;

/** Which fields that cannot be changed it was made with: where they differ, it is made anew. */
export const IMMUTABLE_ANNOTATION = 'mqttgrid.io/immutable';

/** What a claim asks for, as far as an unbound claim must ask for it. */
export const CLAIM_ANNOTATION = 'mqttgrid.io/claim';

/** The spec's fields that the API server lets nobody change. */
export const IMMUTABLE_FIELDS = [
  'serviceName',
  'podManagementPolicy',
  'selector',
  'volumeClaimTemplates',
] as const satisfies readonly (keyof V1StatefulSetSpec)[];

/**
 * `spec.replicas` is not part of it: it is put only when it was changed where it is declared.
 *
 * @param ownsClaims whether claims are made as the MqttNamespace's, so that none is left behind
 *   where nobody is there to see to it before the MqttNamespace goes; `volumes.ts` sees to it later
 */
export function statefulSet(input: PodInput, ownsClaims: boolean): StatefulSet {
  const { owner, names } = input;
  const spec: V1StatefulSetSpec = {
    serviceName: names.headlessService,
    // A broker waits for no other one.
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { ...selectorLabels(names) } },
    updateStrategy: { type: 'RollingUpdate' },
    // Nothing but the deletion of the MqttNamespace deletes a volume: `volumes.ts`.
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    template: brokerPod(input),
    volumeClaimTemplates: [claimTemplate(owner, names, ownsClaims)],
  };
  const metadata = ownedMetadata(owner, names, names.workload);
  const immutable = hashOf(IMMUTABLE_FIELDS.map((field) => spec[field]));
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [IMMUTABLE_ANNOTATION]: immutable },
    },
    spec,
  };
}

export function declaredSize({ spec }: Owner): string {
  return spec.storage?.size ?? STORAGE_SIZE_DEFAULT;
}

/** Of a malformed spec the worst is not assumed: what is deleted does not come back. */
export function retainsVolumes({ spec }: Owner): boolean {
  return (spec?.storage?.retain ?? false) !== false;
}

/** The value of CLAIM_ANNOTATION. */
export function claimHash(owner: Owner): string {
  return hashOf([declaredSize(owner), owner.spec.storage?.className]);
}

/** Whether one that there is makes claims as the MqttNamespace's: no change of it is allowed. */
export function ownsItsClaims({ spec }: StatefulSet): boolean {
  const [template] = spec.volumeClaimTemplates ?? [];
  return (template?.metadata?.ownerReferences ?? []).length > 0;
}

function claimTemplate(
  owner: Owner,
  names: WorkloadNames,
  ownsClaims: boolean,
): V1PersistentVolumeClaim {
  const className = owner.spec.storage?.className;
  return {
    metadata: {
      name: CLAIM_TEMPLATE_NAME,
      labels: { ...labels(names) },
      annotations: {
        [OWNER_ANNOTATION]: owner.metadata.name,
        [CLAIM_ANNOTATION]: claimHash(owner),
      },
      ...(ownsClaims && { ownerReferences: [ownerReference(owner)] }),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: declaredSize(owner) } },
      ...(className === undefined ? {} : { storageClassName: className }),
    },
  };
}

/** Which Secret its pods take the listener's certificate from. */
export function serverSecretOf({ spec }: StatefulSet): string | undefined {
  const volumes = spec.template.spec?.volumes ?? [];
  return volumes.find(({ name }) => name === SERVER_VOLUME_NAME)?.secret?.secretName;
}
