import { isIP } from 'node:net';
import type { V1ServiceSpec, V1ServiceStatus } from '@kubernetes/client-node';
import { isDnsName } from '../../../certificates/extensions.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { ownedMetadata, selectorLabels } from './labels.ts';
import type { Owner } from './labels.ts';
import type { WorkloadNames } from './names.ts';
import { MQTTS_PORT, PORT_NAMES } from './settings.ts';
import type { BrokerSettings } from './settings.ts';
import type { Endpoint } from './workload.ts';

export type Service = KubeObject & {
  readonly spec: V1ServiceSpec;
  readonly status?: V1ServiceStatus;
};

function ports(): NonNullable<V1ServiceSpec['ports']> {
  return [
    { name: PORT_NAMES.mqtts, port: MQTTS_PORT, targetPort: PORT_NAMES.mqtts, protocol: 'TCP' },
  ];
}

/** Where clients connect. */
export function clientService(owner: Owner, names: WorkloadNames): Service {
  const metadata = ownedMetadata(owner, names, names.workload);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metadata,
      // Ours last: they mark the object as ours.
      annotations: { ...owner.spec.service?.annotations, ...metadata.annotations },
    },
    spec: {
      type: owner.spec.service?.type ?? 'ClusterIP',
      selector: { ...selectorLabels(names) },
      ports: ports(),
    },
  };
}

/** Gives each pod a name in DNS, ready or not. */
export function headlessService(owner: Owner, names: WorkloadNames): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(owner, names, names.headlessService),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { ...selectorLabels(names) },
      ports: ports(),
    },
  };
}

/** Where clients find the Service, from the widest to the narrowest. */
export function endpointsOf(service: Service): Endpoint[] {
  const { name, namespace } = service.metadata;
  const addresses = [...ingressAddresses(service), `${name}.${namespace}.svc`];
  return addresses.map((address) => ({ address, port: MQTTS_PORT })).slice(-ENDPOINTS_MAX);
}

/** As many as the status holds. */
const ENDPOINTS_MAX = 16;

/** Of a load balancer; none where there is none, or not yet. */
function ingressAddresses({ status }: Service): string[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ hostname, ip }) => hostname ?? ip ?? []);
}

/** external-dns makes these names lead to the Service. */
const EXTERNAL_DNS = 'external-dns.alpha.kubernetes.io/hostname';

/** More names than this make a handshake slow, and no list of a sensible person is longer. */
const HOSTS_MAX = 64;

/** By which names and addresses a client may reach the Service: what its certificate states. */
export function serverHosts(service: Service, settings: BrokerSettings): string[] {
  const { name, namespace, annotations } = service.metadata;
  const cluster = [name, `${name}.${namespace}`, `${name}.${namespace}.svc`];
  const external = (annotations?.[EXTERNAL_DNS] ?? '').split(',').map((host) => host.trim());
  const addresses = (service.spec.clusterIPs ?? []).filter((address) => address !== 'None');
  const named = [...ingressAddresses(service), ...external]
    .map((host) => host.toLowerCase())
    .filter((host) => isIP(host) !== 0 || isOutside(host, settings));
  const hosts = [
    ...cluster,
    `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`,
    'localhost',
    '127.0.0.1',
    '::1',
    ...addresses,
    ...named,
  ];
  return [...new Set(hosts)].slice(0, HOSTS_MAX);
}

/**
 * Users name these hosts, and the authority that would certify them also vouches for the operator
 * to brokers: no name of a Service is certified on a user's word.
 */
function isOutside(host: string, { operatorNamespace, controlHost }: BrokerSettings): boolean {
  const labels = host.split('.');
  if (!isDnsName(host) || labels.length < 2 || host === controlHost) return false;
  return !labels.includes('svc') && labels.at(-1) !== operatorNamespace;
}

/** What nearly every cluster calls itself; the shorter names serve in the others. */
const CLUSTER_DOMAIN = 'cluster.local';
