/**
 * A broker's pod. It satisfies the "restricted" Pod Security Standard, so that it runs in any
 * Kubernetes namespace.
 */
import type { V1Container, V1PodTemplateSpec, V1Probe, V1Volume } from '@kubernetes/client-node';
import { DESTINATION_SECRETS_FILE } from './destination-secrets.ts';
import { labels, OWNER_ANNOTATION, selectorLabels } from './labels.ts';
import type { Owner } from './labels.ts';
import { CLAIM_TEMPLATE_NAME } from './names.ts';
import type { WorkloadNames } from './names.ts';
import { HEALTH_PORT, METRICS_PORT, MQTTS_PORT, PORT_NAMES } from './settings.ts';
import type { BrokerSettings } from './settings.ts';

/** The user of the image, and the group that volumes are made accessible to. */
const USER_ID = 1000;

/** For SQLite's temporary files and the like: the root file system is read-only. */
const TEMPORARY_SIZE = '64Mi';

/** Clients are told and sessions written in well under this; what remains is killed. */
const TERMINATION_SECONDS = 30;

/** Only the owner's group reads it, which the broker runs as. */
const SECRET_MODE = 0o440;

/** Name of the container: part of what people type (`kubectl logs -c`). */
export const CONTAINER_NAME = 'broker';

export const SERVER_VOLUME_NAME = 'server';

/**
 * No limit of CPU: throttling would only make clients wait. The limit of memory holds what the
 * specification's limits allow a namespace, with Node's own share.
 */
const RESOURCES_DEFAULT = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { memory: '1Gi' },
} as const;

export interface PodInput {
  readonly owner: Owner;
  readonly names: WorkloadNames;
  readonly settings: BrokerSettings;
  /** The Secret with the listener's certificate: the operator's, or the user's. */
  readonly serverSecret: string;
}

export function brokerPod(input: PodInput): V1PodTemplateSpec {
  const { owner, names } = input;
  return {
    metadata: {
      labels: { ...labels(names) },
      annotations: { [OWNER_ANNOTATION]: owner.metadata.name },
    },
    spec: {
      // Brokers never talk to the API server.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: TERMINATION_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER_ID,
        runAsGroup: USER_ID,
        fsGroup: USER_ID,
        // Else each start would change the owner of each file of a volume.
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                topologyKey: 'kubernetes.io/hostname',
                labelSelector: { matchLabels: { ...selectorLabels(names) } },
              },
            },
          ],
        },
      },
      containers: [container(input)],
      volumes: volumes(input),
    },
  };
}

function container({ owner, settings }: PodInput): V1Container {
  const { controlHost, controlPort, image } = settings;
  const { spec } = owner;
  return {
    name: CONTAINER_NAME,
    image: spec.image ?? image,
    // The image's entry point is mqttgrid.
    args: ['broker', '--control-host', controlHost, '--control-port', String(controlPort)],
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    ports: [
      { name: PORT_NAMES.mqtts, containerPort: MQTTS_PORT, protocol: 'TCP' },
      { name: PORT_NAMES.health, containerPort: HEALTH_PORT, protocol: 'TCP' },
      { name: PORT_NAMES.metrics, containerPort: METRICS_PORT, protocol: 'TCP' },
    ],
    ...PROBES,
    resources: resources(spec.resources),
    // What it wrote last is what the condition says when it keeps ending.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: CLAIM_TEMPLATE_NAME, mountPath: '/var/lib/mqttgrid' },
      { name: SERVER_VOLUME_NAME, mountPath: '/etc/mqttgrid/server', readOnly: true },
      { name: 'control', mountPath: '/etc/mqttgrid/control', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      ...(routes(owner) ? [DESTINATIONS_MOUNT] : []),
    ],
  };
}

const DESTINATIONS_MOUNT = {
  name: 'destinations',
  mountPath: '/etc/mqttgrid/destinations',
  readOnly: true,
};

/** Said once and for all when it is declared, so that no pod is ever replaced for it. */
function routes({ spec }: Owner): boolean {
  return spec.routeTopicRef !== undefined;
}

function probe(path: string, periodSeconds: number, failureThreshold: number): V1Probe {
  return {
    httpGet: { path, port: PORT_NAMES.health, scheme: 'HTTP' },
    periodSeconds,
    failureThreshold,
    timeoutSeconds: 5,
  };
}

const PROBES = {
  // Five minutes: a store of millions of messages is loaded before the broker listens.
  startupProbe: probe('/healthz', 1, 300),
  // A minute, so that a node that is short of CPU for a while does not lose its connections too.
  livenessProbe: probe('/healthz', 10, 6),
  readinessProbe: probe('/readyz', 2, 3),
};

type Quantities = Readonly<Record<string, string | number>>;

/**
 * What the MqttNamespace states replaces the defaults as a whole, as it would in a container: a
 * limit of ours below a request of the user's would be refused.
 */
function resources(stated: Owner['spec']['resources']): NonNullable<V1Container['resources']> {
  const { requests, limits } = stated ?? RESOURCES_DEFAULT;
  return {
    ...(requests === undefined ? {} : { requests: texts(requests) }),
    ...(limits === undefined ? {} : { limits: texts(limits) }),
  };
}

function texts(quantities: Quantities): Record<string, string> {
  const entries = Object.entries(quantities);
  return Object.fromEntries(entries.map(([name, quantity]) => [name, String(quantity)]));
}

function volumes({ owner, names, serverSecret }: PodInput): V1Volume[] {
  const secret = (name: string, secretName: string, keys: readonly string[]): V1Volume => ({
    name,
    secret: {
      secretName,
      defaultMode: SECRET_MODE,
      items: keys.map((key) => ({ key, path: key })),
    },
  });
  return [
    // No ca.crt: a Secret of the user's need not have one, and no broker reads it.
    secret(SERVER_VOLUME_NAME, serverSecret, ['tls.crt', 'tls.key']),
    secret('control', names.controlSecret, ['tls.crt', 'tls.key', 'ca.crt']),
    { name: 'tmp', emptyDir: { sizeLimit: TEMPORARY_SIZE } },
    ...(routes(owner) ? [destinations(names)] : []),
  ];
}

/** Optional: a broker serves without it, and events wait. */
function destinations({ destinationSecrets }: WorkloadNames): V1Volume {
  const items = [{ key: DESTINATION_SECRETS_FILE, path: DESTINATION_SECRETS_FILE }];
  const secret = {
    secretName: destinationSecrets,
    optional: true,
    defaultMode: SECRET_MODE,
    items,
  };
  return { name: DESTINATIONS_MOUNT.name, secret };
}
