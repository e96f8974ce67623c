/**
 * What tools that wait make of an object (Flux, kpt): the rules of kstatus in their order, from
 * sigs.k8s.io/cli-utils/pkg/kstatus, written down anew. Of the kinds that Kubernetes brings, those
 * that are waited for here.
 */
export type Kstatus = 'InProgress' | 'Failed' | 'Current' | 'Terminating';

interface KstatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

export interface KstatusObject {
  readonly kind: string;
  readonly metadata: {
    readonly generation?: number | undefined;
    readonly deletionTimestamp?: string | undefined;
  };
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  readonly status?: Readonly<Record<string, unknown>> | undefined;
}

export function kstatusOf(object: KstatusObject): Kstatus {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const observed = object.status?.['observedGeneration'];
  if (observed !== undefined && observed !== object.metadata.generation) return 'InProgress';
  if (statusOf(object, 'Reconciling') === 'True') return 'InProgress';
  if (statusOf(object, 'Stalled') === 'True') return 'Failed';
  const byKind = BUILT_IN.get(object.kind);
  if (byKind !== undefined) return byKind(object);
  const ready = statusOf(object, 'Ready');
  // Without the condition it is Current: that is why the definitions have a default status.
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}

const BUILT_IN: ReadonlyMap<string, (object: KstatusObject) => Kstatus> = new Map([
  ['Deployment', kstatusOfDeployment],
  ['StatefulSet', kstatusOfStatefulSet],
  [
    'PersistentVolumeClaim',
    ({ status }) => (status?.['phase'] === 'Bound' ? 'Current' : 'InProgress'),
  ],
]);

function kstatusOfDeployment(object: KstatusObject): Kstatus {
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return 'Failed';
  const wanted = countOf(object.spec, 'replicas', 1);
  const counts = ['replicas', 'updatedReplicas', 'availableReplicas', 'readyReplicas'];
  const hasAll = counts.every((name) => countOf(object.status, name, 0) === wanted);
  const hasProgressed =
    progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
  const isAvailable = statusOf(object, 'Available') === 'True';
  return hasAll && hasProgressed && isAvailable ? 'Current' : 'InProgress';
}

function kstatusOfStatefulSet({ spec, status }: KstatusObject): Kstatus {
  const strategy = spec?.['updateStrategy'] as { readonly type?: string } | undefined;
  if (strategy?.type === 'OnDelete') return 'Current';
  const wanted = countOf(spec, 'replicas', 1);
  const counts = ['replicas', 'readyReplicas', 'currentReplicas'];
  const hasAll = counts.every((name) => countOf(status, name, 0) === wanted);
  const isOfOneRevision = status?.['currentRevision'] === status?.['updateRevision'];
  return hasAll && isOfOneRevision ? 'Current' : 'InProgress';
}

function countOf(fields: KstatusObject['status'], name: string, absent: number): number {
  const count = fields?.[name];
  return typeof count === 'number' ? count : absent;
}

function conditionOf({ status }: KstatusObject, type: string): KstatusCondition | undefined {
  const conditions = (status?.['conditions'] ?? []) as readonly KstatusCondition[];
  return conditions.find((condition) => condition.type === type);
}

function statusOf(object: KstatusObject, type: string): string | undefined {
  return conditionOf(object, type)?.status;
}
