import type { GroupQuery, QueryField, QueryLiteral } from './syntax.ts';

/**
 * A query in its one canonical form, which parses to an equal tree: `and`, `or` and `IN` as the
 * specification writes them, double quotes, and no parentheses but those that matter.
 */
export function printGroupQuery(query: GroupQuery): string {
  switch (query.type) {
    case 'Or':
      return query.operands.map((operand) => printOperand(operand, ['Or'])).join(' or ');
    case 'And':
      return query.operands.map((operand) => printOperand(operand, ['Or', 'And'])).join(' and ');
    case 'Equality':
    case 'Order':
      return `${printField(query.field)} ${query.operator} ${printLiteral(query.literal)}`;
    case 'In':
      return `${printField(query.field)} IN [${query.literals.map(printLiteral).join(', ')}]`;
  }
}

function printOperand(query: GroupQuery, parenthesized: readonly GroupQuery['type'][]): string {
  const text = printGroupQuery(query);
  return parenthesized.includes(query.type) ? `(${text})` : text;
}

function printField(field: QueryField): string {
  return field.type === 'Name' ? 'name' : `attributes.${field.key}`;
}

// A lone surrogate would not survive UTF-8.
const TO_ESCAPE = /["\\\p{Cc}\p{Cs}]/gu;
const SHORT_ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\t', '\\t'],
]);

function printLiteral(literal: QueryLiteral): string {
  if (typeof literal === 'number') return String(literal);
  return `"${literal.replace(TO_ESCAPE, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const digits = character.charCodeAt(0).toString(16).padStart(4, '0');
  return SHORT_ESCAPES.get(character) ?? `\\u${digits}`;
}
