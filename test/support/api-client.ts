import type { TestContext } from 'node:test';
import { systemClock } from '../../control/clock.ts';
import { loadKubeConfig } from '../../kube/credentials.ts';
import type { ResourceType } from '../../kube/kube-api.ts';
import { KubeClient } from '../../kube/kube-client.ts';
import type { KubeClientOptions } from '../../kube/kube-client.ts';

/** A client of a test's API server, closed when the test ends. */
export function apiClient(
  t: TestContext,
  kubeconfig: string,
  options: Partial<KubeClientOptions> = {},
): KubeClient {
  const config = loadKubeConfig(kubeconfig);
  const client = new KubeClient({ config, clock: systemClock, random: Math.random, ...options });
  t.after(() => client.close());
  return client;
}

export const CONFIG_MAPS: ResourceType = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export const NAMESPACES: ResourceType = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
