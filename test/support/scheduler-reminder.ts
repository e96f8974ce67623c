/**
 * Reminds kube-scheduler of pods whose claim was bound without its noticing: with 1.34, a pod made
 * while its claim is bound to a volume that was offered again a moment before can stay Pending
 * until the scheduler looks at all pods anew, after five minutes. It happens with volumes that are
 * made by hand and used again, as tests do; whatever changes the claim has it look at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { kubectl, list } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';

/** A pod that was Pending at two looks in a row is reminded of. */
const LOOK_INTERVAL_MS = 5000;

interface Pod extends ClusterObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly volumes?: readonly {
      readonly persistentVolumeClaim?: { readonly claimName: string };
    }[];
  };
}

export interface Reminder {
  stop(): Promise<void>;
}

export function remindScheduler(namespace: string): Reminder {
  const stopping = new AbortController();
  const running = remind(namespace, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function remind(namespace: string, signal: AbortSignal): Promise<void> {
  let pending = new Set<string>();
  for (let look = 0; ; look++) {
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    // A cluster that does not answer fails the tests themselves.
    const pods = await list<Pod>('pods', '-n', namespace).catch(() => []);
    const unplaced = pods.filter(({ spec }) => spec.nodeName === undefined);
    const late = unplaced.filter(({ metadata }) => pending.has(metadata.uid));
    for (const claim of late.flatMap(claimsOf)) await touch(namespace, claim, look);
    pending = new Set(unplaced.map(({ metadata }) => metadata.uid));
  }
}

function claimsOf({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
}

async function touch(namespace: string, claim: string, look: number): Promise<void> {
  const annotation = `mqttgrid.test/reminder=${look}`;
  const parameters = ['annotate', '--overwrite', `persistentvolumeclaim/${claim}`, annotation];
  await kubectl('-n', namespace, ...parameters).catch(() => undefined);
}
