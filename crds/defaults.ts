import type { Kind, SpecOfKind } from '../domain/resources.ts';
import { schemaOf, type Schema } from './definitions.ts';

/**
 * A copy of a spec that `validateShape` has admitted, with the schema's defaults where a field is
 * absent, as the API server stores it. A field within an absent object stays absent.
 */
export function withDefaults<K extends Kind>(kind: K, spec: unknown): SpecOfKind[K] {
  const schema = schemaOf(kind).properties?.['spec'] ?? {};
  return filled(schema, spec) as SpecOfKind[K];
}

function filled(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const [field, fieldSchema] of Object.entries(schema.properties ?? {})) {
    const given = fields.get(field) ?? structuredClone(fieldSchema.default);
    if (given !== undefined) fields.set(field, filled(fieldSchema, given));
  }
  return Object.fromEntries(fields);
}
