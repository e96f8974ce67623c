/** Bound templates as topic filters, and how far they contain and meet each other. */
import { findOverlap } from '../overlap.ts';
import { filterContains, MULTI_LEVEL_WILDCARD, SINGLE_LEVEL_WILDCARD } from '../topic-filter.ts';
import {
  boundTemplateContains,
  filtersOfBoundTemplate,
  printBoundTemplate,
  type BoundTemplate,
  type TemplateLevel,
  type TopicTemplate,
} from '../topic-template.ts';
import { isEqualJson } from './policy.ts';

/** What a template permits, or a part of it. */
export interface Reach {
  readonly template: BoundTemplate;
  readonly text: string;
  /** Undefined: the template is not written out as topic filters. */
  readonly levels: readonly string[] | undefined;
}

/**
 * Topic filters that the members of arrays make of one client's templates. Ours: attributes of
 * 4 KiB hold about 800 values, and only several arrays come to more. A template beyond that stays
 * whole: it is gained or lost where the other side does not have it with equal values.
 */
const FILTERS_MAX = 1000;

export function reachesOf(templates: readonly BoundTemplate[]): Reach[] {
  const reaches: Reach[] = [];
  for (const template of templates) {
    // One is no multiplication, and is always written out.
    const filters = filtersOfBoundTemplate(template, Math.max(1, FILTERS_MAX - reaches.length));
    if (filters === undefined) {
      reaches.push({ template, text: printBoundTemplate(template), levels: undefined });
    } else {
      for (const levels of filters) reaches.push({ template, text: levels.join('/'), levels });
    }
  }
  return reaches;
}

/** A SUBSCRIBE needs one template that contains its filter. */
export function coversAlone(
  templates: readonly BoundTemplate[],
  filter: readonly string[],
): boolean {
  return templates.some((template) => boundTemplateContains(template, filter));
}

/**
 * Topics of a PUBLISH may be spread over several templates. A "+" is not: a level that nobody
 * names is in none of them or in one that contains the "+". So only what a "#" stands for can be
 * divided, by how many levels it has: `a/#` is `a` and `a/+/#`.
 */
export function coversTogether(
  templates: readonly BoundTemplate[],
  filter: readonly string[],
): boolean {
  const longest = Math.max(...templates.map(({ levels }) => levels.length));
  let rest = filter;
  while (!coversAlone(templates, rest)) {
    if (rest.at(-1) !== MULTI_LEVEL_WILDCARD) return false;
    const start = rest.slice(0, -1);
    // Templates that are no longer than this match all of its continuations or none.
    if (start.length >= longest) return false;
    // No topic is empty [MQTT-4.7.3-1].
    if (start.join('/') !== '' && !coversAlone(templates, start)) return false;
    rest = [...start, SINGLE_LEVEL_WILDCARD, MULTI_LEVEL_WILDCARD];
  }
  return true;
}

/** Without what others contain; of equal ones the first. */
export function outermost(reaches: readonly Reach[]): readonly Reach[] {
  const distinct = [...new Map([...reaches].reverse().map((each) => [each.text, each])).values()];
  return distinct.reverse().filter((inner) =>
    distinct.every((outer) => {
      if (outer === inner || outer.levels === undefined || inner.levels === undefined) return true;
      // Two texts may mean the same, as "#" and "+/#" do.
      const isEqual = filterContains(inner.levels, outer.levels) && inner.text < outer.text;
      return isEqual || !filterContains(outer.levels, inner.levels);
    }),
  );
}

export function meet(left: Reach, right: Reach): boolean {
  return findOverlap(asTemplate(left), asTemplate(right)) !== undefined;
}

function asTemplate({ template, levels, text }: Reach): TopicTemplate {
  return levels === undefined ? template.template : { text, levels: levels.map(levelOf) };
}

function levelOf(text: string): TemplateLevel {
  if (text === SINGLE_LEVEL_WILDCARD) return { type: 'SingleLevelWildcard' };
  if (text === MULTI_LEVEL_WILDCARD) return { type: 'MultiLevelWildcard' };
  return { type: 'Literal', text };
}

/** Whether they match the same by being the same, with the same values. */
export function isEqualTemplate(left: BoundTemplate, right: BoundTemplate): boolean {
  const [own, other] = [left, right].map(({ variables }) => [...variables]);
  return left.template.text === right.template.text && isEqualJson(own, other);
}
