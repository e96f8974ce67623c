/**
 * Whether one more subscription would give a topic too many subscribers: DESIGN, "LowFanout". A
 * topic is chosen level by level, among those that some filter names, and a choice is followed
 * only while it can still lead to a crowded topic.
 */
import type { FanoutIndex, FanoutNode } from './fanout-index.ts';
import { beginsWithDollar, MULTI_LEVEL_WILDCARD, SINGLE_LEVEL_WILDCARD } from './topic-filter.ts';

export interface FanoutQuestion<Subscriber> {
  /** Whoever wants the filter: its other filters do not count. */
  readonly subscriber: Subscriber;
  /** As many others as make a topic crowded, at least 1. */
  readonly crowd: number;
  /** Nodes to look at, so that no arrangement of wildcards stops whoever asks. */
  readonly stepsMax: number;
}

export type FanoutAnswer =
  | { readonly outcome: 'Room'; readonly steps: number }
  | { readonly outcome: 'Crowded'; readonly steps: number; readonly topic: string }
  /** So many steps did not settle it. */
  | { readonly outcome: 'Undecided'; readonly steps: number };

/** Stands in a topic where no filter asks for a word. */
const ANY_LEVEL = 'any';
/** Nodes whose subscribers are counted one by one, where their peaks say too little. */
const COUNTED_NODES_MAX = 64;

/** The beginning of a topic, and what of the index it matches. */
interface Prefix<Subscriber> {
  readonly before: Prefix<Subscriber> | undefined;
  readonly level: string;
  readonly length: number;
  /** What goes on from here. */
  readonly nodes: readonly FanoutNode<Subscriber>[];
  /** The others whose `#` matches all that goes on from an earlier level. */
  readonly matched: ReadonlySet<Subscriber>;
}

/** Looks for a topic that the filter matches, and at least `crowd` others do. */
export function findCrowdedTopic<Subscriber>(
  index: FanoutIndex<Subscriber>,
  filter: readonly string[],
  question: FanoutQuestion<Subscriber>,
): FanoutAnswer {
  return new Search(filter, question).run(index);
}

class Search<Subscriber> {
  readonly #filter: readonly string[];
  readonly #question: FanoutQuestion<Subscriber>;
  #steps = 0;

  constructor(filter: readonly string[], question: FanoutQuestion<Subscriber>) {
    this.#filter = filter;
    this.#question = question;
  }

