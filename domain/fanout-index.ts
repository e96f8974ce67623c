/**
 * Topic filters and who subscribes with them, kept so that it is known at every level how many of
 * them one topic can match at most. Nothing here recurses: a filter has as many levels as its
 * bytes allow.
 */
import { MULTI_LEVEL_WILDCARD, SINGLE_LEVEL_WILDCARD } from './topic-filter.ts';

export interface FanoutNode<Subscriber> {
  /** The filters that end here. */
  readonly subscribers: readonly Subscriber[];
  readonly single: FanoutNode<Subscriber> | undefined;
  /** A leaf: nothing follows `#`. */
  readonly multi: FanoutNode<Subscriber> | undefined;
  readonly literals: ReadonlyMap<string, FanoutNode<Subscriber>>;
  /** As many of the filters from here on as one topic can match; at least what any does. */
  readonly peak: number;
  /** The largest peak of `literals`, 0 without any. */
  readonly literalPeak: number;
  /** The `literals` with this peak, which is 2 or more: where all have 1, there is no such list. */
  literalsOfPeak(peak: number): Iterable<FanoutNode<Subscriber>>;
  readonly level: string;
}

const NO_LITERALS: ReadonlyMap<string, never> = new Map<string, never>();

class Node<Subscriber> implements FanoutNode<Subscriber> {
  readonly level: string;
  readonly parent: Node<Subscriber> | undefined;
  readonly subscribers: Subscriber[] = [];
  single: Node<Subscriber> | undefined;
  multi: Node<Subscriber> | undefined;
  peak = 0;
  literalPeak = 0;
  #literals: Map<string, Node<Subscriber>> | undefined;
  #literalsByPeak: (Set<Node<Subscriber>> | undefined)[] | undefined;

  constructor(level: string, parent?: Node<Subscriber>) {
    this.level = level;
    this.parent = parent;
  }

  get literals(): ReadonlyMap<string, Node<Subscriber>> {
    return this.#literals ?? NO_LITERALS;
  }

  literalsOfPeak(peak: number): Iterable<Node<Subscriber>> {
    return this.#literalsByPeak?.[peak] ?? [];
  }

  child(level: string): Node<Subscriber> | undefined {
    if (level === SINGLE_LEVEL_WILDCARD) return this.single;
    if (level === MULTI_LEVEL_WILDCARD) return this.multi;
    return this.#literals?.get(level);
  }

  newChild(level: string): Node<Subscriber> {
    const child = new Node(level, this);
    if (level === SINGLE_LEVEL_WILDCARD) this.single = child;
    else if (level === MULTI_LEVEL_WILDCARD) this.multi = child;
    else (this.#literals ??= new Map()).set(level, child);
    return child;
  }

  /** Of a topic that ends here, or goes on through `+` and one of the literals. */
  countPeak(): number {
    const further = (this.single?.peak ?? 0) + this.literalPeak;
    return (this.multi?.peak ?? 0) + Math.max(this.subscribers.length, further);
  }

  /** The child's peak was another, by 1. One with a peak of 0 holds nothing and goes. */
  childChanged(child: Node<Subscriber>, before: number): void {
    if (child === this.single || child === this.multi) {
      if (child.peak > 0) return;
      if (child === this.single) this.single = undefined;
      else this.multi = undefined;
      return;
    }
    if (child.peak === 0) this.#literals!.delete(child.level);
    this.#sort(child, before);
    this.#setLiteralPeak(child.peak, before);
  }

  #sort(child: Node<Subscriber>, before: number): void {
    if (before > 1) this.#literalsByPeak![before]!.delete(child);
    if (child.peak <= 1) return;
    this.#literalsByPeak ??= [];
    (this.#literalsByPeak[child.peak] ??= new Set()).add(child);
  }

  #setLiteralPeak(peak: number, before: number): void {
    if (peak > this.literalPeak) this.literalPeak = peak;
    else if (before === this.literalPeak && !this.#hasLiteralOfPeak(before)) {
      this.literalPeak = before - 1;
    }
  }

  #hasLiteralOfPeak(peak: number): boolean {
    if (peak === 1) return this.#literals!.size > 0;
    return this.#literalsByPeak![peak]!.size > 0;
  }
}

export class FanoutIndex<Subscriber> {
  readonly #root = new Node<Subscriber>('');

  get root(): FanoutNode<Subscriber> {
    return this.#root;
  }

  /** The same subscriber may be added once with each filter. */
  add(filter: readonly string[], subscriber: Subscriber): void {
    let node = this.#root;
    for (const level of filter) node = node.child(level) ?? node.newChild(level);
    node.subscribers.push(subscriber);
    this.#settle(node);
  }

  /** Nothing changes where it was not added. */
  remove(filter: readonly string[], subscriber: Subscriber): void {
    let node: Node<Subscriber> | undefined = this.#root;
    for (const level of filter) {
      node = node.child(level);
      if (node === undefined) return;
    }
    const index = node.subscribers.indexOf(subscriber);
    if (index < 0) return;
    node.subscribers.splice(index, 1);
    this.#settle(node);
  }

  /** One filter more or less changes each peak by 1 at most, so it costs a filter's levels. */
  #settle(changed: Node<Subscriber>): void {
    for (let node: Node<Subscriber> | undefined = changed; node !== undefined; node = node.parent) {
      const before = node.peak;
      node.peak = node.countPeak();
      if (node.peak === before) return;
      node.parent?.childChanged(node, before);
    }
  }
}
