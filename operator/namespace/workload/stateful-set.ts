import type {
  V1PersistentVolumeClaim,
  V1StatefulSetSpec,
  V1StatefulSetStatus,
} from '@kubernetes/client-node';
import type { KubeObject } from '../../kube/kube-api.ts';
import { brokerPod, SERVER_VOLUME_NAME } from './broker-pod.ts';
import type { PodInput } from './broker-pod.ts';
import { labels, ownedMetadata, OWNER_ANNOTATION, selectorLabels } from './labels.ts';
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

/** `spec.replicas` is not part of it: it is put only when it was changed where it is declared. */
export function statefulSet(input: PodInput): StatefulSet {
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
    volumeClaimTemplates: [claimTemplate(owner, names)],
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

/** The value of CLAIM_ANNOTATION. */
export function claimHash(owner: Owner): string {
  return hashOf([declaredSize(owner), owner.spec.storage?.className]);
}

function claimTemplate(owner: Owner, names: WorkloadNames): V1PersistentVolumeClaim {
  const className = owner.spec.storage?.className;
  return {
    metadata: {
      name: CLAIM_TEMPLATE_NAME,
      labels: { ...labels(names) },
      annotations: {
        [OWNER_ANNOTATION]: owner.metadata.name,
        [CLAIM_ANNOTATION]: claimHash(owner),
      },
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
