/** A Kubernetes namespace for a suite, and volumes enough for all of them. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { applyText, eventuallyFinds, kubectl, list, runTool } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';
import { remindScheduler, type Reminder } from './scheduler-reminder.ts';

/**
 * For what a test is done with, in seconds: a container is deaf to SIGTERM until its program has
 * begun, and killed half a minute later.
 */
export const NO_GRACE = '--grace-period=1';
/** A claim is gone a moment before its volume is said to be free. */
const RELEASED_MS = 30_000;

/**
 * A Kubernetes namespace for the tests of a suite, made before and deleted with all that is in it
 * after them. Restricted, as careful clusters have it: pods that ask for more are not let in.
 */
export function useNamespace(name: string): string {
  let reminder: Reminder | undefined;
  before(async () => {
    await kubectl('delete', 'namespace', name, '--ignore-not-found');
    await recycleVolumes();
    await applyText(
      'default',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      }),
    );
    reminder = remindScheduler(name);
  });
  after(async () => {
    await reminder?.stop();
    await empty(name);
    await recycleVolumes();
    // Kubernetes lets 5 s pass before it removes it, which nobody has to wait for.
    await kubectl('delete', 'namespace', name, '--ignore-not-found', '--wait=false');
  });
  return name;
}

/**
 * Deletes what runs there and what holds volumes. Kubernetes would do so, too, but it looks again
 * only when half of the time has passed that pods may take to end: of brokers that end within a
 * second, 16 s.
 */
async function empty(namespace: string): Promise<void> {
  const of = ['-n', namespace, 'delete'];
  // Fails where mqttgrid is not installed any more, and with it all of these are gone.
  await runTool('kubectl', [...of, 'mqttgrid', '--all']);
  const types = 'deployment,replicaset,statefulset,pod,persistentvolumeclaim';
  await kubectl(...of, types, '--all', NO_GRACE, '--timeout=90s');
  await eventuallyFinds(RELEASED_MS, `the volumes of ${namespace}`, async () => {
    const bound = (await list<Volume>('persistentvolume')).filter(
      ({ spec, status }) => spec.claimRef?.namespace === namespace && status.phase === 'Bound',
    );
    return bound.length === 0 ? true : undefined;
  });
}

interface Volume extends ClusterObject {
  readonly spec: {
    readonly claimRef?: { readonly namespace: string };
    readonly hostPath?: { readonly path: string };
    readonly storageClassName?: string;
  };
  readonly status: { readonly phase: string };
}

interface StorageClass extends ClusterObject {
  readonly provisioner: string;
}

let recycled = Promise.resolve();

/**
 * A cluster without a provisioner has volumes that an administrator makes by hand: what was
 * released is emptied and offered again, or a few tests would use them up. One after the other:
 * what is offered again may be in use a moment later.
 */
export function recycleVolumes(): Promise<void> {
  recycled = recycled.catch(() => undefined).then(recycleOnce);
  return recycled;
}

async function recycleOnce(): Promise<void> {
  const classes = await list<StorageClass>('storageclass');
  const byHand = new Set(
    classes
      .filter(({ provisioner }) => provisioner === 'kubernetes.io/no-provisioner')
      .map(({ metadata }) => metadata.name),
  );
  const volumes = await list<Volume>('persistentvolume');
  for (const { metadata, spec, status } of volumes) {
    const isOurs = byHand.has(spec.storageClassName ?? '') && status.phase === 'Released';
    // On this machine, where the tests can empty it.
    if (!isOurs || spec.hostPath === undefined || !existsSync(spec.hostPath.path)) continue;
    for (const entry of readdirSync(spec.hostPath.path)) {
      rmSync(path.join(spec.hostPath.path, entry), { recursive: true });
    }
    await kubectl(
      ...['patch', 'persistentvolume', metadata.name, '--type=merge'],
      ...['-p', '{"spec":{"claimRef":null}}'],
    );
  }
}
