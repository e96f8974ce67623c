/** The text of topic templates, read and written: specification, "Topic template". */
import { TOPIC_TEMPLATE_BYTES_MAX } from './limits.ts';
import { isAttributeKey } from './names.ts';
import type { Result } from './result.ts';
import { failure, success } from './result.ts';
import { quote, utf8Length } from './text.ts';
import {
  findIllFormedText,
  findMisplacedWildcard,
  isSharedSubscription,
  MULTI_LEVEL_WILDCARD,
  SINGLE_LEVEL_WILDCARD,
  splitLevels,
} from './topic-filter.ts';
import type {
  TemplateFault,
  TemplateLevel,
  TemplatePart,
  TopicTemplate,
  Variable,
} from './topic-template.ts';

const OPEN = '${';
const CLOSE = '}';
const DOLLAR = 'dollar';
const CLIENT_NAME = 'client.name';
const ATTRIBUTE_PREFIX = 'client.attributes.';
const USE_VARIABLE = 'use ${client.name} or ${client.attributes.<key>}';

type Parsed<Value> = Result<Value, TemplateFault>;

function refuse(position: number, message: string, remedy: string): Parsed<never> {
  return failure({ position, message, remedy });
}

function findFaultOfWhole(text: string): TemplateFault | undefined {
  if (text === '') {
    return {
      position: 0,
      message: 'the topic template is empty',
      remedy: 'give at least one level',
    };
  }
  const bytes = utf8Length(text);
  const bytesMax = TOPIC_TEMPLATE_BYTES_MAX;
  if (bytes > bytesMax) {
    return {
      position: 0,
      message: `the topic template has ${bytes} bytes in UTF-8; the limit is ${bytesMax}`,
      remedy: `shorten it to ${bytesMax} bytes`,
    };
  }
  return findIllFormedText(text);
}

function remedyForVariable(name: string): string {
  if (/^principal\./i.test(name)) return 'use ${client.name} for the name of the client';
  if (name.startsWith(ATTRIBUTE_PREFIX) || name === 'client.attributes') {
    return 'name the attribute by its key of letters, digits and underscores';
  }
  return `${USE_VARIABLE}; both are case sensitive`;
}

/** A name that was meant as a variable; as a literal it would grant what nobody meant. */
function looksLikeVariable(text: string): boolean {
  return /^\s*(client|principal)\s*(\.|$)/i.test(text);
}

function parseVariable(text: string): Variable | undefined {
  if (text === CLIENT_NAME) return { type: 'ClientName' };
  const key = text.slice(ATTRIBUTE_PREFIX.length);
  if (text.startsWith(ATTRIBUTE_PREFIX) && isAttributeKey(key)) {
    return { type: 'ClientAttribute', key };
  }
  return undefined;
}

