/** The words of the parser's faults: what was found, what was expected, what would mend it. */
import { GROUP_QUERY_BYTES_MAX, GROUP_QUERY_DEPTH_MAX } from '../limits.ts';
import { isAttributeKey } from '../names.ts';
import { quote } from '../text.ts';
import type { Token } from './lexer.ts';
import type { OrderOperator, QueryFault } from './syntax.ts';

const STRAIGHT_QUOTES = 'use straight quotes, " or \'';
const INTEGERS_ONLY = 'write numbers as digits, with - before a negative one';

/** What people bring along from other languages and from word processors. */
const SYMBOL_REMEDIES = new Map([
  ['==', 'write = for equality'],
  ['===', 'write = for equality'],
  ['!==', 'write != for inequality'],
  ['~=', 'write != for inequality'],
  ['=>', 'write >='],
  ['=<', 'write <='],
  ['=!', 'write !='],
  ['><', 'write <> or !='],
  ['&&', 'write and'],
  ['&', 'write and'],
  ['||', 'write or'],
  ['|', 'write or'],
  ['!', 'there is no negation: compare with != instead'],
  ['+', INTEGERS_ONLY],
  ['-', INTEGERS_ONLY],
  ...[...'“”„‘’‚«»`´'].map((mark): [string, string] => [mark, STRAIGHT_QUOTES]),
]);

const OPERATORS = '=, !=, <>, <, <=, >, >= or IN';

const OPERATOR_REMEDIES = new Map([
  ['not', 'there is no not: compare with != instead, joined by and for several values'],
  ['like', 'there are no patterns: compare with = or IN'],
  ['contains', 'write =: on an array it means that the array contains the value'],
  ['is', 'write ='],
  ['between', 'write two comparisons joined by and, one with >= and one with <='],
]);

const FIELD_REMEDIES = new Map([
  ['not', 'there is no not: compare with != instead'],
  ['and', 'write a comparison on both sides of and'],
  ['or', 'write a comparison on both sides of or'],
  ['in', 'write the field before IN'],
  ['attributes', 'name the attribute: attributes.<key>'],
]);

const NOT_ASCII = /[^\x20-\x7e]/;

function codePoint(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${digits}`;
}

function describe(token: Token): string {
  switch (token.type) {
    case 'Word':
      return quote(token.text);
    case 'String':
      return `the string ${quote(token.value)}`;
    case 'Integer':
      return `the integer ${token.value}`;
    case 'Symbol':
      // Some characters look like others or like nothing.
      return NOT_ASCII.test(token.text)
        ? `${quote(token.text)} (${codePoint(token.text)})`
        : quote(token.text);
    case 'End':
      return 'the end of the query';
    case 'Malformed':
      return 'a malformed value';
  }
}

/** `found ... where ... is expected`; a malformed token brings its own fault. */
function unexpected(token: Token, expected: string, remedy: string): QueryFault {
  if (token.type === 'Malformed') return token.fault;
  const known = token.type === 'Symbol' ? SYMBOL_REMEDIES.get(token.text) : undefined;
  return {
    position: token.position,
    message: `found ${describe(token)} where ${expected} is expected`,
    remedy: known ?? remedy,
  };
}

const FIELDS = 'a field (name or attributes.<key>)';

export function expectedComparison(token: Token): QueryFault {
  if (token.type === 'Word') {
    return unexpected(token, FIELDS, fieldRemedy(token.text));
  }
  if (token.type === 'String' || token.type === 'Integer') {
    return unexpected(token, FIELDS, 'write the field before the operator and the value after it');
  }
  return unexpected(
    token,
    'a comparison',
    'write a comparison such as attributes.type = "sensor" or attributes.floor <= 5',
  );
}

function fieldRemedy(word: string): string {
  const known = FIELD_REMEDIES.get(word.toLowerCase());
  if (known !== undefined) return known;
  const suggestion = suggestField(word);
  return suggestion === undefined
    ? 'write name or attributes.<key>: a key has letters A-Z and a-z, digits and underscores'
    : `did you mean ${suggestion}? Write it so: fields are case sensitive`;
}

function suggestField(word: string): string | undefined {
  const bare = word.replace(/^\$?clients?\./i, '');
  if (/^(?:name|authenticationname)$/i.test(bare)) return 'name';
  const key = bare.replace(/^(?:attributes?|attrs?|tags?)\./i, '');
  return isAttributeKey(key) ? `attributes.${key}` : undefined;
}

export function expectedOperator(token: Token): QueryFault {
  const known = token.type === 'Word' ? OPERATOR_REMEDIES.get(token.text.toLowerCase()) : undefined;
  return unexpected(token, `an operator (${OPERATORS})`, known ?? `write one of ${OPERATORS}`);
}

export function expectedLiteral(token: Token): QueryFault {
  const expected = 'a string in quotes or an integer';
  if (token.type === 'Word') {
    return unexpected(token, expected, `put the string in quotes: ${quote(token.text)}`);
  }
  const remedy =
    token.type === 'Symbol' && token.text === '['
      ? 'write IN before a list'
      : 'write a string in quotes or an integer';
  return unexpected(token, expected, remedy);
}

/** The order of strings is not part of the language: "for long integer values". */
export function expectedInteger(token: Token, operator: OrderOperator): QueryFault {
  const expected = `an integer after ${operator}`;
  return unexpected(
    token,
    expected,
    token.type === 'String'
      ? `compare with an integer: ${operator} does not order strings; use =, != or IN for them`
      : 'write an integer',
  );
}

export function expectedList(token: Token): QueryFault {
  return unexpected(
    token,
    '[ after IN',
    'write the values in square brackets: IN ["motion", "humidity"]',
  );
}

export function expectedListItem(token: Token, isFirst: boolean): QueryFault {
  const closes = token.type === 'Symbol' && token.text === ']';
  if (!closes) return expectedLiteral(token);
  return {
    position: token.position,
    message: isFirst
      ? 'found an empty list where IN expects at least one value'
      : 'found "]" where another value is expected after the comma',
    remedy: isFirst ? 'write at least one value between [ and ]' : 'remove the comma before ]',
  };
}

export function expectedListEnd(token: Token): QueryFault {
  return unexpected(token, '"," or "]"', 'separate values by commas and close the list with ]');
}

export function expectedConnective(token: Token, openedAt: number | undefined): QueryFault {
  if (openedAt === undefined) {
    const closes = token.type === 'Symbol' && token.text === ')';
    return unexpected(
      token,
      'and, or, or the end of the query',
      closes
        ? 'remove it, or open the parenthesis that it closes'
        : 'join comparisons by and or or',
    );
  }
  return unexpected(
    token,
    'and, or, or ")"',
    token.type === 'End'
      ? `close the parenthesis opened at character ${openedAt + 1}`
      : 'join comparisons by and or or',
  );
}

export function tooManyBytes(bytes: number): QueryFault {
  return {
    position: 0,
    message: `the query has ${bytes} bytes in UTF-8: at most ${GROUP_QUERY_BYTES_MAX} are allowed`,
    remedy: `shorten it to ${GROUP_QUERY_BYTES_MAX} bytes: IN takes less than = joined by or`,
  };
}

export function tooDeep(position: number): QueryFault {
  return {
    position,
    message: `the parentheses are nested deeper than ${GROUP_QUERY_DEPTH_MAX}`,
    remedy: 'remove the parentheses that change nothing: and binds tighter than or',
  };
}
