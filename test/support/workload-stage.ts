import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { MqttNamespaceSpec } from '../../domain/resources.ts';
import type { KubeObject, ResourceType } from '../../kube/kube-api.ts';
import type { KubeClient } from '../../kube/kube-client.ts';
import { NAMESPACES, apiClient } from './api-client.ts';
import { KeptWorkload } from './kept-workload.ts';

let namespaces = 0;

export interface WorkloadStage {
  readonly api: KubeClient;
  readonly namespace: string;
  readonly workload: KeptWorkload;
  readonly get: <T extends KubeObject>(type: ResourceType, name?: string) => Promise<T>;
  /** JSON merge patch by somebody else. */
  readonly edit: (type: ResourceType, name: string, patch: object) => Promise<void>;
}

/** A workload called grid in a Kubernetes namespace of its own, restricted as careful ones are. */
export async function workloadStage(
  t: TestContext,
  kubeconfig: string,
  spec: MqttNamespaceSpec = {},
): Promise<WorkloadStage> {
  const api = apiClient(t, kubeconfig);
  const namespace = `workload-${namespaces++}`;
  await api.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  const workload = await KeptWorkload.start(t, api, { namespace, name: 'grid' });
  workload.spec = spec;
  return {
    api,
    namespace,
    workload,
    get: async <T extends KubeObject>(type: ResourceType, name = 'grid') => {
      const found = await api.get<T>(type, { namespace, name });
      assert.ok(found, `${type.kind} ${name}`);
      return found;
    },
    edit: async (type, name, patch) => void (await api.patch(type, { namespace, name }, patch)),
  };
}
