/** What the API server has of everything that the operator looks at, kept up by watching. */
import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import { Informer } from '../kube/informer.ts';
import type { KubeApi, KubeObject, ObjectName, ResourceType } from '../kube/kube-api.ts';
import { DECLARED_TYPES } from '../kube/declared-types.ts';
import { type DeclaredObject } from './namespace/declared.ts';
import { WORKLOAD_LABEL } from './namespace/workload/labels.ts';
import {
  OWNED_SELECTOR,
  OWNED_TYPES,
  type OwnedObjects,
} from './namespace/workload/owned-types.ts';

type OnChange<T> = (before: T | undefined, after: T | undefined) => void;

export interface CachesOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** The same object twice: a resync. */
  readonly onDeclared: OnChange<DeclaredObject>;
  readonly onOwned: OnChange<KubeObject>;
}

export class Caches implements OwnedObjects {
  readonly #declared = new Map<string, Informer<DeclaredObject>>();
  readonly #owned = new Map<string, Informer<KubeObject>>();

  constructor({ onDeclared, onOwned, ...rest }: CachesOptions) {
    for (const type of DECLARED_TYPES) {
      const options = { ...rest, type, onChange: onDeclared };
      this.#declared.set(type.kind, new Informer<DeclaredObject>(options));
    }
    for (const type of OWNED_TYPES) {
      const selection = { labelSelector: OWNED_SELECTOR };
      const options = { ...rest, type, selection, onChange: onOwned, indexBy: workloadOf };
      this.#owned.set(type.kind, new Informer<KubeObject>(options));
    }
  }

  start(): void {
    for (const informer of this.#all()) informer.start();
  }

  stop(): void {
    for (const informer of this.#all()) informer.stop();
  }

  get isSynced(): boolean {
    return this.#all().every(({ isSynced }) => isSynced);
  }

  async synced(): Promise<void> {
    await Promise.all(this.#all().map(({ synced }) => synced));
  }

  get<T extends KubeObject>(type: ResourceType, name: ObjectName): T | undefined {
    return this.#owned.get(type.kind)?.get(name.namespace, name.name) as T | undefined;
  }

  ofWorkload<T extends KubeObject>(
    type: ResourceType,
    namespace: string,
    workload: string,
  ): readonly T[] {
    const found = this.#owned.get(type.kind)?.byIndex(workloadIndex(namespace, workload));
    return (found ?? []) as readonly T[];
  }

  /** The server's answer to a write, ahead of the watch. */
  wrote(object: KubeObject): void {
    this.#declared.get(object.kind)?.wrote(object);
    this.#owned.get(object.kind)?.wrote(object);
  }

  #all(): readonly Pick<Informer<KubeObject>, 'start' | 'stop' | 'isSynced' | 'synced'>[] {
    return [...this.#declared.values(), ...this.#owned.values()];
  }
}

function workloadOf({ metadata }: KubeObject): string | undefined {
  const workload = metadata.labels?.[WORKLOAD_LABEL];
  return workload === undefined ? undefined : workloadIndex(metadata.namespace ?? '', workload);
}

/** Kubernetes allows no slash in either. */
function workloadIndex(namespace: string, workload: string): string {
  return `${namespace}/${workload}`;
}
