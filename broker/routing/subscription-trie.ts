/**
 * Topic filters by their levels. Nothing here recurses: a filter may have as many levels as its
 * bytes allow (CVE-2019-11779 is what recursion leads to).
 */
interface Node<Value> {
  readonly level: string;
  readonly parent: Node<Value> | undefined;
  readonly children: Map<string, Node<Value>>;
  readonly values: Set<Value>;
}

const SINGLE_LEVEL = '+';
const MULTI_LEVEL = '#';

export class SubscriptionTrie<Value> {
  readonly #root: Node<Value> = newNode(undefined, '');

  add(filter: readonly string[], value: Value): void {
    let node = this.#root;
    for (const level of filter) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode(node, level);
        node.children.set(level, child);
      }
      node = child;
    }
    node.values.add(value);
  }

  remove(filter: readonly string[], value: Value): void {
    let node: Node<Value> | undefined = this.#root;
    for (const level of filter) {
      node = node.children.get(level);
      if (node === undefined) return;
    }
    node.values.delete(value);
    while (node.parent !== undefined && node.values.size === 0 && node.children.size === 0) {
      node.parent.children.delete(node.level);
      node = node.parent;
    }
  }

  /** The values of all filters that match, each once for each filter [MQTT-4.7.1]. */
  match(topic: readonly string[]): Value[] {
    const found: Value[] = [];
    let nodes = [this.#root];
    for (let depth = 0; depth < topic.length; depth++) {
      const next: Node<Value>[] = [];
      // A wildcard in front does not match a topic that begins with $ [MQTT-4.7.2-1].
      const wildcards = depth > 0 || !topic[0]!.startsWith('$');
      for (const node of nodes) {
        const exact = node.children.get(topic[depth]!);
        if (exact !== undefined) next.push(exact);
        if (!wildcards) continue;
        const single = node.children.get(SINGLE_LEVEL);
        if (single !== undefined) next.push(single);
        collect(node.children.get(MULTI_LEVEL), found);
      }
      nodes = next;
    }
    for (const node of nodes) {
      collect(node, found);
      // The parent of a multi-level wildcard matches as well [MQTT-4.7.1-2].
      collect(node.children.get(MULTI_LEVEL), found);
    }
    return found;
  }
}

function newNode<Value>(parent: Node<Value> | undefined, level: string): Node<Value> {
  return { level, parent, children: new Map(), values: new Set() };
}

function collect<Value>(node: Node<Value> | undefined, found: Value[]): void {
  if (node !== undefined) for (const value of node.values) found.push(value);
}
