import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import { backoffMs } from './backoff.ts';
import { isGone } from './kube-api.ts';
import type { KubeApi, KubeObject, ResourceType, Selection, WatchEvent } from './kube-api.ts';
import { ObjectCache } from './object-cache.ts';
import type { OnChange } from './object-cache.ts';
import { compareResourceVersions } from './resource-version.ts';
import { sleep } from './sleep.ts';

export type { OnChange } from './object-cache.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** All of the type where absent. */
  readonly selection?: Selection | undefined;
  /** Called while the cache has `after`. The same object twice: nothing changed, it is a resync. */
  readonly onChange?: OnChange<T> | undefined;
  /** What is kept of an object; managedFields are dropped in any case. */
  readonly transform?: ((object: T) => T) | undefined;
  /** What `byIndex` finds it by. */
  readonly indexBy?: ((object: T) => string | undefined) | undefined;
  /** Between two resyncs, 10 % more or less. */
  readonly resyncMs?: number | undefined;
}

/** As controller-runtime does: only a lost event, which would be somebody's bug, waits so long. */
const RESYNC_MS_DEFAULT = 10 * 3_600_000;

/** An answer of some MB at most for objects of usual size, and 20 pages for 10,000 of them. */
const PAGE_OBJECTS = 500;

/** Below the 30 s of silence after which client-node's watch gives up: see `watchOnce`. */
const WATCH_SECONDS_MIN = 20;
const WATCH_SECONDS_MAX = 27;

/** A watch that has not ended this long after it should have is dead. */
const WATCH_GRACE_MS = 5_000;

/** A watch that ends sooner and brought nothing did not work, whatever it says. */
const WATCH_WORKED_MS = 1_000;

/** A server that comes back is found within seconds, and asked 0.2 times a second until then. */
const RETRY = { firstMs: 100, maxMs: 5_000 };

/**
 * Keeps what an API server has of one type: lists, watches, and goes on from where it was after
 * whatever ends a watch, until it is stopped. Every resync lists again, so that an event that was
 * lost without a trace is made up for.
 */
