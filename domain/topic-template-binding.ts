/**
 * A topic template with one client's values. Arrays are matched as they are met and never
 * multiplied out, so ten array attributes in one template cost no more than a bounded search.
 */
import type { AttributeValue } from './resources.ts';
import {
  beginsWithDollar,
  MULTI_LEVEL_WILDCARD,
  SINGLE_LEVEL_WILDCARD,
  spellOutShortest,
} from './topic-filter.ts';
import { printTopicTemplate, variableName } from './topic-template-syntax.ts';
import type {
  ClientIdentity,
  TemplateLevel,
  TemplatePart,
  TopicTemplate,
  Variable,
} from './topic-template.ts';

/** The values that may stand for one variable: one object wherever the variable recurs. */
interface BoundVariable {
  readonly values: readonly string[];
}

type BoundPart = string | BoundVariable;

/** A string is literal text or `+`, as in a topic filter: no literal text holds a `+`. */
type BoundLevel = string | readonly BoundPart[];

export interface BoundTemplate {
  readonly template: TopicTemplate;
  /** Without a `#` at the end. */
  readonly levels: readonly BoundLevel[];
  /** Whether any levels may follow, none included: the `#` at the end. */
  readonly isOpenEnded: boolean;
  /** Whether any level is more than a string. */
  readonly hasChoices: boolean;
  /** By name. */
  readonly variables: ReadonlyMap<string, BoundVariable>;
}

/**
 * Comparisons made in search of values that fit one topic. Ours: the attributes of a client hold
 * about 1,000 values at most (4 KiB), so that honest templates need far fewer.
 */
export const MATCH_STEPS_MAX = 10_000;

function textsOf(value: AttributeValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? [String(value)] : [];
  return value;
}

/**
 * A value stands for one level or a part of it and never for a wildcard (compare CVE-2017-7650):
 * `/`, `+`, `#` and what no topic may hold would grant more than the template says.
 */
