/**
 * What becomes of objects that somebody waits for: one informer for all of a kind in a Kubernetes
 * namespace, while anybody waits.
 */
import type { Clock } from '../../../control/clock.ts';
import { random } from '../../../control/random.ts';
import type { Kind } from '../../../domain/resources.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { Informer } from '../../../kube/informer.ts';
import {
  isForbidden,
  isGone,
  KubeApiError,
  type KubeApi,
  type ResourceType,
} from '../../../kube/kube-api.ts';
import type { ClusterObject } from './cluster-objects.ts';
import type { ObjectKey } from './target.ts';

export interface Follower {
  /** Of the object that it waits for. */
  readonly uid: string | undefined;
  /** Told how it is now, and whenever it changes; undefined: it is gone. */
  readonly look: (object: ClusterObject | undefined) => void;
  /** The server does not tell: for now, or, where `isFinal`, at all. */
  readonly onTrouble: (error: unknown, isFinal: boolean) => void;
}

/** Looks at single objects, where a role allows no more than that. */
const POLL_MS = 2_000;

export class ClusterWatches {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  /** As many as there are kinds and Kubernetes namespaces that are waited in. */
  readonly #watches = new Map<string, KindWatch>();

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Nothing is told before it returns; the answer ends it. */
  follow({ kind, metadata }: ObjectKey, follower: Follower): () => void {
    const key = `${kind}/${metadata.namespace}`;
    const watch = this.#watches.get(key) ?? this.#start(key, kind, metadata.namespace);
    watch.add(metadata.name, follower);
    return () => watch.remove(metadata.name, follower);
  }

  #start(key: string, kind: Kind, namespace: string): KindWatch {
    const where = { api: this.#api, clock: this.#clock, type: resourceTypeOf(kind), namespace };
    const watch = new KindWatch(where, () => this.#watches.delete(key));
    this.#watches.set(key, watch);
    return watch;
  }
}

interface Where {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly type: ResourceType;
  readonly namespace: string;
}

class KindWatch {
  readonly #where: Where;
  readonly #onIdle: () => void;
  readonly #informer: Informer<ClusterObject>;
  /** By name; as many as Pulumi works on at the same time. */
  readonly #followers = new Map<string, Set<Follower>>();
  #cancelPoll: (() => void) | undefined;
  #isPolling = false;

  constructor(where: Where, onIdle: () => void) {
    this.#where = where;
    this.#onIdle = onIdle;
    const { api, clock, type, namespace } = where;
    this.#informer = new Informer<ClusterObject>({
      api: {
        list: (...call) => this.#watched(api.list(...call)),
        watch: (...call) => this.#watched(api.watch(...call)),
      },
      type,
      clock,
      random,
      // Who waits is told of trouble, and of nothing else.
      logger: { warn: () => undefined, error: () => undefined },
      selection: { namespace },
      transform: withoutSpec,
      onChange: (before, after) => this.#changed((after ?? before)?.metadata.name ?? ''),
    });
    this.#informer.start();
    void this.#informer.synced.then(() => {
      for (const name of this.#followers.keys()) this.#changed(name);
    });
  }

  add(name: string, follower: Follower): void {
    const followers = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, followers.add(follower));
    if (this.#isPolling) void this.#ask(name, follower);
    else if (this.#informer.isSynced) queueMicrotask(() => this.#tell(name, follower));
  }

  remove(name: string, follower: Follower): void {
    const followers = this.#followers.get(name);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(name);
    if (this.#followers.size > 0) return;
    this.#informer.stop();
    this.#cancelPoll?.();
    this.#onIdle();
  }

  #changed(name: string): void {
    if (!this.#informer.isSynced) return;
    for (const follower of this.#followers.get(name) ?? []) this.#tell(name, follower);
  }

  /** What is held of none, or of a namesake, may be older than the write that is waited for. */
  #tell(name: string, follower: Follower): void {
    const held = this.#informer.get(this.#where.namespace, name);
    if (held?.metadata.uid !== follower.uid) void this.#ask(name, follower);
    else if (this.#isFollowed(name, follower)) follower.look(held);
  }

  async #ask(name: string, follower: Follower): Promise<void> {
    const { api, type, namespace } = this.#where;
    try {
      const object = await api.get<ClusterObject>(type, { namespace, name });
      if (this.#isFollowed(name, follower)) follower.look(object);
    } catch (error) {
      if (!this.#isFollowed(name, follower)) return;
      follower.onTrouble(error, isRefusal(error));
      this.#poll();
    }
  }

  #isFollowed(name: string, follower: Follower): boolean {
    return this.#followers.get(name)?.has(follower) ?? false;
  }

  /** Once, for all that are followed now, after a while. */
  #poll(): void {
    if (this.#cancelPoll !== undefined || this.#followers.size === 0) return;
    this.#cancelPoll = this.#where.clock.after(POLL_MS, () => {
      this.#cancelPoll = undefined;
      for (const [name, followers] of this.#followers) {
        for (const follower of followers) void this.#ask(name, follower);
      }
      if (this.#isPolling) this.#poll();
    });
  }

  async #watched<Answer>(call: Promise<Answer>): Promise<Answer> {
    try {
      return await call;
    } catch (error) {
      if (!isGone(error)) this.#troubled(error);
      throw error;
    }
  }

  #troubled(error: unknown): void {
    if (isForbidden(error)) {
      this.#informer.stop();
      this.#isPolling = true;
      for (const [name, followers] of this.#followers) {
        for (const follower of followers) void this.#ask(name, follower);
      }
      this.#poll();
      return;
    }
    for (const followers of [...this.#followers.values()]) {
      for (const follower of [...followers]) follower.onTrouble(error, isRefusal(error));
    }
  }
}

/** Trying again would not help: who asks is not accepted, or what is asked for is not known. */
function isRefusal(error: unknown): boolean {
  return error instanceof KubeApiError && [401, 403, 404].includes(error.status);
}

/** Thousands of objects may be held, of which nobody wants to know more. */
function withoutSpec({ apiVersion, kind, metadata, status }: ClusterObject): ClusterObject {
  return { apiVersion, kind, metadata, ...(status !== undefined && { status }) };
}
