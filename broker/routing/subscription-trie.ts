/**
 * Topic filters by their levels. Nothing here recurses: a filter may have as many levels as its
 * bytes allow (CVE-2019-11779 is what recursion leads to).
 */
interface Node<Value> {
  readonly level: string;
  readonly parent: Node<Value> | undefined;
  /** Undefined: none. Most nodes lack the one or the other, and there are very many nodes. */
  children: Map<string, Node<Value>> | undefined;
  values: Set<Value> | undefined;
}

const SINGLE_LEVEL = '+';
const MULTI_LEVEL = '#';

export class SubscriptionTrie<Value> {
  readonly #root: Node<Value> = newNode(undefined, '');

  add(filter: readonly string[], value: Value): void {
    let node = this.#root;
    for (const level of filter) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode(node, level);
        node.children.set(level, child);
      }
      node = child;
    }
    node.values ??= new Set();
    node.values.add(value);
  }

  remove(filter: readonly string[], value: Value): void {
    let node: Node<Value> | undefined = this.#root;
    for (const level of filter) {
      node = node.children?.get(level);
      if (node === undefined) return;
    }
    node.values?.delete(value);
    while (node.parent !== undefined && isEmpty(node)) {
      node.parent.children?.delete(node.level);
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
      collect(node.children?.get(MULTI_LEVEL), found);
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
  for (const { children } of nodes) {
    if (children === undefined) continue;
    const exact = children.get(level);
    if (exact !== undefined) next.push(exact);
    if (!wildcards) continue;
    const single = children.get(SINGLE_LEVEL);
    if (single !== undefined) next.push(single);
    collect(children.get(MULTI_LEVEL), found);
  }
  return next;
}

function newNode<Value>(parent: Node<Value> | undefined, level: string): Node<Value> {
  return { level, parent, children: undefined, values: undefined };
}

function isEmpty({ children, values }: Node<unknown>): boolean {
  return (children?.size ?? 0) === 0 && (values?.size ?? 0) === 0;
}

function collect<Value>(node: Node<Value> | undefined, found: Value[]): void {
  if (node?.values !== undefined) for (const value of node.values) found.push(value);
}
