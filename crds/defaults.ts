import type { Kind, SpecOfKind } from '../domain/resources.ts';
import { schemaOf, type Schema } from './definitions.ts';

/**
 * A spec that `validateShape` has admitted, with the schema's defaults where a field is absent, as
 * the API server stores it. The given spec stays as it is; a field within an absent object stays
 * absent. Recursion is as deep as the schema: what it leaves open is not walked.
 */
export function withDefaults<K extends Kind>(kind: K, spec: unknown): SpecOfKind[K] {
  const schema = schemaOf(kind).properties?.['spec'] ?? {};
  return filled(schema, spec) as SpecOfKind[K];
}

function filled(schema: Schema, value: unknown): unknown {
  const { items, properties } = schema;
  if (items !== undefined && Array.isArray(value)) return value.map((item) => filled(items, item));
  if (properties === undefined || typeof value !== 'object' || value === null) return value;
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const [field, fieldSchema] of Object.entries(properties)) {
    const given = fields.get(field) ?? fieldSchema.default;
    if (given !== undefined) fields.set(field, filled(fieldSchema, given));
  }
  return Object.fromEntries(fields);
}
