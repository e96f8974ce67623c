import type { KubeObject } from './kube-api.ts';
import { compareResourceVersions } from './resource-version.ts';

/** Without `before` it is new; without `after` it is gone, and `before` is what was last known. */
export type OnChange<T> = (before: T | undefined, after: T | undefined) => void;

export interface ObjectCacheOptions<T extends KubeObject> {
  /** Must not throw. */
  readonly onChange: OnChange<T>;
  /** Must not throw; undefined: the object is found by its name alone. */
  readonly indexBy: (object: T) => string | undefined;
}

/**
 * The newest known state of each object. What is older than what it holds does not change it,
 * wherever it comes from: answers of writes overtake the watch.
 */
export class ObjectCache<T extends KubeObject> {
  readonly #options: ObjectCacheOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #index = new Map<string, Map<string, T>>();

  constructor(options: ObjectCacheOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  values(): MapIterator<T> {
    return this.#objects.values();
  }

  byIndex(value: string): readonly T[] {
    return [...(this.#index.get(value)?.values() ?? [])];
  }

  put(object: T): void {
    const before = this.#objects.get(objectKey(object));
    if (before !== undefined && !isNewer(object, before)) return;
    this.#store(before, object);
  }

  /** @param object its last state, whose resourceVersion is that of the deletion */
  remove(object: T): void {
    const before = this.#objects.get(objectKey(object));
    if (before === undefined) return;
    const { resourceVersion } = before.metadata;
    // One of the same name that was made after the deletion.
    if (compareResourceVersions(object.metadata.resourceVersion, resourceVersion) < 0) return;
    this.#drop(before);
  }

  /**
   * All that there was at `resourceVersion`. What is newer than that stays, unless the store went
   * back, as after a restore from a backup: then nothing that is held means anything.
   */
  replace(objects: readonly T[], resourceVersion: string, wentBack: boolean): void {
    const listed = new Set(objects.map(objectKey));
    for (const held of [...this.#objects.values()]) {
      const isLater = compareResourceVersions(held.metadata.resourceVersion, resourceVersion) > 0;
      if (!listed.has(objectKey(held)) && (wentBack || !isLater)) this.#drop(held);
    }
    for (const object of objects) {
      const before = this.#objects.get(objectKey(object));
      if (wentBack && !isSame(object, before)) this.#store(before, object);
      else this.put(object);
    }
  }

  #store(before: T | undefined, after: T): void {
    // A namesake: whoever keeps something for the one must not take it for the other.
    if (before !== undefined && before.metadata.uid !== after.metadata.uid) {
      this.#drop(before);
      this.#store(undefined, after);
      return;
    }
    const key = objectKey(after);
    this.#objects.set(key, after);
    this.#reindex(key, before, after);
    this.#options.onChange(before, after);
  }

  #drop(before: T): void {
    const key = objectKey(before);
    this.#objects.delete(key);
    this.#reindex(key, before, undefined);
    this.#options.onChange(before, undefined);
  }

  #reindex(key: string, before: T | undefined, after: T | undefined): void {
    if (before !== undefined) this.#unindex(key, this.#options.indexBy(before));
    if (after === undefined) return;
    const value = this.#options.indexBy(after);
    if (value === undefined) return;
    const entries = this.#index.get(value) ?? new Map<string, T>();
    this.#index.set(value, entries.set(key, after));
  }

  #unindex(key: string, value: string | undefined): void {
    const entries = value === undefined ? undefined : this.#index.get(value);
    if (value === undefined || entries === undefined) return;
    entries.delete(key);
    if (entries.size === 0) this.#index.delete(value);
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function objectKey({ metadata }: KubeObject): string {
  return keyOf(metadata.namespace, metadata.name);
}

function isSame(object: KubeObject, before: KubeObject | undefined): boolean {
  return (
    before !== undefined &&
    object.metadata.uid === before.metadata.uid &&
    object.metadata.resourceVersion === before.metadata.resourceVersion
  );
}

function isNewer(object: KubeObject, before: KubeObject): boolean {
  if (isSame(object, before)) return false;
  const { resourceVersion } = before.metadata;
  return compareResourceVersions(object.metadata.resourceVersion, resourceVersion) >= 0;
}
