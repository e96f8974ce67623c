/** How the pods of one MqttNamespace stand. */
import type { Reason } from '../../../domain/reasons.ts';
import { diagnosePod } from './unavailable.ts';
import type { Diagnosis } from './unavailable.ts';
import type { KubeEvents } from './kube-events.ts';
import { claimName } from './names.ts';
import { isReady, ordinalOf } from './pods.ts';
import type { Pod } from './pods.ts';
import type { StatefulSet } from './stateful-set.ts';
import type { Claim } from './volumes.ts';

export interface Observed {
  readonly workload: string;
  readonly replicas: number;
  /** Undefined: it could not be made, which somebody else tells. */
  readonly statefulSet: StatefulSet | undefined;
  readonly pods: readonly Pod[];
  readonly claims: readonly Claim[];
}

export interface Unavailable {
  readonly reason: Reason;
  readonly message: string;
}

export function readyReplicas({ pods }: Observed): number {
  return pods.filter(isReady).length;
}

/** Undefined: all that should run are ready. */
export async function unavailable(
  observed: Observed,
  events: KubeEvents,
): Promise<Unavailable | undefined> {
  for (let ordinal = 0; ordinal < observed.replicas; ordinal++) {
    const diagnosis = diagnose(observed, ordinal);
    if (diagnosis === undefined) continue;
    const { message, eventsOf } = diagnosis;
    const warning = eventsOf === undefined ? '' : await events.lastWarning(eventsOf);
    const text = warning === '' ? message : `${message}: ${warning}`;
    return { reason: 'BrokerUnavailable', message: text };
  }
  return undefined;
}

function diagnose(observed: Observed, ordinal: number): Diagnosis | undefined {
  const { workload, pods, claims, statefulSet } = observed;
  const pod = pods.find(({ metadata }) => ordinalOf(workload, metadata.name) === ordinal);
  if (pod === undefined) {
    const message = `the pod ${workload}-${ordinal} is not made yet`;
    return { message, eventsOf: statefulSet };
  }
  if (isReady(pod)) return undefined;
  const name = claimName(pod.metadata.name);
  return diagnosePod(
    pod,
    claims.find(({ metadata }) => metadata.name === name),
  );
}
