/** Why a broker pod does not run, or is not ready yet: for the person who must act. */
import type { V1ContainerState, V1ContainerStatus } from '@kubernetes/client-node';
import { quote } from '../../../domain/text.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { CONTAINER_NAME } from './broker-pod.ts';
import type { Pod } from './pods.ts';
import type { Claim } from './volumes.ts';

/** What one pod waits for, and whose events say more. */
export interface Diagnosis {
  /** One sentence without a full stop. */
  readonly message: string;
  /** A warning about it says the cause. */
  readonly eventsOf?: KubeObject | undefined;
}

/** What the kubelet writes of a container may be a page of a log. */
const DETAIL_CHARACTERS_MAX = 500;

/** @param claim the pod's; undefined: there is none yet */
export function diagnosePod(pod: Pod, claim: Claim | undefined): Diagnosis {
  const { name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return { message: `the pod ${name} is ending` };
  return pod.spec?.nodeName === undefined ? unscheduled(pod, claim) : onNode(pod);
}

function onNode(pod: Pod): Diagnosis {
  const { name } = pod.metadata;
  const failed = failureOf(pod);
  if (failed !== undefined) return { message: `the pod ${name} failed: ${failed}` };
  const container = brokerStatus(pod);
  const fault = container && containerFault(container, pod);
  if (fault !== undefined) return { message: `the pod ${name} does not start: ${fault}` };
  if (container?.state?.running !== undefined) {
    return { message: `the pod ${name} runs and is not ready yet` };
  }
  // Its volumes are mounted and its network is made: where that fails, only events tell.
  return { message: `the pod ${name} is being started`, eventsOf: pod };
}

/** Evicted, for instance: its StatefulSet makes it anew. */
function failureOf({ status }: Pod): string | undefined {
  if (status?.phase !== 'Failed') return undefined;
  return shortened(status.message ?? status.reason ?? 'no reason is given');
}

function brokerStatus({ status }: Pod): V1ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === CONTAINER_NAME);
}

function unscheduled(pod: Pod, claim: Claim | undefined): Diagnosis {
  const { name } = pod.metadata;
  const unbound = claim && unboundClaim(claim);
  if (unbound !== undefined) return unbound;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.message === undefined) return { message: `the pod ${name} waits for a node` };
  return { message: `no node takes the pod ${name}: ${shortened(scheduled.message)}` };
}

function unboundClaim(claim: Claim): Diagnosis | undefined {
  const { phase } = claim.status ?? {};
  if (phase === 'Lost') return { message: `the volume of ${claim.metadata.name} is lost` };
  if (phase !== 'Pending') return undefined;
  const className = claim.spec?.storageClassName;
  const from =
    className === undefined ? 'without a StorageClass' : `of StorageClass ${quote(className)}`;
  const message = `the volume claim ${claim.metadata.name} ${from} is not bound`;
  return { message, eventsOf: claim };
}

/** Undefined: nothing is wrong with it so far. */
function containerFault(container: V1ContainerStatus, pod: Pod): string | undefined {
  const ended = endOf(container.state) ?? endOf(container.lastState);
  // While it is started again and again its state changes, what is wrong does not.
  if (ended !== undefined && container.restartCount > 0) return `the broker keeps ending, ${ended}`;
  if (ended !== undefined) return `the broker ended, ${ended}`;
  const image = pod.spec?.containers.find(({ name }) => name === container.name)?.image ?? '';
  return waitingFault(container.state, image);
}

/** Waiting for these is how every container starts. */
const STARTING: ReadonlySet<string> = new Set(['', 'ContainerCreating', 'PodInitializing']);

const PULL_FAULTS: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

function waitingFault(state: V1ContainerState | undefined, image: string): string | undefined {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (STARTING.has(reason)) return undefined;
  if (reason === 'InvalidImageName') return `${quote(image)} is not the name of an image`;
  const isPull = PULL_FAULTS.has(reason);
  const what = isPull ? `its image ${quote(image)} cannot be pulled` : reason;
  const detail = shortened(isPull ? pullDetail(message) : message);
  return detail === '' ? what : `${what}: ${detail}`;
}

function endOf(state: V1ContainerState | undefined): string | undefined {
  const terminated = state?.terminated;
  if (terminated === undefined) return undefined;
  const { exitCode, reason = 'Error', message = '' } = terminated;
  const last = message.trim();
  return `with exit code ${exitCode} (${reason})${last === '' ? '' : `: ${shortened(last)}`}`;
}

/** Between two tries the kubelet tells of the pause first, which is no news. */
function pullDetail(message: string): string {
  return message.replace(/^Back-off pulling image "[^"]*"(?:: \w+)?:? ?/, '');
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= DETAIL_CHARACTERS_MAX) return line;
  // The end of a log is what says why.
  return `…${line.slice(-DETAIL_CHARACTERS_MAX).toWellFormed()}`;
}
