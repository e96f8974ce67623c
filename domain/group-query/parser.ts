/**
 * From a query's text to its tree. Parentheses are kept on a stack of our own and chains become
 * lists, so that no text makes the parser recurse.
 */
import { GROUP_QUERY_BYTES_MAX, GROUP_QUERY_DEPTH_MAX } from '../limits.ts';
import { isAttributeKey } from '../names.ts';
import { failure, success, type Result } from '../result.ts';
import { utf8Length } from '../text.ts';
import * as faults from './faults.ts';
import { nextToken, type Token } from './lexer.ts';
import type {
  EqualityOperator,
  GroupQuery,
  OrderOperator,
  QueryFault,
  QueryField,
  QueryLiteral,
} from './syntax.ts';

class Cursor {
  readonly #text: string;
  token: Token;

  constructor(text: string) {
    this.#text = text;
    this.token = nextToken(text, 0);
  }

  advance(): void {
    this.token = nextToken(this.#text, this.token.end);
  }

  isAtSymbol(symbol: string): boolean {
    return this.token.type === 'Symbol' && this.token.text === symbol;
  }

  isAtKeyword(keyword: string): boolean {
    return this.token.type === 'Word' && this.token.text.toLowerCase() === keyword;
  }
}

/** What stands between a parenthesis (or the query's begin) and here. */
interface Level {
  /** Undefined for the query itself, which no parenthesis opens. */
  readonly outer: Level | undefined;
  readonly openedAt: number;
  readonly depth: number;
  readonly alternatives: GroupQuery[];
  conjuncts: GroupQuery[];
}

/**
 * Reads a query of at most GROUP_QUERY_BYTES_MAX bytes and GROUP_QUERY_DEPTH_MAX parentheses
 * within each other. Keywords may have any case; fields, keys and values are case sensitive.
 */
export function parseGroupQuery(text: string): Result<GroupQuery, QueryFault> {
  const bytes = utf8Length(text);
  if (bytes > GROUP_QUERY_BYTES_MAX) return failure(faults.tooManyBytes(bytes));
  const cursor = new Cursor(text);
  let level = newLevel(undefined, 0);
  // Each turn reads at least one token, and there are no more of them than bytes.
  for (;;) {
    const opened = openParentheses(cursor, level);
    if (!opened.ok) return opened;
    const comparison = parseComparison(cursor);
    if (!comparison.ok) return comparison;
    opened.value.conjuncts.push(comparison.value);
    level = closeParentheses(cursor, opened.value);
    if (cursor.token.type === 'End' && level.outer === undefined) return success(treeOf(level));
    const connective = readConnective(cursor, level);
    if (!connective.ok) return connective;
  }
}

function newLevel(outer: Level | undefined, openedAt: number): Level {
  const depth = outer === undefined ? 0 : outer.depth + 1;
  return { outer, openedAt, depth, alternatives: [], conjuncts: [] };
}

function openParentheses(cursor: Cursor, outermost: Level): Result<Level, QueryFault> {
  let level = outermost;
  while (cursor.isAtSymbol('(')) {
    const { position } = cursor.token;
    if (level.depth === GROUP_QUERY_DEPTH_MAX) return failure(faults.tooDeep(position));
    level = newLevel(level, position);
    cursor.advance();
  }
  return success(level);
}

function closeParentheses(cursor: Cursor, innermost: Level): Level {
  let level = innermost;
  while (cursor.isAtSymbol(')') && level.outer !== undefined) {
    level.outer.conjuncts.push(treeOf(level));
    level = level.outer;
    cursor.advance();
  }
  return level;
}

function readConnective(cursor: Cursor, level: Level): Result<undefined, QueryFault> {
  if (cursor.isAtKeyword('or')) {
    level.alternatives.push(join('And', level.conjuncts));
    level.conjuncts = [];
  } else if (!cursor.isAtKeyword('and')) {
    return failure(
      faults.expectedConnective(
        cursor.token,
        level.outer === undefined ? undefined : level.openedAt,
      ),
    );
  }
  cursor.advance();
  return success(undefined);
}

function treeOf(level: Level): GroupQuery {
  return join('Or', [...level.alternatives, join('And', level.conjuncts)]);
}

function join(type: 'And' | 'Or', operands: readonly GroupQuery[]): GroupQuery {
  const [first, ...rest] = operands;
  return first !== undefined && rest.length === 0 ? first : { type, operands };
}

function parseComparison(cursor: Cursor): Result<GroupQuery, QueryFault> {
  const field = fieldOf(cursor.token);
  if (field === undefined) return failure(faults.expectedComparison(cursor.token));
  cursor.advance();
  if (cursor.isAtKeyword('in')) {
    cursor.advance();
    return parseList(cursor, field);
  }
  const operator = cursor.token.type === 'Symbol' ? OPERATORS.get(cursor.token.text) : undefined;
  if (operator === undefined) return failure(faults.expectedOperator(cursor.token));
  cursor.advance();
  const literal = literalOf(cursor.token);
  if (operator === '=' || operator === '!=') {
    if (literal === undefined) return failure(faults.expectedLiteral(cursor.token));
    cursor.advance();
    return success({ type: 'Equality', field, operator, literal });
  }
  if (typeof literal !== 'number') return failure(faults.expectedInteger(cursor.token, operator));
  cursor.advance();
  return success({ type: 'Order', field, operator, literal });
}

const OPERATORS = new Map<string, EqualityOperator | OrderOperator>([
  ['=', '='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);

const ATTRIBUTES = 'attributes.';

function fieldOf(token: Token): QueryField | undefined {
  if (token.type !== 'Word') return undefined;
  if (token.text === 'name') return { type: 'Name' };
  if (!token.text.startsWith(ATTRIBUTES)) return undefined;
  const key = token.text.slice(ATTRIBUTES.length);
  return isAttributeKey(key) ? { type: 'Attribute', key } : undefined;
}

function literalOf(token: Token): QueryLiteral | undefined {
  return token.type === 'String' || token.type === 'Integer' ? token.value : undefined;
}

function parseList(cursor: Cursor, field: QueryField): Result<GroupQuery, QueryFault> {
  if (!cursor.isAtSymbol('[')) return failure(faults.expectedList(cursor.token));
  const literals: QueryLiteral[] = [];
  do {
    cursor.advance();
    const literal = literalOf(cursor.token);
    if (literal === undefined) {
      return failure(faults.expectedListItem(cursor.token, literals.length === 0));
    }
    literals.push(literal);
    cursor.advance();
  } while (cursor.isAtSymbol(','));
  if (!cursor.isAtSymbol(']')) return failure(faults.expectedListEnd(cursor.token));
  cursor.advance();
  return success({ type: 'In', field, literals });
}
