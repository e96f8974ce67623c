/** The syntax tree of a client group's query: specification, "Client group considerations". */

export type QueryField =
  | { readonly type: 'Name' }
  /** Keys are case sensitive: "Naming considerations". */
  | { readonly type: 'Attribute'; readonly key: string };

export type QueryLiteral = string | number;

export type EqualityOperator = '=' | '!=';
export type OrderOperator = '<' | '<=' | '>' | '>=';

/**
 * `And` and `Or` hold two operands or more, in the order written: a long chain is one list, so
 * that the depth of the tree is bounded by the parentheses (GROUP_QUERY_DEPTH_MAX).
 */
export type GroupQuery =
  | { readonly type: 'Or'; readonly operands: readonly GroupQuery[] }
  | { readonly type: 'And'; readonly operands: readonly GroupQuery[] }
  | {
      readonly type: 'Equality';
      readonly field: QueryField;
      readonly operator: EqualityOperator;
      readonly literal: QueryLiteral;
    }
  | {
      readonly type: 'Order';
      readonly field: QueryField;
      readonly operator: OrderOperator;
      readonly literal: number;
    }
  /** `IN [...]`: at least one literal. */
  | {
      readonly type: 'In';
      readonly field: QueryField;
      readonly literals: readonly QueryLiteral[];
    };

export interface QueryFault {
  /** Index of the offending character in the query's text, from 0 (UTF-16 code units). */
  readonly position: number;
  /** What was found and what was expected, without a full stop at its end. */
  readonly message: string;
  /** What would make it right, without a full stop at its end. */
  readonly remedy: string;
}
