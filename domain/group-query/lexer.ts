/** Splits a query into tokens, one at a time, so that the leftmost fault is the one reported. */
import { INTEGER_MAX } from '../limits.ts';
import { failure, success, type Result } from '../result.ts';
import { quote } from '../text.ts';
import type { QueryFault } from './syntax.ts';

interface Span {
  /** Index of the first character, and of the one after the last. */
  readonly position: number;
  readonly end: number;
}

export type Token = Span &
  (
    | { readonly type: 'Word'; readonly text: string }
    | { readonly type: 'String'; readonly value: string }
    | { readonly type: 'Integer'; readonly value: number }
    /** An operator, a bracket, a comma, or any character that has no place in a query. */
    | { readonly type: 'Symbol'; readonly text: string }
    | { readonly type: 'End' }
    /** A string or an integer that is not well formed. */
    | { readonly type: 'Malformed'; readonly fault: QueryFault }
  );

const SPACE = /[ \t\r\n]*/y;
// Wider than what a field may be, so that a fault shows the whole word.
const WORD = /[\p{L}_$][\p{L}\p{N}_.$-]*/uy;
const NUMBER = /-?[0-9][\p{L}\p{N}_.]*/uy;
const OPERATOR = /[=<>!&|~]+/y;
const CHARACTER = /[^]/uy;

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/** The token at or after `position`; `End` once there is none. */
export function nextToken(text: string, position: number): Token {
  const start = position + (matchAt(SPACE, text, position)?.length ?? 0);
  const first = text[start];
  if (first === undefined) return { type: 'End', position: start, end: start };
  if (first === '"' || first === "'") return stringToken(text, start);
  const word = matchAt(WORD, text, start);
  if (word !== undefined) {
    return { type: 'Word', text: word, position: start, end: start + word.length };
  }
  const number = matchAt(NUMBER, text, start);
  if (number !== undefined) return integerToken(number, start);
  const symbol = matchAt(OPERATOR, text, start) ?? matchAt(CHARACTER, text, start) ?? first;
  return { type: 'Symbol', text: symbol, position: start, end: start + symbol.length };
}

function integerToken(text: string, position: number): Token {
  const end = position + text.length;
  const malformed = (message: string, remedy: string): Token => {
    return { type: 'Malformed', fault: { position, message, remedy }, position, end };
  };
  if (!/^-?[0-9]+$/.test(text)) {
    return malformed(
      `found ${quote(text)} where an integer is expected: it has digits only`,
      'write an integer, or put a string in quotes',
    );
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    return malformed(
      `${quote(text)} is not within the integers from -${INTEGER_MAX} to ${INTEGER_MAX}`,
      'write an integer within 2^53-1 either way, or compare with a string in quotes',
    );
  }
  // There is no negative zero among integers.
  return { type: 'Integer', value: value === 0 ? 0 : value, position, end };
}

function stringToken(text: string, position: number): Token {
  const quoteMark = text[position];
  let value = '';
  let index = position + 1;
  while (text[index] !== quoteMark) {
    const piece = readCharacter(text, index, position);
    if (!piece.ok) return { type: 'Malformed', fault: piece.fault, position, end: text.length };
    value += piece.value.character;
    index += piece.value.length;
  }
  return { type: 'String', value, position, end: index + 1 };
}

/** One character of a string, and how many characters of the text it takes. */
interface Piece {
  readonly character: string;
  readonly length: number;
}

function readCharacter(text: string, index: number, start: number): Result<Piece, QueryFault> {
  const character = text[index];
  const isLast = index === text.length - 1;
  if (character === undefined || (character === '\\' && isLast)) {
    return failure({
      position: start,
      message: `the string that starts here has no closing ${text[start]}`,
      remedy: `close the string with ${text[start]}`,
    });
  }
  if (character === '\\') return readEscape(text, index);
  if (character < ' ') {
    return failure({
      position: index,
      message: `found the control character ${quote(character)} in a string`,
      remedy: 'close the string before it, or write it as \\n, \\t or \\uXXXX',
    });
  }
  return success({ character, length: 1 });
}

const ESCAPES = new Map([
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
  ['n', '\n'],
  ['t', '\t'],
]);
const UNICODE_ESCAPE = /\\u([0-9A-Fa-f]{4})/y;

function readEscape(text: string, index: number): Result<Piece, QueryFault> {
  const escaped = ESCAPES.get(text[index + 1] ?? '');
  if (escaped !== undefined) return success({ character: escaped, length: 2 });
  const unicode = matchAt(UNICODE_ESCAPE, text, index);
  if (unicode !== undefined) {
    const character = String.fromCharCode(Number.parseInt(unicode.slice(2), 16));
    return success({ character, length: unicode.length });
  }
  const next = matchAt(CHARACTER, text, index + 1) ?? '';
  return failure({
    position: index,
    message:
      next === 'u'
        ? 'found \\u without four hexadecimal digits in a string'
        : `found a backslash before ${quote(next)} in a string, which is no escape`,
    remedy: 'use \\\\, \\", \\\', \\n, \\t or \\uXXXX; a backslash itself is written \\\\',
  });
}
