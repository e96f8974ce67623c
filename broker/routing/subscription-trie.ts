/**
 * Topic filters by their levels. Nothing here recurses: a filter may have as many levels as its
 * bytes allow (CVE-2019-11779 is what recursion leads to). There are very many nodes, and most have
 * one value and no child but a wildcard: those take no map and no set.
 */
interface Node<Value> {
  readonly level: string;
  readonly parent: Node<Value> | undefined;
  /** But for wildcards. Undefined: none. */
  children: Map<string, Node<Value>> | undefined;
  single: Node<Value> | undefined;
  multi: Node<Value> | undefined;
  /** A set where there are several. */
  values: Value | Set<Value> | undefined;
}

const SINGLE_LEVEL = '+';
const MULTI_LEVEL = '#';

/** Values are told apart by identity, and are no sets themselves. */
export class SubscriptionTrie<Value extends object | number | string> {
  readonly #root: Node<Value> = newNode(undefined, '');

  add(filter: readonly string[], value: Value): void {
    let node = this.#root;
    for (const level of filter) node = childOf(node, level) ?? newChild(node, level);
    const { values } = node;
    if (values === undefined) node.values = value;
    else if (values instanceof Set) values.add(value);
    else if (values !== value) node.values = new Set([values, value]);
  }

  remove(filter: readonly string[], value: Value): void {
    let node: Node<Value> | undefined = this.#root;
    for (const level of filter) {
      node = childOf(node, level);
      if (node === undefined) return;
    }
    removeValue(node, value);
    while (node.parent !== undefined && isEmpty(node)) {
      removeChild(node.parent, node);
      node = node.parent;
    }
  }

  /** The values of all filters that match, each once for each filter [MQTT-4.7.1]. */
  match(topic: readonly string[]): Value[] {
    const found: Value[] = [];
    let nodes = [this.#root];
    for (let depth = 0; depth < topic.length; depth++) {
      // A wildcard in front does not match a topic that begins with $ [MQTT-4.7.2-1].
      const wildcards = depth > 0 || !topic[0]!.startsWith('$');
      nodes = descend(nodes, topic[depth]!, wildcards, found);
    }
    for (const node of nodes) {
      collect(node, found);
      // The parent of a multi-level wildcard matches as well [MQTT-4.7.1-2].
      collect(node.multi, found);
    }
    return found;
  }
}

/** The nodes one level further down; what ends there with a multi-level wildcard is found. */
function descend<Value>(
  nodes: readonly Node<Value>[],
  level: string,
  wildcards: boolean,
  found: Value[],
): Node<Value>[] {
  const next: Node<Value>[] = [];
  for (const { children, single, multi } of nodes) {
    const exact = children?.get(level);
    if (exact !== undefined) next.push(exact);
    if (!wildcards) continue;
    if (single !== undefined) next.push(single);
    collect(multi, found);
  }
  return next;
}

function newNode<Value>(parent: Node<Value> | undefined, level: string): Node<Value> {
  return {
    level,
    parent,
    children: undefined,
    single: undefined,
    multi: undefined,
    values: undefined,
  };
}

function childOf<Value>(node: Node<Value>, level: string): Node<Value> | undefined {
  if (level === SINGLE_LEVEL) return node.single;
  return level === MULTI_LEVEL ? node.multi : node.children?.get(level);
}

function newChild<Value>(node: Node<Value>, level: string): Node<Value> {
  const child = newNode(node, level);
  if (level === SINGLE_LEVEL) node.single = child;
  else if (level === MULTI_LEVEL) node.multi = child;
  else (node.children ??= new Map()).set(level, child);
  return child;
}

function removeChild<Value>(node: Node<Value>, { level }: Node<Value>): void {
  if (level === SINGLE_LEVEL) node.single = undefined;
  else if (level === MULTI_LEVEL) node.multi = undefined;
  else node.children?.delete(level);
}

function removeValue<Value>(node: Node<Value>, value: Value): void {
  const { values } = node;
  if (values === value) node.values = undefined;
  if (!(values instanceof Set)) return;
  values.delete(value);
  if (values.size === 0) node.values = undefined;
}

function isEmpty({ children, single, multi, values }: Node<unknown>): boolean {
  const hasChild = single !== undefined || multi !== undefined || (children?.size ?? 0) > 0;
  return !hasChild && values === undefined;
}

function collect<Value>(node: Node<Value> | undefined, found: Value[]): void {
  const values = node?.values;
  if (values instanceof Set) for (const value of values) found.push(value);
  else if (values !== undefined) found.push(values);
}
