/**
 * What kube-controller-manager does about deletions: owned objects go with their owners, orphans
 * are let go, claims wait for their pods, a Kubernetes namespace goes with all that is in it.
 */
import type { Clock } from '../../../control/clock.ts';
import type { KubeObject, OwnerReference } from '../../../kube/kube-api.ts';
import { COLLECTOR_FINALIZERS, VOLUME_PROTECTION } from './deletion.ts';
import { asJson, isRecord } from './json.ts';
import { MODEL_KINDS, typeNamed, type ModelKind } from './kinds.ts';
import type { ModelServer } from './model-server.ts';

/** From a change to what is done about it. */
const COLLECT_AFTER_MS = 50;

const NAMESPACES = typeNamed('v1', 'Namespace');
const PODS = typeNamed('v1', 'Pod');
const MANAGER = { manager: 'kube-controller-manager' };

interface Found {
  readonly kind: ModelKind;
  readonly object: KubeObject;
}

export class GarbageCollector {
  readonly #server: ModelServer;
  readonly #clock: Clock;
  #isDue = false;

  constructor(server: ModelServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    server.onChange(() => this.#collectLater());
  }

  #collectLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(COLLECT_AFTER_MS, () => {
      this.#isDue = false;
      this.#collect();
    });
  }

  #collect(): void {
    const all = MODEL_KINDS.flatMap((kind) =>
      this.#server.all(kind.type).map((object) => ({ kind, object })),
    );
    const uids = new Set(all.map(({ object }) => object.metadata.uid));
    // Two workers do this side by side: such that an owner that lets its dependents go is one that
    // is there, beside which references to absent owners are taken off.
    for (const found of all) this.#collectOwned(found, uids);
    for (const found of all) {
      if (found.object.metadata.deletionTimestamp !== undefined) this.#finish(found, all);
    }
  }

  #collectOwned({ kind, object }: Found, uids: ReadonlySet<string | undefined>): void {
    const { metadata } = object;
    const owners = metadata.ownerReferences ?? [];
    const left = owners.filter(({ uid }) => uids.has(uid));
    if (left.length === owners.length) return;
    if (left.length > 0) this.#own({ kind, object }, left);
    else if (metadata.deletionTimestamp === undefined) this.#server.delete(kind.type, metadata, {});
  }

  #own({ kind, object: { metadata } }: Found, left: readonly OwnerReference[]): void {
    const ownerReferences = left.length > 0 ? left : null;
    this.#server.patch(kind.type, metadata, { metadata: { ownerReferences } }, MANAGER);
  }

  #finish(found: Found, all: readonly Found[]): void {
    const { kind, object } = found;
    if (kind.type.kind === 'Namespace') return this.#empty(object, all);
    for (const finalizer of object.metadata.finalizers ?? []) {
      if (finalizer === COLLECTOR_FINALIZERS.Orphan) this.#orphan(found, all);
      else if (finalizer === COLLECTOR_FINALIZERS.Foreground) this.#foreground(found, all);
      else if (finalizer === VOLUME_PROTECTION && !this.#isUsed(object)) {
        this.#release(found, VOLUME_PROTECTION);
      }
    }
  }

  #orphan(owner: Found, all: readonly Found[]): void {
    for (const { kind, object } of dependentsOf(owner, all)) {
      const now = this.#server.get(kind.type, object.metadata);
      if (now?.metadata.uid !== object.metadata.uid) continue;
      const owners = now?.metadata.ownerReferences ?? [];
      const left = owners.filter(({ uid }) => uid !== owner.object.metadata.uid);
      this.#own({ kind, object }, left);
    }
    this.#release(owner, COLLECTOR_FINALIZERS.Orphan);
  }

  #foreground(owner: Found, all: readonly Found[]): void {
    const dependents = dependentsOf(owner, all);
    for (const { kind, object } of dependents) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      this.#server.delete(kind.type, object.metadata, {});
    }
    if (dependents.length === 0) this.#release(owner, COLLECTOR_FINALIZERS.Foreground);
  }

  #empty({ metadata }: KubeObject, all: readonly Found[]): void {
    const content = all.filter(({ object }) => object.metadata.namespace === metadata.name);
    for (const { kind, object } of content) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      this.#server.delete(kind.type, object.metadata, {});
    }
    if (content.length === 0) this.#server.remove(NAMESPACES, metadata);
  }

  #release({ kind, object: { metadata } }: Found, finalizer: string): void {
    const now = this.#server.get(kind.type, metadata)?.metadata.finalizers ?? [];
    const finalizers = now.filter((other) => other !== finalizer);
    this.#server.patch(kind.type, metadata, { metadata: { finalizers } }, MANAGER);
  }

  /** By a pod on a node: no other one gets it any more. */
  #isUsed({ metadata: { namespace, name } }: KubeObject): boolean {
    return this.#server.all(PODS).some((pod) => {
      const { spec } = asJson(pod);
      const isPlaced = isRecord(spec) && spec['nodeName'] !== undefined;
      return isPlaced && pod.metadata.namespace === namespace && claimsOf(pod).includes(name);
    });
  }
}

function dependentsOf({ object: { metadata } }: Found, all: readonly Found[]): Found[] {
  return all.filter(({ object }) =>
    (object.metadata.ownerReferences ?? []).some(({ uid }) => uid === metadata.uid),
  );
}

/** Names of the claims that a pod mounts. */
export function claimsOf(pod: KubeObject): string[] {
  const { spec } = asJson(pod);
  const volumes = isRecord(spec) && Array.isArray(spec['volumes']) ? spec['volumes'] : [];
  return volumes.flatMap((volume: unknown) => {
    const claim = isRecord(volume) ? volume['persistentVolumeClaim'] : undefined;
    return isRecord(claim) && typeof claim['claimName'] === 'string' ? [claim['claimName']] : [];
  });
}
