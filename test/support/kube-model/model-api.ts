/** One client of the model: calls take time, and so do watch events. */
import type { Clock } from '../../../control/clock.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectName,
  PatchOptions,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from '../../../kube/kube-api.ts';
import { isNotFound, UnreachableError } from '../../../kube/kube-api.ts';
import { watchEvents } from './history.ts';
import { kindOf } from './kinds.ts';
import type { ModelServer } from './model-server.ts';
import { selectorOf } from './selectors.ts';

export interface ModelApiOptions {
  readonly server: ModelServer;
  readonly clock: Clock;
  /** Whom fields that are created, replaced or patched belong to. */
  readonly manager: string;
}

/** From a client to the server, or back. */
const LATENCY_MS = 1;

/** As kube-apiserver: each minute, and before the end of a watch. */
const BOOKMARK_MS = 60_000;
const BOOKMARK_BEFORE_END_MS = 2_000;

export class ModelApi implements KubeApi {
  readonly #server: ModelServer;
  readonly #clock: Clock;
  readonly #manager: string;

  constructor({ server, clock, manager }: ModelApiOptions) {
    this.#server = server;
    this.#clock = clock;
    this.#manager = manager;
  }

  get<T extends KubeObject>(type: ResourceType, name: ObjectName): Promise<T | undefined> {
    return this.#call(() => this.#server.get(type, name) as T | undefined);
  }

  list<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions,
    /** As a server that lags behind answers: with an earlier state. */
    atRevision?: number,
  ): Promise<KubeList<T>> {
    return this.#call(() => this.#server.list(type, options, atRevision) as KubeList<T>);
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#call(() => this.#server.create(type, object, { manager: this.#manager }) as T);
  }

  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#call(() => this.#server.replace(type, object, { manager: this.#manager }) as T);
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: object,
    { subresource }: PatchOptions = {},
  ): Promise<T> {
    const writer = { manager: this.#manager, subresource };
    return this.#call(() => this.#server.patch(type, name, patch, writer) as T);
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#call(() => this.#server.apply(type, object, options) as T);
  }

  delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    return this.#call(() => {
      try {
        this.#server.delete(type, name, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    await this.#travel();
    if (options.signal.aborted) return;
    const past = this.#server.eventsSince(type, options, Number(options.resourceVersion));
    const watch = new Watch(
      this.#clock,
      options,
      onEvent as (event: WatchEvent<KubeObject>) => void,
    );
    const kind = kindOf(type);
    const matches = selectorOf(options);
    const silence = this.#server.onChange((change) => {
      if (change.type === kind.type) watch.tell(watchEvents(change, matches));
    });
    watch.tell(past);
    let reached = this.#server.revision;
    watch.bookmark(() => {
      // Without anything new there is nothing to say.
      if (this.#server.revision === reached) return undefined;
      reached = this.#server.revision;
      const { apiVersion, kind: name } = kind.type;
      return { apiVersion, kind: name, metadata: { name: '', resourceVersion: String(reached) } };
    });
    try {
      await watch.ended;
    } finally {
      silence();
    }
  }

  async #call<Answer>(commit: () => Answer): Promise<Answer> {
    await this.#travel();
    try {
      return commit();
    } finally {
      await this.#travel();
    }
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(LATENCY_MS, resolve));
  }
}

class Watch {
  readonly ended: Promise<void>;
  readonly #clock: Clock;
  readonly #endMs: number;
  readonly #onEvent: (event: WatchEvent<KubeObject>) => void;
  readonly #cancellations = new Set<() => void>();
  #end: (failure?: Error) => void = () => undefined;
  #isOver = false;

  constructor(
    clock: Clock,
    { timeoutSeconds, signal }: WatchOptions,
    onEvent: (event: WatchEvent<KubeObject>) => void,
  ) {
    this.#clock = clock;
    this.#endMs = clock.nowMs() + timeoutSeconds * 1000;
    this.#onEvent = onEvent;
    this.ended = new Promise((resolve, reject) => {
      this.#end = (failure) => {
        this.#isOver = true;
        for (const cancel of this.#cancellations) cancel();
        signal.removeEventListener('abort', aborted);
        if (failure === undefined) resolve();
        else reject(failure);
      };
    });
    const aborted = (): void => this.#end();
    signal.addEventListener('abort', aborted);
    this.#after(timeoutSeconds * 1000, () => this.#end());
  }

  tell(events: readonly WatchEvent<KubeObject>[]): void {
    if (events.length > 0)
      this.#after(LATENCY_MS, () => events.forEach((event) => this.#call(event)));
  }

  bookmark(reachedObject: () => KubeObject | undefined): void {
    const beforeEndMs = this.#endMs - BOOKMARK_BEFORE_END_MS - this.#clock.nowMs();
    if (beforeEndMs <= 0) return;
    this.#after(Math.min(BOOKMARK_MS, beforeEndMs), () => {
      const object = reachedObject();
      if (object !== undefined) this.tell([{ type: 'BOOKMARK', object }]);
      this.bookmark(reachedObject);
    });
  }

  #call(event: WatchEvent<KubeObject>): void {
    if (this.#isOver) return;
    try {
      this.#onEvent(event);
    } catch (error) {
      this.#end(new UnreachableError('the watch was ended by its own user', { cause: error }));
    }
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancellations.delete(cancel);
      callback();
    });
    this.#cancellations.add(cancel);
  }
}
