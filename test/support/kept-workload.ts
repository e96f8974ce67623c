/**
 * The workload of one MqttNamespace, kept by this process on an API server. Its owner is a
 * ConfigMap, so that neither the CRDs nor the absence of an installed operator is needed.
 */
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { MqttNamespaceSpec } from '../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';
import { Authority } from '../../operator/authority/authority.ts';
import { systemClock } from '../../control/clock.ts';
import { isConflict } from '../../kube/kube-api.ts';
import type { KubeApi, KubeObject, ObjectName, ResourceType } from '../../kube/kube-api.ts';
import type { Owner } from '../../operator/namespace/workload/labels.ts';
import {
  OWNED_SELECTOR,
  OWNED_TYPES,
  type OwnedObjects,
} from '../../operator/namespace/workload/owned-types.ts';
import { WORKLOAD_LABEL } from '../../operator/namespace/workload/labels.ts';
import type { BrokerSettings } from '../../operator/namespace/workload/settings.ts';
import {
  KubeWorkloads,
  type WorkloadStanding,
} from '../../operator/namespace/workload/workload.ts';
import { CONFIG_MAPS } from './api-client.ts';

export const BROKER_SETTINGS: BrokerSettings = {
  image: 'localhost/pause:1',
  operatorNamespace: 'mqttgrid-system',
  controlHost: 'mqttgrid-control.mqttgrid-system.svc',
  controlPort: 8884,
};

/** What is on the API server when `refresh` asks: a cache that is never behind for longer. */
class ListedObjects implements OwnedObjects {
  readonly #api: KubeApi;
  readonly #namespace: string;
  #objects = new Map<string, KubeObject>();

  constructor(api: KubeApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  async refresh(): Promise<void> {
    const objects = new Map<string, KubeObject>();
    for (const type of OWNED_TYPES) {
      const selection = { namespace: this.#namespace, labelSelector: OWNED_SELECTOR };
      const { items } = await this.#api.list(type, selection);
      for (const item of items) objects.set(keyOf(type, item.metadata.name), item);
    }
    this.#objects = objects;
  }

  get<T extends KubeObject>(type: ResourceType, { name }: ObjectName): T | undefined {
    return this.#objects.get(keyOf(type, name)) as T | undefined;
  }

  wrote(object: KubeObject): void {
    this.#objects.set(`${object.kind}/${object.metadata.name}`, object);
  }

  ofWorkload<T extends KubeObject>(type: ResourceType, _: string, workload: string): readonly T[] {
    const objects = [...this.#objects].filter(
      ([key, { metadata }]) =>
        key.startsWith(`${type.kind}/`) && metadata.labels?.[WORKLOAD_LABEL] === workload,
    );
    return objects.map(([, object]) => object as T);
  }
}

function keyOf({ kind }: ResourceType, name: string): string {
  return `${kind}/${name}`;
}

/** The same API, noting each write as `apply StatefulSet`. */
export function noting(api: KubeApi, writes: string[]): KubeApi {
  const note = (verb: string, { kind }: ResourceType): void => void writes.push(`${verb} ${kind}`);
  return {
    get: (type, name) => api.get(type, name),
    list: (type, options) => api.list(type, options),
    watch: (type, options, onEvent) => api.watch(type, options, onEvent),
    create: (type, object) => (note('create', type), api.create(type, object)),
    replace: (type, object) => (note('replace', type), api.replace(type, object)),
    patch: (type, name, patch, options) => (
      note('patch', type),
      api.patch(type, name, patch, options)
    ),
    apply: (type, object, options) => {
      if (options.dryRun !== true) note('apply', type);
      return api.apply(type, object, options);
    },
    delete: (type, name, options) => (note('delete', type), api.delete(type, name, options)),
  };
}

const AGAIN_MS = 250;

export class KeptWorkload {
  /** The MqttNamespace's; what it is set to is declared from then on. */
  spec: MqttNamespaceSpec;
  running = true;
  eventSubscriptions: readonly SnapshotEventSubscription[] = [];
  /** How far the workload's clock is ahead. */
  skippedMs = 0;
  readonly owner: KubeObject;
  readonly writes: string[] = [];
  readonly authority: Authority;
  readonly #owned: ListedObjects;
  readonly #workloads: KubeWorkloads;

  private constructor(api: KubeApi, owner: KubeObject, authority: Authority) {
    this.spec = {};
    this.owner = owner;
    this.authority = authority;
    this.#owned = new ListedObjects(api, owner.metadata.namespace ?? '');
    this.#workloads = new KubeWorkloads({
      ownerType: CONFIG_MAPS,
      api: noting(api, this.writes),
      owned: this.#owned,
      authority,
      clock: {
        nowMs: () => systemClock.nowMs() + this.skippedMs,
        after: (delayMs, callback) => systemClock.after(delayMs, callback),
      },
      settings: BROKER_SETTINGS,
    });
  }

  /** @param namespace is there already; the authority is kept in it, too */
  static async start(
    t: TestContext,
    api: KubeApi,
    name: { readonly namespace: string; readonly name: string },
  ): Promise<KeptWorkload> {
    const owner = await api.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: name,
    });
    const { namespace } = name;
    const log = pino({ level: 'silent' });
    const authority = new Authority({ api, namespace, clock: systemClock, log });
    t.after(() => authority.close());
    await authority.start();
    return new KeptWorkload(api, { ...owner, ...CONFIG_MAP }, authority);
  }

  /** One reconcile with a cache that is up to date. */
  async keep(): Promise<WorkloadStanding> {
    await this.#owned.refresh();
    const owner: Owner = { ...this.owner, spec: this.spec };
    const { running, eventSubscriptions } = this;
    return await this.#workloads.reconcile({ owner, running, eventSubscriptions });
  }

  /** Reconciles again and again. @throws where `find` finds nothing within `timeoutMs` */
  async until<Value>(
    timeoutMs: number,
    what: string,
    find: (standing: WorkloadStanding) => Promise<Value | undefined> | Value | undefined,
  ): Promise<Value> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const standing = await this.keep().catch(undefinedOnConflict);
      const value = standing && (await find(standing));
      if (value !== undefined) return value;
      if (performance.now() > deadlineMs) {
        throw new Error(`${what}: not within ${timeoutMs} ms: ${JSON.stringify(standing)}`);
      }
      await delay(AGAIN_MS);
    }
  }

  /** Reconciles until that writes nothing, and says what it wrote last where it never does. */
  async rest(timeoutMs: number): Promise<WorkloadStanding> {
    return await this.until(timeoutMs, `rests, wrote ${this.writes.join(', ')}`, (standing) => {
      const quiet = this.writes.splice(0).length === 0;
      return quiet ? standing : undefined;
    });
  }
}

/** What was read was past by then: as the operator's queue does, it is tried again. */
function undefinedOnConflict(error: unknown): undefined {
  if (!isConflict(error)) throw error;
}

const CONFIG_MAP = { apiVersion: CONFIG_MAPS.apiVersion, kind: CONFIG_MAPS.kind };
