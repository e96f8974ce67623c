/** What runs in broker pods: the real follower, on a disk and a network that lose things. */
import { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import type { SnapshotStamp, StampedSnapshot } from '../../../control/messages.ts';
import type { BrokerLink } from '../../../control/stream.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';
import type { Clock } from '../../../control/clock.ts';
import { Follower } from '../../../pod/follower.ts';
import { claimsOf } from './garbage-collector.ts';
import { asJson, isRecord } from './json.ts';
import { typeNamed } from './kinds.ts';
import type { RunningPod } from './kubelet.ts';
import type { ModelServer } from './model-server.ts';
import type { Pod } from './stateful-set-controller.ts';

const SECRETS = typeNamed('v1', 'Secret');
const CLAIMS = typeNamed('v1', 'PersistentVolumeClaim');

/** Who a broker is, as its certificate proves. */
export interface BrokerIdentity {
  /** Of its MqttNamespace. */
  readonly uid: string;
  /** The Kubernetes namespace. */
  readonly namespace: string;
}

/** Undefined: nobody listens there. */
export type Dial = (identity: BrokerIdentity, pod: string) => BrokerLink | undefined;

/** A broker began to run a snapshot, or runs it under another version. */
export interface Applied {
  readonly atMs: number;
  readonly pod: string;
  readonly identity: BrokerIdentity;
  readonly stamp: SnapshotStamp;
  readonly snapshot: Snapshot;
  /** The disk that remembers it. */
  readonly volume: string;
}

export interface ModelBrokersOptions {
  readonly server: ModelServer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dial: Dial;
}

/** Between two attempts to reach an operator. */
const REDIAL_MS = 500;

export class ModelBrokers {
  /** In order. */
  readonly applied: Applied[] = [];
  readonly #options: ModelBrokersOptions;
  /** By the UID of the claim. */
  readonly #disks = new Map<string, StampedSnapshot>();

  constructor(options: ModelBrokersOptions) {
    this.#options = options;
  }

  run(pod: Pod, onReady: (isReady: boolean) => void): RunningPod {
    const { clock, logger, dial } = this.#options;
    const { name } = pod.metadata;
    const identity = this.#identityOf(pod);
    const volume = this.#volumeOf(pod);
    let isOver = false;
    const follower = new Follower({
      pod: name,
      saved: this.#disks.get(volume),
      apply: () => undefined,
      onRuns: (content) => {
        if (isOver) return;
        this.#disks.set(volume, content);
        const { stamp, snapshot } = content;
        this.applied.push({ atMs: clock.nowMs(), pod: name, identity, stamp, snapshot, volume });
        onReady(true);
      },
      logger,
    });
    const redial = async (): Promise<void> => {
      while (!isOver) {
        const link = dial(identity, name);
        if (link !== undefined) await follower.follow(link);
        await new Promise<void>((resolve) => void clock.after(REDIAL_MS, resolve));
      }
    };
    // A broker that has something to serve serves it, with no operator anywhere.
    if (follower.runs !== undefined) onReady(true);
    void redial();
    return {
      stop: () => {
        isOver = true;
        follower.close();
      },
    };
  }

  #identityOf(pod: Pod): BrokerIdentity {
    const { namespace = '' } = pod.metadata;
    const names = (pod.spec?.volumes ?? []).map(({ secret }) => secret?.secretName ?? '');
    for (const name of names) {
      const secret = this.#options.server.get(SECRETS, { namespace, name });
      const data = secret === undefined ? undefined : asJson(secret)['data'];
      if (!isRecord(data) || typeof data['ca.crt'] !== 'string') continue;
      const certificate = Buffer.from(String(data['tls.crt']), 'base64').toString();
      const subject = new Map(
        new X509Certificate(certificate).subject
          .split('\n')
          .map((line) => line.split('=', 2) as [string, string]),
      );
      const organization = subject.get('O');
      if (organization === undefined) continue;
      return { uid: subject.get('CN') ?? '', namespace: organization };
    }
    throw new Error(`the pod ${namespace}/${pod.metadata.name} has no certificate to dial with`);
  }

  #volumeOf(pod: Pod): string {
    const { namespace = '', uid = '' } = pod.metadata;
    const [name = ''] = claimsOf(pod);
    return this.#options.server.get(CLAIMS, { namespace, name })?.metadata.uid ?? uid;
  }
}
