/** What protects the pods: from each other's absence, and from the network. */
import type { V1NetworkPolicySpec, V1PodDisruptionBudgetSpec } from '@kubernetes/client-node';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { OPERATOR_POD_LABELS, ownedMetadata, selectorLabels } from './labels.ts';
import type { Owner } from './labels.ts';
import type { WorkloadNames } from './names.ts';
import { PORT_NAMES } from './settings.ts';
import type { BrokerSettings } from './settings.ts';

export type DisruptionBudget = KubeObject & { readonly spec: V1PodDisruptionBudgetSpec };
export type NetworkPolicy = KubeObject & { readonly spec: V1NetworkPolicySpec };

export function disruptionBudget(owner: Owner, names: WorkloadNames): DisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(owner, names, names.workload),
    spec: {
      // One at a time. To allow none would keep nodes from ever being drained.
      maxUnavailable: 1,
      // A pod that serves nobody anyway holds up no drain either.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { ...selectorLabels(names) } },
    },
  };
}

const DNS_PORT = 53;

/**
 * Brokers are reached by clients, the kubelet and scrapers, and reach DNS and the operator; those
 * that route reach any destination: a policy knows no host names, and brokers of Kafka send clients
 * on to whatever ports they have.
 */
export function networkPolicy(
  owner: Owner,
  names: WorkloadNames,
  settings: BrokerSettings,
): NetworkPolicy {
  const { operatorNamespace, controlPort } = settings;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(owner, names, names.workload),
    spec: {
      podSelector: { matchLabels: { ...selectorLabels(names) } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ports: [PORT_NAMES.mqtts, PORT_NAMES.health, PORT_NAMES.metrics].map((port) => ({
            port,
            protocol: 'TCP',
          })),
        },
      ],
      egress: [
        { ports: ['UDP', 'TCP'].map((protocol) => ({ port: DNS_PORT, protocol })) },
        {
          to: [
            {
              namespaceSelector: {
                matchLabels: { 'kubernetes.io/metadata.name': operatorNamespace },
              },
              podSelector: { matchLabels: { ...OPERATOR_POD_LABELS } },
            },
          ],
          ports: [{ port: controlPort, protocol: 'TCP' }],
        },
        ...(owner.spec.routeTopicRef === undefined ? [] : [{}]),
      ],
    },
  };
}
