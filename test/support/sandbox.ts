/** A Kubernetes namespace for a suite, and volumes enough for all of them. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { applyText, kubectl, list } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';
import { remindScheduler, type Reminder } from './scheduler-reminder.ts';

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
    await kubectl('delete', 'namespace', name, '--ignore-not-found');
    await recycleVolumes();
  });
  return name;
}

interface Volume extends ClusterObject {
  readonly spec: {
    readonly hostPath?: { readonly path: string };
    readonly storageClassName?: string;
  };
  readonly status: { readonly phase: string };
}

interface StorageClass extends ClusterObject {
  readonly provisioner: string;
}

/**
 * A cluster without a provisioner has volumes that an administrator makes by hand: what was
 * released is emptied and offered again, or a few tests would use them up.
 */
export async function recycleVolumes(): Promise<void> {
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
