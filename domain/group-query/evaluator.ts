import type { AttributeValue } from '../resources.ts';
import type {
  EqualityOperator,
  GroupQuery,
  OrderOperator,
  QueryField,
  QueryLiteral,
} from './syntax.ts';

/** What a query can ask of a client. */
export interface QueriedClient {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/**
 * Is the client in the group? Values are compared as they are, without conversion: a missing
 * attribute, or one of another type than the literal, satisfies no operator, `!=` included.
 * An array is of type string: `=` asks whether it contains the literal, `IN` whether they meet.
 */
export function clientMatchesQuery(query: GroupQuery, client: QueriedClient): boolean {
  switch (query.type) {
    case 'Or':
      return query.operands.some((operand) => clientMatchesQuery(operand, client));
    case 'And':
      return query.operands.every((operand) => clientMatchesQuery(operand, client));
    case 'Equality':
      return satisfiesEquality(valueOf(query.field, client), query.operator, query.literal);
    case 'Order':
      return satisfiesOrder(valueOf(query.field, client), query.operator, query.literal);
    case 'In': {
      const value = valueOf(query.field, client);
      return query.literals.some((literal) => satisfiesEquality(value, '=', literal));
    }
  }
}

function valueOf(field: QueryField, client: QueriedClient): AttributeValue | undefined {
  return field.type === 'Name' ? client.name : client.attributes.get(field.key);
}

function satisfiesEquality(
  value: AttributeValue | undefined,
  operator: EqualityOperator,
  literal: QueryLiteral,
): boolean {
  if (value === undefined) return false;
  if ((typeof value === 'number') !== (typeof literal === 'number')) return false;
  const isEqual =
    typeof value === 'object' ? value.some((member) => member === literal) : value === literal;
  return isEqual === (operator === '=');
}

function satisfiesOrder(
  value: AttributeValue | undefined,
  operator: OrderOperator,
  literal: number,
): boolean {
  if (typeof value !== 'number') return false;
  switch (operator) {
    case '<':
      return value < literal;
    case '<=':
      return value <= literal;
    case '>':
      return value > literal;
    case '>=':
      return value >= literal;
  }
}