  run({ root }: FanoutIndex<Subscriber>): FanoutAnswer {
    const matched = new Set<Subscriber>();
    const start = { before: undefined, level: '', length: 0, nodes: [root], matched };
    // What is still to be tried after each level; as deep as a topic of the filters has levels.
    const choices = [this.#choicesAfter(start)];
    for (;;) {
      const next = choices.at(-1)?.next();
      if (next === undefined) return { outcome: 'Room', steps: this.#steps };
      if (this.#steps > this.#question.stepsMax) {
        return { outcome: 'Undecided', steps: this.#steps };
      }
      if (next.done === true) choices.pop();
      else if (this.#isCrowdedTopic(next.value)) {
        return { outcome: 'Crowded', steps: this.#steps, topic: topicOf(next.value) };
      } else choices.push(this.#choicesAfter(next.value));
    }
  }

  /** The filter's level there; undefined: its topics end there. */
  #required(length: number): string | undefined {
    const last = this.#filter.at(-1);
    return this.#filter[length] ?? (last === MULTI_LEVEL_WILDCARD ? last : undefined);
  }

  /** As a whole topic, that is; none is empty [MQTT-4.7.3-1]. */
  #isCrowdedTopic({ nodes, matched, length, level }: Prefix<Subscriber>): boolean {
    this.#steps += 1 + nodes.length;
    const required = this.#required(length);
    if (required !== undefined && required !== MULTI_LEVEL_WILDCARD) return false;
    if (length === 0 || (length === 1 && level === '')) return false;
    const all = new Set(matched);
    for (const { subscribers, multi } of nodes) {
      this.#addOthers(all, subscribers);
      this.#addOthers(all, multi?.subscribers);
    }
    return all.size >= this.#question.crowd;
  }

  /** One level more, as far as it may lead to a crowded topic. */
  *#choicesAfter(prefix: Prefix<Subscriber>): Generator<Prefix<Subscriber>> {
    const { crowd } = this.#question;
    const required = this.#required(prefix.length);
    if (required === undefined) return;
    if (required !== SINGLE_LEVEL_WILDCARD && required !== MULTI_LEVEL_WILDCARD) {
      const next = this.#extend(prefix, required);
      if (next.matched.size + sumPeaks(next.nodes) >= crowd) yield next;
      return;
    }
    const any = this.#extend(prefix, ANY_LEVEL, []);
    const others = this.#countAtMost(any);
    // Whatever a named level leads to includes all that this one does; it is the quickest to try.
    if (others >= crowd) yield any;
    const tried = new Set<string>();
    for (const level of this.#levelsWorthIt(prefix, crowd - others)) {
      if (tried.has(level)) continue;
      tried.add(level);
      const next = this.#extend(prefix, level);
      const literals = next.nodes.slice(0, next.nodes.length - any.nodes.length);
      if (others + sumPeaks(literals) >= crowd) yield next;
    }
  }

  /**
   * Levels that some node names, where at least so many of the literals' filters may match. No
   * wildcard in front matches what begins with "$" [MQTT-4.7.2-1], so neither does the filter.
   */
  *#levelsWorthIt({ nodes, length }: Prefix<Subscriber>, missing: number): Generator<string> {
    const peaks = nodes.reduce((sum, { literalPeak }) => sum + literalPeak, 0);
    if (peaks < missing) return;
    for (const node of nodes) {
      // The other nodes give as much as they can.
      const least = missing - (peaks - node.literalPeak);
      for (const level of literalsFrom(node, least)) {
        if (++this.#steps > this.#question.stepsMax) return;
        if (length > 0 || !beginsWithDollar(level)) yield level;
      }
    }
  }

  /** With one level more: first what the literals match, then what `+` does. */
  #extend(
    prefix: Prefix<Subscriber>,
    level: string,
    literals = prefix.nodes.flatMap((node) => node.literals.get(level) ?? []),
  ): Prefix<Subscriber> {
    const { nodes, length } = prefix;
    const next = { before: prefix, level, length: length + 1 };
    if (length === 0 && beginsWithDollar(level)) {
      return { ...next, nodes: literals, matched: prefix.matched };
    }
    const singles = nodes.flatMap(({ single }) => single ?? []);
    return { ...next, nodes: [...literals, ...singles], matched: this.#matchedBelow(prefix) };
  }

  #matchedBelow({ nodes, matched }: Prefix<Subscriber>): ReadonlySet<Subscriber> {
    if (nodes.every(({ multi }) => multi === undefined)) return matched;
    const all = new Set(matched);
    for (const { multi } of nodes) this.#addOthers(all, multi?.subscribers);
    return all;
  }

  /**
   * No topic that begins so matches more others. Peaks count a subscriber once for each filter, so
   * where they leave the question open and few filters follow, the subscribers are counted.
   */
  #countAtMost({ nodes, matched }: Prefix<Subscriber>): number {
    const byPeaks = matched.size + sumPeaks(nodes);
    const all = new Set(matched);
    const below = [...nodes];
    for (let index = 0; index < below.length; index++) {
      this.#steps++;
      const { subscribers, single, multi, literals } = below[index]!;
      if (below.length + literals.size > COUNTED_NODES_MAX) return byPeaks;
      this.#addOthers(all, subscribers);
      if (single !== undefined) below.push(single);
      if (multi !== undefined) below.push(multi);
      below.push(...literals.values());
    }
    return Math.min(byPeaks, all.size);
  }

  /** No more than make a crowd: beyond it nothing is to be told apart. */
  #addOthers(all: Set<Subscriber>, subscribers: readonly Subscriber[] = []): void {
    for (const each of subscribers) {
      if (all.size >= this.#question.crowd) return;
      if (each !== this.#question.subscriber) all.add(each);
    }
  }
}

function sumPeaks<Subscriber>(nodes: readonly FanoutNode<Subscriber>[]): number {
  return nodes.reduce((sum, { peak }) => sum + peak, 0);
}

/** Literals of a node whose peak is so much at least. */
function* literalsFrom<Subscriber>(node: FanoutNode<Subscriber>, peak: number): Iterable<string> {
  if (peak <= 1) yield* node.literals.keys();
  else {
    for (let each = peak; each <= node.literalPeak; each++) {
      for (const { level } of node.literalsOfPeak(each)) yield level;
    }
  }
}

function topicOf<Subscriber>(prefix: Prefix<Subscriber>): string {
  const levels: string[] = [];
  for (let each: Prefix<Subscriber> | undefined = prefix; each?.before; each = each.before) {
    levels.push(each.level);
  }
  return levels.reverse().join('/');
}