function parsePart(text: string, position: number): Parsed<TemplatePart> {
  if (text === '') {
    return refuse(
      position,
      'a part between "${", "|" and "}" is empty',
      'remove the "|" that nothing precedes or follows',
    );
  }
  if (text.trim().toLowerCase() === DOLLAR) {
    return refuse(
      position,
      `${quote(text)} is no part: "|dollar" is an escape for shells in the specification's text`,
      'remove "|dollar"; for a literal $ write ${dollar}',
    );
  }
  const variable = parseVariable(text);
  if (variable !== undefined) return success(variable);
  if (looksLikeVariable(text)) {
    return refuse(position, `${quote(text)} is not a variable`, remedyForVariable(text));
  }
  const excluded = text.search(/[+#{]/);
  if (excluded >= 0) {
    return refuse(
      position + excluded,
      `${quote(text)} contains "${text[excluded]}", which no part inside "\${...}" may hold`,
      `remove "${text[excluded]}", or close the braces before it`,
    );
  }
  return success({ type: 'Literal', text });
}

/** What stands between the braces; `position` is that of its first character. */
function parseBraces(content: string, position: number): Parsed<readonly TemplatePart[]> {
  if (content === '') return refuse(position, '"${}" names no variable', USE_VARIABLE);
  if (content === DOLLAR) return success([{ type: 'Literal', text: '$' }]);
  const parts: TemplatePart[] = [];
  let offset = position;
  for (const text of content.split('|')) {
    const part = parsePart(text, offset);
    if (!part.ok) return part;
    parts.push(part.value);
    offset += text.length + 1;
  }
  if (parts.some((part) => part.type !== 'Literal')) return success(parts);
  return refuse(
    position,
    `${quote(content)} contains no variable`,
    `${USE_VARIABLE}, or write the text without "\${" and "}"`,
  );
}

/** Literal text and `${...}` of one level, in the order in which they stand. */
function parseMixture(text: string, position: number): Parsed<readonly TemplatePart[]> {
  const parts: TemplatePart[] = [];
  let offset = 0;
  while (offset < text.length) {
    const open = text.indexOf(OPEN, offset);
    const literal = text.slice(offset, open < 0 ? text.length : open);
    if (literal !== '') parts.push({ type: 'Literal', text: literal });
    if (open < 0) break;
    const start = open + OPEN.length;
    const close = text.indexOf(CLOSE, start);
    if (close < 0) {
      return refuse(
        position + open,
        '"${" is not closed before the end of its level',
        'close it with "}"; a variable cannot cover more than one level',
      );
    }
    const braces = parseBraces(text.slice(start, close), position + start);
    if (!braces.ok) return braces;
    parts.push(...braces.value);
    offset = close + CLOSE.length;
  }
  return success(parts);
}

/** The same text in the fewest parts, so that templates that mean the same are equal. */
function joinLiterals(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  const joined: TemplatePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.type === 'Literal' && last?.type === 'Literal') {
      joined[joined.length - 1] = { type: 'Literal', text: last.text + part.text };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

const FORGOTTEN_DOLLAR = /\{(client|principal)\./i;

/** What is wrong with a level whose parts are right one by one. */
function findFaultOfLevel(text: string, parts: readonly TemplatePart[], isLast: boolean) {
  const misplaced = findMisplacedWildcard(text, isLast);
  if (misplaced !== undefined) return misplaced;
  const holdsForgottenDollar = (part: TemplatePart) =>
    part.type === 'Literal' && FORGOTTEN_DOLLAR.test(part.text);
  if (!parts.some(holdsForgottenDollar)) return undefined;
  return {
    position: Math.max(0, text.search(FORGOTTEN_DOLLAR)),
    message: `${quote(text)} holds the name of a variable in braces without "$"`,
    remedy: USE_VARIABLE,
  };
}

function parseLevel(text: string, position: number, isLast: boolean): Parsed<TemplateLevel> {
  if (text === SINGLE_LEVEL_WILDCARD) return success({ type: 'SingleLevelWildcard' });
  if (text === MULTI_LEVEL_WILDCARD && isLast) return success({ type: 'MultiLevelWildcard' });
  const mixture = parseMixture(text, position);
  if (!mixture.ok) return mixture;
  const parts = joinLiterals(mixture.value);
  const fault = findFaultOfLevel(text, parts, isLast);
  if (fault !== undefined) return failure({ ...fault, position: position + fault.position });
  const [first = { type: 'Literal', text: '' }] = parts;
  return success(parts.length < 2 && first.type === 'Literal' ? first : { type: 'Pattern', parts });
}

/**
 * A level is `+`; `#` at the end; or literal text mixed with `${...}`. The braces hold parts that
 * `|` concatenates: `client.name`, `client.attributes.<key>`, literal text; at least one of them a
 * variable. `${dollar}` is a literal `$`, and so is a `$` that no `{` follows.
 */
export function parseTopicTemplate(text: string): Result<TopicTemplate, TemplateFault> {
  const fault = findFaultOfWhole(text);
  if (fault !== undefined) return failure(fault);
  const texts = splitLevels(text);
  const levels: TemplateLevel[] = [];
  let position = 0;
  for (const [index, levelText] of texts.entries()) {
    const level = parseLevel(levelText, position, index === texts.length - 1);
    if (!level.ok) return level;
    levels.push(level.value);
    position += levelText.length + 1;
  }
  const [first] = levels;
  if (first?.type === 'Literal' && isSharedSubscription(first.text)) {
    return refuse(
      0,
      '"$share" marks shared subscriptions, which are no topics and are not supported',
      'write the topic filter that follows "$share/<share name>/"',
    );
  }
  return success({ text, levels });
}

/** The name by which a template refers to a variable, without the braces. */
export function variableName(variable: Variable): string {
  return variable.type === 'ClientName' ? CLIENT_NAME : `${ATTRIBUTE_PREFIX}${variable.key}`;
}

function printPart(part: TemplatePart): string {
  if (part.type !== 'Literal') return `${OPEN}${variableName(part)}${CLOSE}`;
  return part.text.replaceAll(OPEN, `${OPEN}${DOLLAR}${CLOSE}{`);
}

function printLevel(level: TemplateLevel): string {
  switch (level.type) {
    case 'SingleLevelWildcard':
      return SINGLE_LEVEL_WILDCARD;
    case 'MultiLevelWildcard':
      return MULTI_LEVEL_WILDCARD;
    case 'Literal':
      return printPart(level);
    case 'Pattern':
      return level.parts.map(printPart).join('');
  }
}

/**
 * The canonical text: every variable alone in its braces, `$` escaped only where it must be. It can
 * be longer than what was declared, and so exceed TOPIC_TEMPLATE_BYTES_MAX.
 */
export function printTopicTemplate(template: Pick<TopicTemplate, 'levels'>): string {
  return template.levels.map(printLevel).join('/');
}
