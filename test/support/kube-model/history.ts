/** What became of objects, in order, as far back as watches and lists may ask. */
import type { KubeObject, ResourceType, WatchEvent } from '../../../kube/kube-api.ts';
import { KubeApiError } from '../../../kube/kube-api.ts';
import type { Selector } from './selectors.ts';

export interface Change {
  readonly revision: number;
  readonly type: ResourceType;
  /** Undefined: it was created. */
  readonly before: KubeObject | undefined;
  /** Undefined: it was deleted. */
  readonly after: KubeObject | undefined;
  /** What a watch tells of it: `after`, or the last state, at the revision of its deletion. */
  readonly told: KubeObject;
}

/** Changes kept: as on a real server, so many that only who was away for long has missed some. */
const CHANGES_MAX_DEFAULT = 10_000;

export class History {
  readonly #changes: Change[] = [];
  readonly #changesMax: number;
  /** Changes up to it are dropped. */
  #compacted = 0;

  constructor(changesMax: number = CHANGES_MAX_DEFAULT) {
    this.#changesMax = changesMax;
  }

  add(change: Change): void {
    this.#changes.push(change);
    const dropped = this.#changes.length > this.#changesMax ? this.#changes.shift() : undefined;
    if (dropped !== undefined) this.#compacted = dropped.revision;
  }

  /** Drops everything up to now. */
  compact(): void {
    this.#compacted = this.#changes.at(-1)?.revision ?? this.#compacted;
    this.#changes.length = 0;
  }

  /** @throws with `isGone` where they are no longer kept */
  since(revision: number): readonly Change[] {
    if (revision < this.#compacted) {
      const message = `too old resource version: ${revision} (${this.#compacted})`;
      throw new KubeApiError(message, { status: 410, reason: 'Expired' });
    }
    const from = this.#changes.findIndex((change) => change.revision > revision);
    return from === -1 ? [] : this.#changes.slice(from);
  }

  /** The objects of a type as they were; `now` are those of today. */
  objectsAt(
    revision: number,
    type: ResourceType,
    now: ReadonlyMap<string, KubeObject>,
  ): ReadonlyMap<string, KubeObject> {
    const objects = new Map(now);
    for (const { type: changed, before, told } of this.since(revision).toReversed()) {
      if (changed !== type) continue;
      const key = objectKey(told);
      if (before === undefined) objects.delete(key);
      else objects.set(key, before);
    }
    return objects;
  }
}

/** At most one: what a watch of what `matches` is told of the change. */
export function watchEvents(
  { before, after, told: object }: Change,
  matches: Selector,
): WatchEvent<KubeObject>[] {
  const was = before !== undefined && matches(before);
  const is = after !== undefined && matches(after);
  if (is) return [{ type: was ? 'MODIFIED' : 'ADDED', object }];
  return was ? [{ type: 'DELETED', object }] : [];
}

/** Sorts as the server's lists are sorted: by namespace, then by name. */
export function objectKey({ metadata }: Pick<KubeObject, 'metadata'>): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
