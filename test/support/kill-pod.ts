/** `kill -9` of a pod's containers by its node, as the kernel does it when memory runs out. */
import { readFileSync, readdirSync } from 'node:fs';
import { kubectl } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile, or there is no /proc here.
    return '';
  }
}

function processes(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Of this machine, where it is the node that the pod runs on. */
function processesOf({ metadata }: ClusterObject): readonly number[] {
  // As kubelet writes it with cgroupfs, and with systemd.
  const names = [metadata.uid, metadata.uid.replaceAll('-', '_')];
  const isOfPod = (cgroup: string): boolean => names.some((name) => cgroup.includes(name));
  return processes().filter(
    (id) =>
      isOfPod(textOf(`/proc/${id}/cgroup`)) && textOf(`/proc/${id}/cmdline`).includes('mqttgrid'),
  );
}

/** Kills what runs in the pod, or the pod where that is out of reach. Answers which. */
export async function killPod(namespace: string, pod: ClusterObject): Promise<'container' | 'pod'> {
  const ids = processesOf(pod);
  for (const id of ids) process.kill(id, 'SIGKILL');
  if (ids.length > 0) return 'container';
  await kubectl(
    ...['-n', namespace, 'delete', 'pod', pod.metadata.name, '--force', '--grace-period=0'],
  );
  return 'pod';
}
