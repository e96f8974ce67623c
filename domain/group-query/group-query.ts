/** Queries of client groups: parse once, then ask of each client whether it is in the group. */
export { clientMatchesQuery, type QueriedClient } from './evaluator.ts';
export { parseGroupQuery } from './parser.ts';
export { printGroupQuery } from './printer.ts';
export type { GroupQuery, QueryFault, QueryField, QueryLiteral } from './syntax.ts';
