/** A cluster as a target of the Pulumi provider, and who stands in for its operator. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../control/clock.ts';
import type { Condition } from '../../domain/conditions.ts';
import { API_VERSION, type Kind } from '../../domain/resources.ts';
import { resourceTypeOf } from '../../kube/declared-types.ts';
import type { KubeApi } from '../../kube/kube-api.ts';
import type { Manifest, TargetPlace } from '../../provider/runtime/declaration.ts';
import type { ClusterObject } from '../../provider/runtime/targets/cluster-objects.ts';
import { openTarget } from '../../provider/runtime/targets/open.ts';
import type {
  Fault,
  ObjectKey,
  Target,
  WaitOptions,
} from '../../provider/runtime/targets/target.ts';
import type { Result } from '../../domain/result.ts';

export const STACK = 'pulumi-mqttgrid:plant/test';

export function openCluster(place: NonNullable<TargetPlace['cluster']>): Target {
  return valueOf(openTarget({ cluster: place }, systemClock));
}

export function valueOf<Value>(result: Result<Value, Fault>): Value {
  if (!result.ok) assert.fail(`${result.fault.message}; ${result.fault.remedy}`);
  return result.value;
}

export function faultIn(result: Result<unknown, Fault>): string {
  if (result.ok) assert.fail('it went well');
  return `${result.fault.message}; ${result.fault.remedy}`;
}

const SPECS: Partial<Record<Kind, object>> = {
  MqttNamespace: {},
  Client: {
    namespaceRef: { name: 'grid' },
    authentication: { certificateSubject: { commonName: 'anybody' } },
  },
  ClientGroup: { namespaceRef: { name: 'grid' }, query: "attributes.type = 'vehicle'" },
};

export function manifest(
  kind: Kind,
  name: string,
  spec: object = {},
  namespace = 'default',
): Manifest {
  const metadata = { namespace, name };
  return { apiVersion: API_VERSION, kind, metadata, spec: { ...SPECS[kind], ...spec } };
}

/** What a wait said, in order. */
export interface Said extends WaitOptions {
  readonly progress: string[];
  readonly warnings: string[];
}

export function waiting(timeoutMs = 20_000): Said {
  const [progress, warnings]: [string[], string[]] = [[], []];
  return {
    timeoutMs,
    progress,
    warnings,
    onProgress: (message) => progress.push(message),
    onWarning: (message) => warnings.push(message),
  };
}

export function applyOptions(
  fieldManager = STACK,
  force = false,
): Said & {
  readonly fieldManager: string;
  readonly force: boolean;
} {
  return { ...waiting(), fieldManager, force };
}

/** As the operator would; conditions that are not told are as they should be. */
export async function tellStatus(
  api: KubeApi,
  { kind, metadata }: ObjectKey,
  told: readonly Partial<Condition>[] = [],
  fields: object = {},
): Promise<void> {
  const type = resourceTypeOf(kind);
  const object = await api.get<ClusterObject>(type, metadata);
  const observedGeneration = object?.metadata.generation;
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const good = ['Accepted', 'ResolvedRefs', 'Programmed', 'Ready'].map((name) => {
    return { type: name, status: 'True', reason: name, message: '' };
  });
  const all = new Map(good.map((condition) => [condition.type, condition]));
  for (const condition of told) {
    const { type: name = 'Ready' } = condition;
    all.set(name, { status: 'False', reason: 'Pending', message: '', ...condition, type: name });
  }
  const conditions = [...all.values()].map((condition) => {
    return { ...condition, observedGeneration, lastTransitionTime };
  });
  const status = { observedGeneration, conditions, ...fields };
  await api.patch(type, metadata, { status }, { subresource: 'status' });
}

/** The kubeconfig of who has a token, beside that of an administrator. */
export function withToken(kubeconfig: string, token: string): string {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as { users: { user: object }[] };
  return JSON.stringify({ ...config, users: [{ name: 'admin', user: { token } }] }, undefined, 1);
}
