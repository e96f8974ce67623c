/**
 * Topic names and topic filters: MQTT 5, section 4.7; specification, "Topic filter". A level is
 * what the specification calls a segment. Levels are compared as they are: case and spaces count.
 */
import { quote, utf8Length } from './text.ts';

export interface TopicFault {
  readonly message: string;
  readonly remedy: string;
}

/** A fault at one place of a text, counted from 0 in UTF-16 code units. */
export interface TextFault extends TopicFault {
  readonly position: number;
}

export const SINGLE_LEVEL_WILDCARD = '+';
export const MULTI_LEVEL_WILDCARD = '#';

/** `a//b` has three levels, the second of them empty; MQTT 5, section 4.7.1.1. */
export function splitLevels(text: string): string[] {
  return text.split('/');
}

/** Topics that begin so are out of reach of a leading wildcard [MQTT-4.7.2-1]. */
export function beginsWithDollar(level: string | undefined): boolean {
  return level?.startsWith('$') === true;
}

// With the u flag a surrogate matches only where it is not half of a pair.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What no MQTT string may hold: U+0000 and halves of surrogate pairs [MQTT-1.5.4-1, -2]. */
export function findIllFormedText(text: string): TextFault | undefined {
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    return {
      position: nul,
      message: `${quote(text)} contains the null character, which no MQTT string may hold`,
      remedy: 'remove the null character',
    };
  }
  if (text.isWellFormed()) return undefined;
  return {
    position: text.search(LONE_SURROGATE),
    message: `${quote(text)} contains half of a surrogate pair, which UTF-8 cannot express`,
    remedy: 'write the text in valid Unicode',
  };
}

/** Whether one level of a filter holds a wildcard where none may be [MQTT-4.7.1-1, -2]. */
export function findMisplacedWildcard(level: string, isLast: boolean): TextFault | undefined {
  const multi = level.indexOf(MULTI_LEVEL_WILDCARD);
  if (multi >= 0 && (level.length > 1 || !isLast)) {
    return {
      position: multi,
      message: '"#" stands for all remaining levels, so it must be the whole of the last level',
      remedy: 'end with "/#", or use "+" for a single level',
    };
  }
  const single = level.indexOf(SINGLE_LEVEL_WILDCARD);
  if (single >= 0 && level.length > 1) {
    return {
      position: single,
      message: `"+" stands for one whole level, so it cannot be a part of ${quote(level)}`,
      remedy: 'make "+" the whole level',
    };
  }
  return undefined;
}

function checkText(what: string, text: string, bytesMax: number): TopicFault | undefined {
  if (text === '') {
    return { message: `the ${what} is empty`, remedy: 'give at least one character' };
  }
  const bytes = utf8Length(text);
  if (bytes > bytesMax) {
    return {
      message: `the ${what} ${quote(text)} has ${bytes} bytes in UTF-8; the limit is ${bytesMax}`,
      remedy: `shorten it to ${bytesMax} bytes, or raise spec.limits.topicBytes`,
    };
  }
  return findIllFormedText(text);
}

/** What a PUBLISH may name [MQTT-3.3.2-2]. `bytesMax` is the namespace's `topicBytes`. */
export function checkTopicName(topic: string, bytesMax: number): TopicFault | undefined {
  const fault = checkText('topic name', topic, bytesMax);
  if (fault !== undefined) return fault;
  const wildcard = /[+#]/.exec(topic)?.[0];
  if (wildcard === undefined) return undefined;
  return {
    message: `the topic name ${quote(topic)} contains the wildcard "${wildcard}"`,
    remedy: 'publish to one topic: wildcards are for subscribing only',
  };
}

/** What a SUBSCRIBE may name. `bytesMax` is the namespace's `topicBytes`. */
export function checkTopicFilter(filter: string, bytesMax: number): TopicFault | undefined {
  const fault = checkText('topic filter', filter, bytesMax);
  if (fault !== undefined) return fault;
  const levels = splitLevels(filter);
  for (const [index, level] of levels.entries()) {
    const misplaced = findMisplacedWildcard(level, index === levels.length - 1);
    if (misplaced !== undefined) {
      const { message, remedy } = misplaced;
      return { message: `the topic filter ${quote(filter)} is not valid: ${message}`, remedy };
    }
  }
  return undefined;
}

/** "Shared Subscriptions are not supported yet". Malformed ones count too, so none slips by. */
export function isSharedSubscription(filter: string): boolean {
  return filter === '$share' || filter.startsWith('$share/');
}

function levelCovers(outer: string, inner: string | undefined, isFirst: boolean): boolean {
  if (inner === undefined || inner === MULTI_LEVEL_WILDCARD) return false;
  if (outer !== SINGLE_LEVEL_WILDCARD) return outer === inner;
  return !isFirst || !beginsWithDollar(inner);
}

/** Whether `outer` covers `inner` level by level; a topic is a filter without wildcards. */
function covers(outer: readonly string[], inner: readonly string[]): boolean {
  for (let index = 0; index < outer.length; index++) {
    const level = outer[index] ?? '';
    // "#" matches the parent as well, so nothing needs to be left for it.
    if (level === MULTI_LEVEL_WILDCARD) return index > 0 || !beginsWithDollar(inner[0]);
    if (!levelCovers(level, inner[index], index === 0)) return false;
  }
  return outer.length === inner.length;
}

/** Both as `splitLevels` gives them, checked before. */
export function filterMatches(filter: readonly string[], topic: readonly string[]): boolean {
  return covers(filter, topic);
}

/**
 * The same filter with its shortest topic spelled out. No topic is empty [MQTT-4.7.3-1], so `#`
 * needs one level as `+/#` does, and `/#` needs two.
 */
export function spellOutShortest(filter: readonly string[]): readonly string[] {
  if (filter.at(-1) !== MULTI_LEVEL_WILDCARD) return filter;
  const before = filter.slice(0, -1);
  const matchesEmptyTopic = before.length === 0 || (before.length === 1 && before[0] === '');
  if (!matchesEmptyTopic) return filter;
  return [...before, SINGLE_LEVEL_WILDCARD, MULTI_LEVEL_WILDCARD];
}

/** Whether `outer` matches every topic that `inner` matches; exact. */
export function filterContains(outer: readonly string[], inner: readonly string[]): boolean {
  return covers(outer, spellOutShortest(inner));
}