function isUsable(value: string): boolean {
  return value !== '' && !/[/+#\0]/.test(value) && value.isWellFormed();
}

function usableValues(variable: Variable, client: ClientIdentity): readonly string[] {
  const isName = variable.type === 'ClientName';
  const value = isName ? client.name : client.attributes.get(variable.key);
  return [...new Set(textsOf(value).filter(isUsable))];
}

function soleValue(variable: BoundVariable | undefined): string | undefined {
  return variable?.values.length === 1 ? variable.values[0] : undefined;
}

/** Templates without variables, which are bound to all clients alike. */
const boundToAll = new WeakMap<TopicTemplate, BoundTemplate>();

/** A missing attribute leaves a variable without values; a level that holds it fits nothing. */
export function bindTemplate(template: TopicTemplate, client: ClientIdentity): BoundTemplate {
  const known = boundToAll.get(template);
  if (known !== undefined) return known;
  const bound = bindVariables(template, client);
  if (isBoundToAll(bound)) boundToAll.set(template, bound);
  return bound;
}

/** Whether every client has this template, as the same object. */
function isBoundToAll({ variables }: BoundTemplate): boolean {
  return variables.size === 0;
}

function bindVariables(template: TopicTemplate, client: ClientIdentity): BoundTemplate {
  const variables = new Map<string, BoundVariable>();
  const bindPart = (part: TemplatePart, leads: boolean): BoundPart => {
    if (part.type === 'Literal') return part.text;
    const name = variableName(part);
    let variable = variables.get(name);
    if (variable === undefined) {
      const values = usableValues(part, client);
      // Topics that begin with "$" are for who writes the template to grant, never for a value.
      variable = { values: leads ? values.filter((value) => !beginsWithDollar(value)) : values };
      variables.set(name, variable);
    }
    return soleValue(variable) ?? variable;
  };
  const levels: BoundLevel[] = [];
  for (const [index, level] of template.levels.entries()) {
    if (level.type === 'SingleLevelWildcard') levels.push(SINGLE_LEVEL_WILDCARD);
    else if (level.type === 'Literal') levels.push(level.text);
    else if (level.type === 'Pattern') {
      const parts = level.parts.map((part, at) => bindPart(part, index === 0 && at === 0));
      levels.push(parts.every((part) => typeof part === 'string') ? parts.join('') : parts);
    }
  }
  // No topic is empty [MQTT-4.7.3-1], so a lone "#" is the same as "+/#".
  if (levels.length === 0) levels.push(SINGLE_LEVEL_WILDCARD);
  const isOpenEnded = template.levels.at(-1)?.type === 'MultiLevelWildcard';
  const hasChoices = levels.some((level) => typeof level !== 'string');
  // Copied to the length that it has: every client keeps one.
  return { template, levels: [...levels], isOpenEnded, hasChoices, variables };
}

/** Where in the levels and parts of a template a search stands, and where in the level's text. */
interface Cursor {
  readonly level: number;
  readonly part: number;
  readonly offset: number;
}

/**
 * Looks for one choice of values with which the first levels fit, the same value wherever a
 * variable recurs. It backtracks, no deeper than a template has levels and parts
 * (TOPIC_TEMPLATE_BYTES_MAX); beyond MATCH_STEPS_MAX nothing fits, which refuses.
 */
class ValueSearch {
  readonly #own: readonly BoundLevel[];
  readonly #levels: readonly string[];
  readonly #chosen = new Map<BoundVariable, string>();
  #steps = 0;
  #fitting = 0;

  constructor(own: readonly BoundLevel[], levels: readonly string[]) {
    this.#own = own;
    this.#levels = levels;
  }

  /** How many levels from the left fit together. */
  run(): number {
    this.#fitsFrom(0);
    return this.#fitting;
  }

  #fitsFrom(level: number): boolean {
    this.#fitting = Math.max(this.#fitting, level);
    const own = this.#own[level];
    if (own === undefined) return true;
    // The caller has compared plain levels already.
    if (typeof own === 'string') return this.#fitsFrom(level + 1);
    return this.#fits(own, { level, part: 0, offset: 0 });
  }

  #fits(parts: readonly BoundPart[], at: Cursor): boolean {
    const part = parts[at.part];
    if (part === undefined) {
      return at.offset === this.#levels[at.level]?.length && this.#fitsFrom(at.level + 1);
    }
    if (typeof part === 'string') return this.#fitsWith(part, parts, at);
    const known = this.#chosen.get(part);
    if (known !== undefined) return this.#fitsWith(known, parts, at);
    for (const value of part.values) {
      this.#chosen.set(part, value);
      if (this.#fitsWith(value, parts, at)) return true;
    }
    this.#chosen.delete(part);
    return false;
  }

  #fitsWith(text: string, parts: readonly BoundPart[], at: Cursor): boolean {
    if (++this.#steps > MATCH_STEPS_MAX) return false;
    if (this.#levels[at.level]?.startsWith(text, at.offset) !== true) return false;
    const next = { level: at.level, part: at.part + 1, offset: at.offset + text.length };
    return this.#fits(parts, next);
  }
}

/** Whether one level may fit. Which values fit, and fit together, is for the search. */
function mayFit(own: BoundLevel, level: string, isFirst: boolean): boolean {
  if (typeof own !== 'string') return true;
  if (own !== SINGLE_LEVEL_WILDCARD) return own === level;
  return level !== MULTI_LEVEL_WILDCARD && !(isFirst && beginsWithDollar(level));
}

/** How many levels of the template, but for a `#` at its end, fit from the left. */
function countFitting(bound: BoundTemplate, levels: readonly string[]): number {
  let count = 0;
  for (const own of bound.levels) {
    const level = levels[count];
    if (level === undefined || !mayFit(own, level, count === 0)) break;
    count++;
  }
  if (!bound.hasChoices) return count;
  return new ValueSearch(bound.levels.slice(0, count), levels).run();
}

function fitsWhole(bound: BoundTemplate, levels: readonly string[]): boolean {
  const { length } = bound.levels;
  if (bound.isOpenEnded ? levels.length < length : levels.length !== length) return false;
  return countFitting(bound, levels) === length;
}

/**
 * False: whatever a client's values are, no template bound to them matches the topic, or contains
 * the filter, since a literal level of its own is another one. It costs less than binding does.
 */
export function templateMayFit({ levels }: TopicTemplate, asked: readonly string[]): boolean {
  for (let index = 0; index < levels.length; index++) {
    const level = levels[index]!;
    if (level.type === 'Literal' && level.text !== asked[index]) return false;
  }
  return true;
}

/** `topic` as `splitLevels` gives it, checked before. */
export function boundTemplateMatches(bound: BoundTemplate, topic: readonly string[]): boolean {
  return fitsWhole(bound, topic);
}

/**
 * Whether the template matches every topic that `filter` matches. Exact: no finite set of values
 * fills a wildcard, so a level with variables covers only one literal level at a time.
 */
export function boundTemplateContains(bound: BoundTemplate, filter: readonly string[]): boolean {
  return fitsWhole(bound, spellOutShortest(filter));
}

/**
 * The topic filters, as `splitLevels` gives them, that match together what the template matches.
 * Undefined: they are more than `filtersMax`, for the members of arrays multiply.
 */
export function filtersOfBoundTemplate(
  bound: BoundTemplate,
  filtersMax: number,
): readonly (readonly string[])[] | undefined {
  const ending = bound.isOpenEnded ? [MULTI_LEVEL_WILDCARD] : [];
  if (bound.isOpenEnded && bound.template.levels.length === 1) return [ending];
  const variables = [...bound.variables.values()];
  const combinations = variables.reduce((product, { values }) => product * values.length, 1);
  if (combinations > filtersMax) return undefined;
  let choices: ReadonlyMap<BoundVariable, string>[] = [new Map()];
  for (const variable of variables) {
    choices = choices.flatMap((chosen) =>
      variable.values.map((value) => new Map(chosen).set(variable, value)),
    );
  }
  const filters = choices.map((chosen) => {
    const fill = (part: BoundPart): string => {
      return typeof part === 'string' ? part : (chosen.get(part) ?? '');
    };
    const levels = bound.levels.map((level) => {
      return typeof level === 'string' ? level : level.map(fill).join('');
    });
    return [...levels, ...ending];
  });
  // Different members may make the same text, as "a" with "bc" and "ab" with "c" do.
  return [...new Map(filters.map((levels) => [levels.join('/'), levels])).values()];
}

/** How many of `levels` agree with the template before the first that does not. */
export function leadingLevelsMatched(bound: BoundTemplate, levels: readonly string[]): number {
  const count = countFitting(bound, levels);
  return bound.isOpenEnded && count === bound.levels.length ? levels.length : count;
}

/** The template's text with the client's value for every variable that has exactly one. */
export function printBoundTemplate(bound: BoundTemplate): string {
  const fill = (part: TemplatePart): TemplatePart => {
    if (part.type === 'Literal') return part;
    const text = soleValue(bound.variables.get(variableName(part)));
    return text === undefined ? part : { type: 'Literal', text };
  };
  const levels = bound.template.levels.map((level): TemplateLevel =>
    level.type === 'Pattern' ? { type: 'Pattern', parts: level.parts.map(fill) } : level,
  );
  return printTopicTemplate({ levels });
}
