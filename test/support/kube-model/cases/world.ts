/** What a case of the conformance suite has: a server, and a Kubernetes namespace of its own. */
import assert from 'node:assert/strict';
import {
  KubeApiError,
  type KubeApi,
  type KubeObject,
  type ObjectMeta,
} from '../../../../kube/kube-api.ts';
import { typeNamed } from '../kinds.ts';

export interface ConformanceWorld {
  readonly api: KubeApi;
  readonly namespace: string;
  /** Until the server may have told what happened. */
  pause(ms: number): Promise<void>;
  /** Past states are no longer kept: not for lists, not for watches. */
  forgetPast(): Promise<void>;
}

/** By the sentence that each holds. */
export type ConformanceCases = Readonly<Record<string, (world: ConformanceWorld) => Promise<void>>>;

/** With whatever its kind has. */
export interface AnyObject extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

export const NAMESPACES = typeNamed('v1', 'Namespace');
export const CLIENTS = typeNamed('mqttgrid.io/v1', 'Client');
export const MQTT_NAMESPACES = typeNamed('mqttgrid.io/v1', 'MqttNamespace');
export const SECRETS = typeNamed('v1', 'Secret');
export const CONFIG_MAPS = typeNamed('v1', 'ConfigMap');
export const SERVICES = typeNamed('v1', 'Service');
export const PODS = typeNamed('v1', 'Pod');
export const CLAIMS = typeNamed('v1', 'PersistentVolumeClaim');
export const STATEFUL_SETS = typeNamed('apps/v1', 'StatefulSet');
export const LEASES = typeNamed('coordination.k8s.io/v1', 'Lease');

export const AUTHENTICATION = { certificateSubject: { commonName: 'one' } };

export function aClient(
  { namespace }: ConformanceWorld,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  metadata: Partial<ObjectMeta> = {},
): AnyObject {
  return {
    apiVersion: 'mqttgrid.io/v1',
    kind: 'Client',
    metadata: { name, namespace, ...metadata },
    spec: { namespaceRef: { name: 'grid' }, authentication: AUTHENTICATION, ...spec },
  };
}

export function aConfigMap(
  { namespace }: ConformanceWorld,
  name: string,
  data: Readonly<Record<string, string>> = {},
  metadata: Partial<ObjectMeta> = {},
): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...metadata },
    // An empty one is a field to own, and yet is not stored.
    ...(Object.keys(data).length > 0 && { data }),
  };
}

const LABELS = { app: 'broker' };

export function aStatefulSet({ namespace }: ConformanceWorld, name: string): AnyObject {
  const containers = [
    {
      name: 'broker',
      image: 'broker:1',
      env: [{ name: 'A', value: 'a' }],
      ports: [{ name: 'mqtts', containerPort: 8883 }],
    },
  ];
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers } },
    },
  };
}

/** Of a status, as far as the schema wants one. */
export function aCondition(type: string, status: string): Readonly<Record<string, unknown>> {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return { type, status, reason: 'Because', message: '', lastTransitionTime };
}

export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof KubeApiError, String(error));
    return `${error.status} ${error.reason}`;
  }
  return 'accepted';
}

export const CONFLICT = '409 Conflict';
export const ALREADY_EXISTS = '409 AlreadyExists';
export const INVALID = '422 Invalid';
export const NOT_FOUND = '404 NotFound';
