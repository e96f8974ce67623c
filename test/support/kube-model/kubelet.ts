/** Scheduler, volumes and nodes: pods get a place, run what they are to run, and end. */
import type { V1Container, V1PersistentVolumeClaimSpec } from '@kubernetes/client-node';
import type { Clock } from '../../../control/clock.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { claimsOf } from './garbage-collector.ts';
import { typeNamed } from './kinds.ts';
import type { ModelServer } from './model-server.ts';
import type { Pod } from './stateful-set-controller.ts';

const PODS = typeNamed('v1', 'Pod');
const CLAIMS = typeNamed('v1', 'PersistentVolumeClaim');
const SECRETS = typeNamed('v1', 'Secret');
const MANAGER = { manager: 'kubelet' };
const STATUS = { ...MANAGER, subresource: 'status' } as const;

const ACT_AFTER_MS = 10;
const START_MS = 200;
const STOP_MS = 100;

/** Images and classes whose names say so do not exist. */
const MISSING = 'missing';

/** What runs in a pod, from its start to its end. */
export interface RunningPod {
  stop(): void;
}

/** `onReady` is called when its readiness changes. */
export type RunPod = (pod: Pod, onReady: (isReady: boolean) => void) => RunningPod;

export class Kubelet {
  readonly #server: ModelServer;
  readonly #clock: Clock;
  readonly #run: RunPod;
  /** By UID; undefined: it is being started. */
  readonly #running = new Map<string, RunningPod | undefined>();
  readonly #stopping = new Set<string>();
  #isDue = false;

  constructor(server: ModelServer, clock: Clock, run: RunPod) {
    this.#server = server;
    this.#clock = clock;
    this.#run = run;
    server.onChange(({ type: { kind } }) => {
      if (kind === 'Pod' || kind === 'PersistentVolumeClaim' || kind === 'Secret') this.#actLater();
    });
  }

  #actLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(ACT_AFTER_MS, () => {
      this.#isDue = false;
      const pods = this.#server.all(PODS) as Pod[];
      for (const pod of pods) this.#sync(pod);
      this.#endLost(pods);
    });
  }

  #sync(pod: Pod): void {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return this.#stop(pod);
    if (this.#running.has(uid)) return;
    if (pod.spec?.nodeName === undefined) return this.#schedule(pod);
    const images = (pod.spec.containers ?? []).map(({ image }) => image ?? '');
    if (images.some((image) => image.includes(MISSING))) {
      return this.#tell(pod, waiting(pod, 'ImagePullBackOff', 'no such image'));
    }
    if (!this.#hasSecrets(pod)) return this.#tell(pod, waiting(pod, 'ContainerCreating', ''));
    this.#start(pod);
  }

  #schedule(pod: Pod): void {
    const { namespace = '' } = pod.metadata;
    const claims = claimsOf(pod).map((name) => this.#server.get(CLAIMS, { namespace, name }));
    if (!claims.every((claim) => claim !== undefined && this.#bind(claim))) {
      const message = 'pod has unbound immediate PersistentVolumeClaims';
      const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
      return this.#tell(pod, { phase: 'Pending', conditions: [condition] });
    }
    this.#server.patch(PODS, pod.metadata, { spec: { nodeName: 'node' } }, MANAGER);
  }

  #bind(claim: KubeObject): boolean {
    if (claim.metadata.deletionTimestamp !== undefined) return false;
    const { spec = {} } = claim as { spec?: V1PersistentVolumeClaimSpec };
    if (spec.volumeName !== undefined) return true;
    if (spec.storageClassName?.includes(MISSING)) return false;
    const volumeName = `pv-${claim.metadata.uid}`;
    this.#server.patch(CLAIMS, claim.metadata, { spec: { volumeName } }, MANAGER);
    this.#server.patch(CLAIMS, claim.metadata, { status: { phase: 'Bound' } }, STATUS);
    return true;
  }

  #hasSecrets({ metadata: { namespace = '' }, spec }: Pod): boolean {
    return (spec?.volumes ?? []).every(({ secret }) => {
      const name = secret?.secretName;
      return name === undefined || this.#server.get(SECRETS, { namespace, name }) !== undefined;
    });
  }

  #start(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    this.#running.set(uid, undefined);
    this.#clock.after(START_MS, () => {
      const now = this.#server.get(PODS, pod.metadata) as Pod | undefined;
      if (now?.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined) return;
      this.#tell(pod, running(pod, false));
      const run = this.#run(now, (isReady) => this.#tell(pod, running(pod, isReady)));
      this.#running.set(uid, run);
    });
  }

  #stop(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    if (this.#stopping.has(uid)) return;
    this.#stopping.add(uid);
    this.#running.get(uid)?.stop();
    this.#clock.after(STOP_MS, () => {
      this.#running.delete(uid);
      this.#stopping.delete(uid);
      if (this.#server.get(PODS, pod.metadata)?.metadata.uid !== uid) return;
      this.#server.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 });
    });
  }

  /** Of pods that were deleted without waiting for their end. */
  #endLost(pods: readonly Pod[]): void {
    const uids = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, run] of this.#running) {
      if (uids.has(uid)) continue;
      run?.stop();
      this.#running.delete(uid);
    }
  }

  #tell(pod: Pod, status: object): void {
    const now = this.#server.get(PODS, pod.metadata);
    if (now?.metadata.uid !== pod.metadata.uid) return;
    this.#server.patch(PODS, pod.metadata, { status }, STATUS);
  }
}

function containers({ spec }: Pod): readonly V1Container[] {
  return spec?.containers ?? [];
}

function waiting(pod: Pod, reason: string, message: string): object {
  return {
    phase: 'Pending',
    containerStatuses: containers(pod).map(({ name }) => {
      return { name, ready: false, restartCount: 0, state: { waiting: { reason, message } } };
    }),
  };
}

function running(pod: Pod, isReady: boolean): object {
  return {
    phase: 'Running',
    conditions: [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status: isReady ? 'True' : 'False' },
    ],
    containerStatuses: containers(pod).map(({ name }) => {
      return { name, ready: isReady, restartCount: 0, state: { running: {} } };
    }),
  };
}
