import type { Reason } from '../../../domain/reasons.ts';
import type { MqttNamespaceSpec } from '../../../domain/resources.ts';
import type { Violation } from '../../../domain/violation.ts';
import type { KubeObject } from '../../kube/kube-api.ts';
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}
export interface WorkloadInput {
  readonly owner: KubeObject & { readonly spec: MqttNamespaceSpec };
  readonly running: boolean;
}
export interface WorkloadStanding {
  readonly endpoints: readonly Endpoint[];
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly selector: string;
  readonly unavailable: { readonly reason: Reason; readonly message: string } | undefined;
  readonly unresolved: readonly Violation[];
  readonly againAfterMs: number | undefined;
}
export interface Workloads {
  reconcile(input: WorkloadInput): Promise<WorkloadStanding>;
}
