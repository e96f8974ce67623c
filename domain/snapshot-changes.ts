/** From one snapshot of a MqttNamespace to the next, in steps that can travel one by one. */
import { isEqualJson } from './access.ts';
import type { Limits } from './limits.ts';
import type { Snapshot, SnapshotRoute } from './snapshot.ts';

/** The lists of a snapshot, each of things with a name. */
export const SNAPSHOT_LISTS = [
  'caCertificates',
  'clients',
  'clientGroups',
  'topicSpaces',
  'permissionBindings',
  'eventSubscriptions',
] as const;
export type SnapshotList = (typeof SNAPSHOT_LISTS)[number];

/** How many objects of each kind are in force; none, where the MqttNamespace itself is not. */
export function countsOf(snapshot: Snapshot | undefined): Record<SnapshotList, number> {
  const counts = SNAPSHOT_LISTS.map((list) => [list, snapshot?.[list].length ?? 0] as const);
  return Object.fromEntries(counts) as Record<SnapshotList, number>;
}

/** What a snapshot has beside its lists. */
export interface SnapshotNamespace {
  readonly name: string;
  readonly limits: Limits;
  readonly route?: SnapshotRoute;
}

/** Nothing of what else the value has; what is absent stays so. */
function namespaceOf({ name, limits, route }: SnapshotNamespace): SnapshotNamespace {
  return { name, limits, ...(route && { route }) };
}

export type SnapshotChange =
  | ({ readonly change: 'SetNamespace' } & SnapshotNamespace)
  | {
      [List in SnapshotList]: {
        readonly change: 'Set';
        readonly list: List;
        readonly value: Snapshot[List][number];
      };
    }[SnapshotList]
  | { readonly change: 'Remove'; readonly list: SnapshotList; readonly name: string };

/**
 * What makes `after` of `before`; of nothing, where there is no `before`. Values that are one
 * object in both cost a look, so whoever makes snapshots keeps the objects that did not change.
 */
export function changesBetween(before: Snapshot | undefined, after: Snapshot): SnapshotChange[] {
  return [...eachChange(before, after)];
}

/** As `changesBetween`, each found when it is asked for: where everything changed, that takes. */
export function* eachChange(
  before: Snapshot | undefined,
  after: Snapshot,
): Generator<SnapshotChange, void, undefined> {
  const namespace = namespaceOf(after);
  const sameNamespace = before !== undefined && isEqualJson(namespaceOf(before), namespace);
  if (!sameNamespace) yield { change: 'SetNamespace', ...namespace };
  for (const list of SNAPSHOT_LISTS) {
    const [old, now] = [before?.[list] ?? [], after[list]];
    if (old !== now) yield* eachListChange(list, old, now);
  }
}

interface Named {
  readonly name: string;
}

/** Both are sorted by name, so one walk along both finds what differs. */
function* eachListChange(
  list: SnapshotList,
  before: readonly Named[],
  after: readonly Named[],
): Generator<SnapshotChange, void, undefined> {
  let index = 0;
  for (const value of after) {
    let old = before[index];
    while (old !== undefined && old.name < value.name) {
      yield { change: 'Remove', list, name: old.name };
      old = before[++index];
    }
    const known = old?.name === value.name;
    if (known) index++;
    if (!known || !isEqualJson(old, value)) yield { change: 'Set', list, value } as SnapshotChange;
  }
  for (const { name } of before.slice(index)) yield { change: 'Remove', list, name };
}

/**
 * The snapshot that the changes make, in their order, of `before`, whose lists and values it
 * shares where nothing changed. Undefined: they are to begin with nothing, and do not say which
 * MqttNamespace it is.
 */
export function applyChanges(
  before: Snapshot | undefined,
  changes: Iterable<SnapshotChange>,
): Snapshot | undefined {
  let namespace = before && namespaceOf(before);
  const touched = new Map<SnapshotList, Map<string, Named | undefined>>();
  for (const change of changes) {
    if (change.change === 'SetNamespace') {
      namespace = namespaceOf(change);
      continue;
    }
    const values = touched.get(change.list) ?? new Map<string, Named | undefined>();
    touched.set(change.list, values);
    if (change.change === 'Set') values.set(change.value.name, change.value);
    else values.set(change.name, undefined);
  }
  if (namespace === undefined) return undefined;
  const lists = SNAPSHOT_LISTS.map((list) => {
    return [list, changedList(before?.[list] ?? [], touched.get(list))] as const;
  });
  return { ...namespace, ...(Object.fromEntries(lists) as Pick<Snapshot, SnapshotList>) };
}

function changedList(
  before: readonly Named[],
  values: ReadonlyMap<string, Named | undefined> | undefined,
): readonly Named[] {
  if (values === undefined) return before;
  const kept = before.filter(({ name }) => !values.has(name));
  const set = [...values.values()].filter((value) => value !== undefined);
  return [...kept, ...set].sort((left, right) => (left.name < right.name ? -1 : 1));
}

export interface SnapshotHasher {
  /** What tells a snapshot's content apart from any other. */
  readonly hashOf: (snapshot: Snapshot) => string;
  /** Of a value in one of a snapshot's lists; whoever asks early spares `hashOf` the work. */
  readonly digestOf: (value: object) => string;
}

/**
 * `digest` must be free of collisions. A value is digested once, however many snapshots share it,
 * so that the hash of a snapshot that differs in one of 10,000 clients costs about a millisecond.
 */
export function snapshotHasher(digest: (text: string) => string): SnapshotHasher {
  const digests = new WeakMap<object, string>();
  const digestOf = (value: object): string => {
    const known = digests.get(value) ?? digest(JSON.stringify(value));
    digests.set(value, known);
    return known;
  };
  const hashOf = (snapshot: Snapshot): string => {
    const parts = [digest(snapshot.name), digestOf(snapshot.limits)];
    if (snapshot.route !== undefined) parts.push('route', digestOf(snapshot.route));
    for (const list of SNAPSHOT_LISTS) {
      // Of what is not routed, brokers from before there was routing make the same hash.
      if (list === 'eventSubscriptions' && snapshot[list].length === 0) continue;
      // A name of a list is no digest: it says where the list begins.
      parts.push(list);
      for (const value of snapshot[list]) parts.push(digestOf(value));
    }
    return digest(parts.join('\n'));
  };
  return { hashOf, digestOf };
}
