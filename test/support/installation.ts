/** mqttgrid on the cluster, as `kubectl apply -k deploy/` installs it, with the image to test. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clusterImage, kubectl, list, OPERATOR_NAMESPACE } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';
import { REPOSITORY } from './up.ts';

const IMAGE = 'ghcr.io/mqttgrid/mqttgrid';

export interface OperatorPod extends ClusterObject {
  readonly status: { readonly phase: string; readonly podIP?: string };
}

/** `registry:5000/name:tag` or `name@sha256:...` in kustomize's words. */
function imageOverride(image: string): object {
  const [, newName = image, separator, version] = /^(.+?)(?:([:@])([^/]+))?$/.exec(image) ?? [];
  if (separator === '@') return { name: IMAGE, newName, digest: version };
  return { name: IMAGE, newName, newTag: version ?? 'latest' };
}

/** Runs `act` with a folder for `-k`: deploy/ with the image that is tested. */
export async function withOverlay<Value>(act: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'mqttgrid-overlay-'));
  const overlay = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path.relative(folder, path.join(REPOSITORY, 'deploy'))],
    images: [imageOverride(clusterImage())],
  };
  // JSON is YAML.
  writeFileSync(path.join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Installs it unless it is there, and waits until it is ready. Answers what kubectl said. */
export async function install(): Promise<string> {
  const said = await withOverlay((folder) => kubectl('apply', '-k', folder));
  await rolledOut();
  return said;
}

export async function rolledOut(): Promise<void> {
  await kubectl(
    ...['-n', OPERATOR_NAMESPACE, 'rollout', 'status', 'deployment/mqttgrid-operator'],
    '--timeout=120s',
  );
}

export async function uninstall(): Promise<void> {
  await withOverlay((folder) => kubectl('delete', '-k', folder, '--ignore-not-found'));
}

/** Without those that are on their way out. */
export async function operatorPods(): Promise<readonly OperatorPod[]> {
  const pods = await list<OperatorPod>(
    ...['pods', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=mqttgrid-operator'],
  );
  return pods.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && !['Succeeded', 'Failed'].includes(status.phase),
  );
}
