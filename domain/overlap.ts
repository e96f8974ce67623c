/**
 * Whether one topic can match two templates: specification, "Topic templates Overlap". A level
 * with a variable counts as `+` there, whatever text surrounds the variable. How long a topic may
 * be is ignored: that limit can be raised later, and must not turn accepted templates into
 * conflicting ones.
 */
import { beginsWithDollar } from './topic-filter.ts';
import type { TemplateLevel, TemplatePart, TopicTemplate } from './topic-template.ts';

/** What stands in a witness for a level that either template leaves open. */
const ANY_LEVEL = 'any';

export interface Span {
  /** The levels that a topic has at least. */
  readonly levels: readonly TemplateLevel[];
  /** Whether any levels may follow. */
  readonly isOpenEnded: boolean;
}

/** No topic is empty [MQTT-4.7.3-1]: the shortest of `#` has one level, that of `/#` has two. */
export function spanOf(template: TopicTemplate): Span {
  if (template.levels.at(-1)?.type !== 'MultiLevelWildcard') {
    return { levels: template.levels, isOpenEnded: false };
  }
  const levels = template.levels.slice(0, -1);
  const [first] = levels;
  const matchesEmptyTopic =
    first === undefined || (levels.length === 1 && first.type === 'Literal' && first.text === '');
  if (matchesEmptyTopic) levels.push({ type: 'SingleLevelWildcard' });
  return { levels, isOpenEnded: true };
}

function wordFor(part: TemplatePart): string {
  switch (part.type) {
    case 'Literal':
      return part.text;
    case 'ClientName':
      return 'client1';
    case 'ClientAttribute':
      return `${part.key}1`;
  }
}

/** A level that a template's level matches, and how much of it the template decided. */
interface Example {
  readonly text: string;
  readonly decides: 'all' | 'some' | 'nothing';
}

/** Undefined: the template leaves the level open, by a `#` before it. */
function exampleOf(level: TemplateLevel | undefined): Example {
  if (level?.type === 'Literal') return { text: level.text, decides: 'all' };
  if (level?.type === 'Pattern') {
    return { text: level.parts.map(wordFor).join(''), decides: 'some' };
  }
  return { text: ANY_LEVEL, decides: 'nothing' };
}

/** Whether topics begin with "$" whose first level the template's first level matches. */
export function leadsWithDollar(level: TemplateLevel): boolean {
  return beginsWithDollar(exampleOf(level).text);
}

const LIKENESS = ['all', 'some', 'nothing'] as const;

/** The one that looks more like what people declared; of equal ones always the same. */
function moreLifelike(a: Example, b: Example): string {
  const difference = LIKENESS.indexOf(a.decides) - LIKENESS.indexOf(b.decides);
  if (difference !== 0) return difference < 0 ? a.text : b.text;
  return a.text < b.text ? a.text : b.text;
}

/** A level that both match. */
function commonLevel(a: Example, b: Example, isFirst: boolean): string | undefined {
  if (a.decides === 'all' && b.decides === 'all' && a.text !== b.text) return undefined;
  // A leading wildcard matches no "$" [MQTT-4.7.2-1] and a variable's value never leads into it:
  // what begins with "$" and what does not have no topic in common.
  if (isFirst && beginsWithDollar(a.text) !== beginsWithDollar(b.text)) return undefined;
  return moreLifelike(a, b);
}

/** A topic that both templates match, the same in either order; undefined: there is none. */
export function findOverlap(left: TopicTemplate, right: TopicTemplate): string | undefined {
  const a = spanOf(left);
  const b = spanOf(right);
  if (!a.isOpenEnded && b.levels.length > a.levels.length) return undefined;
  if (!b.isOpenEnded && a.levels.length > b.levels.length) return undefined;
  const length = Math.max(a.levels.length, b.levels.length);
  const witness: string[] = [];
  for (let index = 0; index < length; index++) {
    const level = commonLevel(exampleOf(a.levels[index]), exampleOf(b.levels[index]), index === 0);
    if (level === undefined) return undefined;
    witness.push(level);
  }
  return witness.join('/');
}
