/** A filter taken apart: each condition reads one value of the event, and all of them hold. */
import { comparisonOf, type Comparison } from './comparison.ts';
import type { AdvancedFilter, EventFilter } from './event-filter.ts';
import { parseFilterKey, type FilterKey } from './filter-key.ts';
import { TextIgnoringCase } from './ignoring-case.ts';
import { inWords } from './words.ts';

export interface Condition {
  readonly key: FilterKey;
  holds(this: void, value: unknown): boolean;
  /** For people: `data.Temp > 100`. */
  inWords(this: void): string;
}

/** Of a valid filter: `validate/event-filter.ts`. */
export function conditionsOf(filter: EventFilter): readonly Condition[] {
  const { includedEventTypes, advancedFilters = [] } = filter;
  const conditions = [...subjectConditions(filter)];
  if (includedEventTypes !== undefined) conditions.push(typeCondition(includedEventTypes));
  return [...conditions, ...advancedFilters.map(advancedCondition)];
}

interface SubjectEdge {
  readonly field: 'subjectBeginsWith' | 'subjectEndsWith';
  readonly words: string;
  exactly(subject: string, text: string): boolean;
  ignoringCase(subject: string, text: TextIgnoringCase): boolean;
}

const SUBJECT_EDGES: readonly SubjectEdge[] = [
  {
    field: 'subjectBeginsWith',
    words: 'begins with',
    exactly: (subject, text) => subject.startsWith(text),
    ignoringCase: (subject, text) => text.begins(subject),
  },
  {
    field: 'subjectEndsWith',
    words: 'ends with',
    exactly: (subject, text) => subject.endsWith(text),
    ignoringCase: (subject, text) => text.ends(subject),
  },
];

function subjectConditions(filter: EventFilter): readonly Condition[] {
  return SUBJECT_EDGES.flatMap((edge) => {
    const text = filter[edge.field] ?? '';
    if (text === '') return [];
    const isExact = filter.isSubjectCaseSensitive === true;
    const anyCase = new TextIgnoringCase(text);
    const test = isExact
      ? (subject: string) => edge.exactly(subject, text)
      : (subject: string) => edge.ignoringCase(subject, anyCase);
    const how = isExact ? ', case included' : '';
    return [ofText('subject', test, () => `subject ${edge.words} ${JSON.stringify(text)}${how}`)];
  });
}

/** A client that makes CloudEvents itself may leave the subject out. */
function ofText(name: string, test: (text: string) => boolean, words: () => string): Condition {
  const holds: Comparison = (value) => typeof value === 'string' && test(value);
  return { key: { type: 'Attribute', name }, holds, inWords: words };
}

function typeCondition(types: readonly string[]): Condition {
  const included = new Set(types);
  const list = () => types.map((type) => JSON.stringify(type)).join(' or ');
  return ofText(
    'type',
    (type) => included.has(type),
    () => `type is ${list()}`,
  );
}

function advancedCondition(filter: AdvancedFilter): Condition {
  const key = parseFilterKey(filter.key);
  if (!key.ok) throw new Error(`no key of a filter: ${key.fault.message}`);
  return { key: key.value, holds: comparisonOf(filter), inWords: () => inWords(filter) };
}

/** What a client sent is asked for its own members alone; those of an array have no names. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const name of path) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject || !Object.hasOwn(value as object, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
