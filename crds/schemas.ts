/** Whether a manifest has the shape of its kind: the answer an API server with our CRDs gives. */
import { Ajv, type DefinedError, type ValidateFunction } from 'ajv';
import { API_VERSION, type Kind } from '../domain/resources.ts';
import type { Violation } from '../domain/violation.ts';
import { schemaOf, type Schema } from './definitions.ts';
import { METADATA_SCHEMA } from './metadata-schema.ts';
import { violationsOf } from './shape-violations.ts';

export { CRDS, KINDS_BY_NAME, readDefinition, schemaOf } from './definitions.ts';
export type { CustomResource, PrinterColumn, Schema, ValidationRule } from './definitions.ts';
export { withDefaults } from './defaults.ts';

/**
 * Everything that is wrong with the shape of a whole manifest (apiVersion, kind, metadata, spec),
 * in the order of the fields' paths, with one violation a field. Fields that the schema does not
 * know are refused, where a server would drop them in silence. CEL rules are not evaluated:
 * `domain/` has them, with more to say. `status` is the operator's and may be anything.
 */
export function validateShape(kind: Kind, document: unknown): Violation[] {
  const validate = validatorOf(kind);
  if (validate(document)) return [];
  // Every keyword of our schemas is one of ajv's own, whose errors these are.
  return violationsOf(kind, document, (validate.errors ?? []) as DefinedError[]);
}

const ajv = new Ajv({
  strict: true,
  allErrors: true,
  // Errors carry the value and its schema, which their words need.
  verbose: true,
  messages: false,
  allowUnionTypes: true,
  // A field called "constructor" is not there because every object has one.
  ownProperties: true,
});
ajv.addVocabulary([
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);
ajv.addFormat('int32', { type: 'number', validate: (value) => Math.trunc(value) === (value | 0) });
ajv.addFormat('int64', { type: 'number', validate: (value) => Math.abs(value) <= 2 ** 63 });

const validators = new Map<Kind, ValidateFunction>();

function validatorOf(kind: Kind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const schema = schemaOf(kind);
  const validator = ajv.compile({
    ...closed(schema),
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { type: 'string', enum: [API_VERSION] },
      kind: { type: 'string', enum: [kind] },
      metadata: METADATA_SCHEMA,
      spec: closed(schema.properties?.['spec'] ?? {}),
      status: {},
    },
  });
  validators.set(kind, validator);
  return validator;
}

/** The schema in JSON Schema's own terms, and admitting no field that it does not declare. */
function closed(schema: Schema): Record<string, unknown> {
  const { properties, items, additionalProperties, ...rest } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...rest,
    ...(schema['x-kubernetes-int-or-string'] === true && { type: ['integer', 'string'] }),
    ...(schema.type === 'object' && !isOpen && { additionalProperties: false }),
    ...(additionalProperties && { additionalProperties: closed(additionalProperties) }),
    ...(items && { items: closed(items) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([field, schema]) => [field, closed(schema)]),
      ),
    }),
  };
}
