/** Objects as trees of fields, in which each leaf has a path that somebody may own. */
import { isEqual, isRecord, type JsonObject } from './json.ts';
import type { Structure } from './structure.ts';

export type Node =
  | { readonly is: 'leaf'; readonly value: unknown }
  /** By the name of the field. */
  | { readonly is: 'fields'; readonly entries: ReadonlyMap<string, Node> }
  /** By what tells the items apart. */
  | { readonly is: 'items'; readonly entries: ReadonlyMap<string, Node> };

/** Between the steps of a path; no field's name has it. */
const STEP = '\n';
const ITEM = '[';

export function treeOf(object: JsonObject, structure: Structure): Node {
  return nodeOf(object, { structure, path: [] });
}

interface Place {
  readonly structure: Structure;
  readonly path: readonly string[];
}

function nodeOf(value: unknown, place: Place): Node {
  const merging = place.structure(place.path);
  if (Array.isArray(value)) {
    if (merging.by === 'items') {
      const entries = value.map((item) => [JSON.stringify(item), leaf(item)] as const);
      return { is: 'items', entries: new Map(entries) };
    }
    if (merging.by !== 'keys') return leaf(value);
    const entries = value.map(
      (item) => [keyOf(item, merging.keys), fieldsOf(item, place)] as const,
    );
    return { is: 'items', entries: new Map(entries) };
  }
  if (!isRecord(value) || merging.by === 'whole') return leaf(value);
  return fieldsOf(value, place);
}

function fieldsOf(value: unknown, { structure, path }: Place): Node {
  if (!isRecord(value)) return leaf(value);
  const entries = Object.entries(value).map(([field, inner]) => {
    return [field, nodeOf(inner, { structure, path: [...path, field] })] as const;
  });
  return { is: 'fields', entries: new Map(entries) };
}

function leaf(value: unknown): Node {
  return { is: 'leaf', value };
}

/** The only default among the keys that we use. */
const KEY_DEFAULTS: ReadonlyMap<string, string> = new Map([['protocol', 'TCP']]);

function keyOf(item: unknown, keys: readonly string[]): string {
  const fields = new Map(isRecord(item) ? Object.entries(item) : []);
  return JSON.stringify(keys.map((key) => fields.get(key) ?? KEY_DEFAULTS.get(key) ?? null));
}

export function objectOf(node: Node): unknown {
  if (node.is === 'leaf') return node.value;
  if (node.is === 'items') return [...node.entries.values()].map(objectOf);
  return Object.fromEntries([...node.entries].map(([field, inner]) => [field, objectOf(inner)]));
}

/** Leaves by their paths. An item is a leaf beside its fields, and so is a map without any. */
export function leavesOf(node: Node): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  collect(node, '', leaves);
  return leaves;
}

function collect(node: Node, path: string, leaves: Map<string, unknown>): void {
  if (node.is === 'leaf') {
    leaves.set(path, node.value);
    return;
  }
  if (node.entries.size === 0 && path !== '') leaves.set(path, {});
  for (const [name, inner] of node.entries) {
    const innerPath = stepped(node, path, name);
    if (node.is === 'items') leaves.set(innerPath, {});
    collect(inner, innerPath, leaves);
  }
}

/** Paths whose leaves differ, or that only `after` has; and those that only `before` has. */
export function difference(before: Node, after: Node): { changed: string[]; removed: string[] } {
  const old = leavesOf(before);
  const now = leavesOf(after);
  const changed = [...now].filter(
    ([path, value]) => !old.has(path) || !isEqual(old.get(path), value),
  );
  const removed = [...old.keys()].filter((path) => !now.has(path));
  return { changed: changed.map(([path]) => path), removed };
}

/** `applied` wins; what it does not say stays. */
export function merged(live: Node, applied: Node): Node {
  if (live.is === 'leaf' || applied.is === 'leaf' || live.is !== applied.is) return applied;
  const entries = new Map(live.entries);
  for (const [name, inner] of applied.entries) {
    const known = entries.get(name);
    entries.set(name, known === undefined ? inner : merged(known, inner));
  }
  return { is: live.is, entries };
}

/**
 * Without these leaves, the items among them, and the maps and lists that are empty for it. An
 * item of which `kept` has a part stays.
 */
export function pruned(node: Node, paths: ReadonlySet<string>, kept: ReadonlySet<string>): Node {
  return prune(node, '', { paths, kept: [...kept] }) ?? { is: 'fields', entries: new Map() };
}

interface Pruning {
  readonly paths: ReadonlySet<string>;
  readonly kept: readonly string[];
}

function prune(node: Node, path: string, pruning: Pruning): Node | undefined {
  const isOurs = pruning.paths.has(path);
  if (node.is === 'leaf') return isOurs ? undefined : node;
  const entries = new Map<string, Node>();
  for (const [name, inner] of node.entries) {
    const innerPath = stepped(node, path, name);
    const rest = isDropped(node, innerPath, pruning) ? undefined : prune(inner, innerPath, pruning);
    if (rest !== undefined) entries.set(name, rest);
  }
  const isEmptied = entries.size === 0 && node.entries.size > 0;
  return isEmptied || (entries.size === 0 && isOurs) ? undefined : { is: node.is, entries };
}

function isDropped(list: Node, path: string, { paths, kept }: Pruning): boolean {
  if (list.is !== 'items' || !paths.has(path)) return false;
  return !kept.some((other) => other.startsWith(`${path}${STEP}`));
}

function stepped(within: Node, path: string, name: string): string {
  return `${path}${STEP}${within.is === 'items' ? ITEM : ''}${name}`;
}