export class Informer<T extends KubeObject> {
  /** When everything that there was at the start is in the cache. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #cache: ObjectCache<T>;
  readonly #stop = new AbortController();
  readonly #gate = Promise.withResolvers<void>();
  #isSynced = false;
  #isStarted = false;
  /** Everything up to here is in the cache; undefined: list. */
  #position: string | undefined;
  /** The newest state that the server told of, also when events after it are no longer kept. */
  #seen: string | undefined;
  #watching: AbortController | undefined;
  #failures = 0;
  #lastFailure = '';
  #resyncAtMs = 0;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.synced = this.#gate.promise;
    this.#cache = new ObjectCache({
      onChange: (before, after) => this.#tell(before, after),
      indexBy: (object) => this.#indexValue(object),
    });
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The same object until it changes. Not to be changed. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#cache.get(namespace, name);
  }

  list(): readonly T[] {
    return [...this.#cache.values()];
  }

  byIndex(value: string): readonly T[] {
    return this.#cache.byIndex(value);
  }

  /**
   * Puts the server's answer to a write of an object that this informer selects into the cache, so
   * that it is not read back older. That is a change like any other: the answer may hold what
   * somebody else wrote meanwhile, and the watch will not tell it again.
   */
  wrote(object: T): void {
    const { namespace, name, resourceVersion } = object.metadata;
    const isHeld = this.#cache.get(namespace, name) !== undefined;
    // Without a position a list will have it. Where the watch was there already, it is gone since.
    const isNew =
      this.#position !== undefined && compareResourceVersions(resourceVersion, this.#position) > 0;
    if (isHeld || isNew) this.#cache.put(this.#kept(object));
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  /** Nothing is told after it. */
  stop(): void {
    this.#stop.abort();
    this.#watching?.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow();
        this.#failures = 0;
        this.#lastFailure = '';
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  async #follow(): Promise<void> {
    const isDue = this.#options.clock.nowMs() >= this.#resyncAtMs;
    if (this.#position === undefined || isDue) await this.#list();
    if (!this.#stop.signal.aborted) await this.#watch();
  }

  async #list(): Promise<void> {
    const { type, clock, random, resyncMs, logger } = this.#options;
    const { objects, resourceVersion } = await this.#pages();
    if (this.#stop.signal.aborted) return;
    // A list is of the present, so it can be older than the past only after a restore.
    const wentBack = compareResourceVersions(resourceVersion, this.#seen) < 0;
    if (wentBack) logger.warn({ kind: type.kind }, 'the API server went back in time');
    const isResync = this.#position !== undefined;
    const held = isResync ? this.list() : [];
    this.#cache.replace(objects, resourceVersion, wentBack);
    for (const object of held) {
      const { namespace, name } = object.metadata;
      if (this.get(namespace, name) === object) this.#tell(object, object);
    }
    this.#position = resourceVersion;
    this.#seen = resourceVersion;
    this.#resyncAtMs = clock.nowMs() + (resyncMs ?? RESYNC_MS_DEFAULT) * (0.9 + random() / 5);
    this.#isSynced = true;
    this.#gate.resolve();
  }

  async #pages(): Promise<{ readonly objects: readonly T[]; readonly resourceVersion: string }> {
    const { api, type, selection } = this.#options;
    const objects: T[] = [];
    let from: string | undefined;
    for (;;) {
      const rest = from === undefined ? {} : { continue: from };
      const page = await api.list<T>(type, { ...selection, limit: PAGE_OBJECTS, ...rest });
      for (const object of page.items) objects.push(this.#kept(object));
      from = page.continue;
      if (from === undefined) return { objects, resourceVersion: page.resourceVersion };
    }
  }

  async #watch(): Promise<void> {
    const { api, type, selection, clock, random } = this.#options;
    const spread = WATCH_SECONDS_MAX - WATCH_SECONDS_MIN;
    const timeoutSeconds = WATCH_SECONDS_MIN + Math.floor(random() * (spread + 1));
    const watching = new AbortController();
    const { signal } = watching;
    this.#watching = watching;
    const beginMs = clock.nowMs();
    const untilMs = Math.min(timeoutSeconds * 1000 + WATCH_GRACE_MS, this.#resyncAtMs - beginMs);
    const cancel = clock.after(untilMs, () => watching.abort());
    let worked = false;
    const onEvent = (event: WatchEvent<T>): void => {
      if (signal.aborted) return;
      worked = true;
      this.#failures = 0;
      this.#take(event);
    };
    const resourceVersion = this.#position ?? '';
    const options = { ...selection, resourceVersion, timeoutSeconds, signal };
    try {
      await api.watch<T>(type, options, onEvent);
    } finally {
      cancel();
    }
    if (!worked && !signal.aborted && clock.nowMs() - beginMs < WATCH_WORKED_MS) {
      throw new Error('the watch ended at once, without an event');
    }
  }

  #take({ type, object }: WatchEvent<T>): void {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#cache.put(this.#kept(object));
        break;
      case 'DELETED':
        this.#cache.remove(object);
        break;
      case 'BOOKMARK':
        break;
    }
    this.#position = object.metadata.resourceVersion ?? this.#position;
    this.#seen = this.#position;
  }

  async #failed(error: unknown): Promise<void> {
    const { type, clock, random, logger } = this.#options;
    this.#failures++;
    if (isGone(error)) this.#position = undefined;
    // The first time the past is merely past: nothing is wrong, and there is no time to lose.
    if (isGone(error) && this.#failures === 1) return;
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#lastFailure) {
      this.#lastFailure = message;
      logger.warn({ kind: type.kind, failures: this.#failures }, `cannot follow: ${message}`);
    }
    const delayMs = backoffMs(RETRY, this.#failures, random());
    await sleep(clock, delayMs, this.#stop.signal);
  }

  #kept(object: T): T {
    const { managedFields, ...metadata } = object.metadata as T['metadata'] & {
      readonly managedFields?: unknown;
    };
    const bare = managedFields === undefined ? object : { ...object, metadata };
    return this.#guarded(object, 'keep', () => this.#options.transform?.(bare)) ?? bare;
  }

  #indexValue(object: T): string | undefined {
    return this.#guarded(object, 'index', () => this.#options.indexBy?.(object));
  }

  #tell(before: T | undefined, after: T | undefined): void {
    if (this.#stop.signal.aborted) return;
    const object = after ?? before;
    if (object === undefined) return;
    this.#guarded(object, 'tell', () => this.#options.onChange?.(before, after));
  }

  /** An object that we did not reckon with must not hide the others: a fault of ours is logged. */
  #guarded<Value>(object: T, what: string, step: () => Value): Value | undefined {
    try {
      return step();
    } catch (error) {
      const { kind } = this.#options.type;
      const { namespace, name } = object.metadata;
      this.#options.logger.error({ err: error, kind, namespace, name }, `cannot ${what} an object`);
      return undefined;
    }
  }
}
