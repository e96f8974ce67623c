/**
 * Topic templates, kept by their levels, so that those which one more overlaps are found without
 * looking at all of them: `findOverlap` compares two. Nothing here recurses deeper than a template
 * has levels (TOPIC_TEMPLATE_BYTES_MAX).
 */
import { leadsWithDollar, spanOf, type Span } from './overlap.ts';
import { beginsWithDollar } from './topic-filter.ts';
import type { TemplateLevel, TopicTemplate } from './topic-template.ts';

class Node {
  /** The lowest number of a template from here on: numbers are added in their order. */
  readonly first: number;
  readonly literals = new Map<string, Node>();
  /** Of a level that is left open; in front, of one that leads with "$" and one that does not. */
  open: Node | undefined;
  openDollar: Node | undefined;
  /** Of a template that ends here, and of one that leaves open what follows. */
  ends: number | undefined;
  openEnds: number | undefined;

  constructor(first: number) {
    this.first = first;
  }
}

export class OverlapIndex {
  readonly #root = new Node(0);

  /** `number` is no lower than that of any template before. */
  add(template: TopicTemplate, number: number): void {
    const { levels, isOpenEnded } = spanOf(template);
    let node = this.#root;
    for (const [depth, level] of levels.entries()) {
      node = child(node, level, depth) ?? addChild(node, level, depth, number);
    }
    if (isOpenEnded) node.openEnds ??= number;
    else node.ends ??= number;
  }

  /** The lowest number of a template that this one overlaps; undefined: there is none. */
  first(template: TopicTemplate): number | undefined {
    const search = new Search(spanOf(template));
    search.visit(this.#root, 0);
    return search.best === Infinity ? undefined : search.best;
  }
}

function child(node: Node, level: TemplateLevel, depth: number): Node | undefined {
  if (level.type === 'Literal') return node.literals.get(level.text);
  return depth === 0 && leadsWithDollar(level) ? node.openDollar : node.open;
}

function addChild(node: Node, level: TemplateLevel, depth: number, number: number): Node {
  const added = new Node(number);
  if (level.type === 'Literal') node.literals.set(level.text, added);
  else if (depth === 0 && leadsWithDollar(level)) node.openDollar = added;
  else node.open = added;
  return added;
}

class Search {
  best = Infinity;
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  visit(node: Node | undefined, depth: number): void {
    if (node === undefined || node.first >= this.best) return;
    const { levels, isOpenEnded } = this.#span;
    this.#found(node.openEnds);
    const level = levels[depth];
    if (level !== undefined) this.#descend(node, level, depth);
    else if (isOpenEnded) this.#found(node.first);
    else this.#found(node.ends);
  }

  #descend(node: Node, level: TemplateLevel, depth: number): void {
    // What begins with "$" and what does not have no topic in common [MQTT-4.7.2-1].
    const isFirst = depth === 0;
    const dollar = isFirst && leadsWithDollar(level);
    this.visit(dollar ? node.openDollar : node.open, depth + 1);
    if (level.type === 'Literal') {
      this.visit(node.literals.get(level.text), depth + 1);
      return;
    }
    for (const [text, literal] of node.literals) {
      if (!isFirst || beginsWithDollar(text) === dollar) this.visit(literal, depth + 1);
    }
  }

  #found(number: number | undefined): void {
    if (number !== undefined && number < this.best) this.best = number;
  }
}
