/** What a server with our CRDs does to one of our objects before it stores it. */
import { Ajv, type ValidateFunction } from 'ajv';
import { schemaOf, validateShape, withDefaults, type Schema } from '../../../crds/schemas.ts';
import { immutableViolations } from '../../../domain/immutable.ts';
import type { Kind } from '../../../domain/resources.ts';
import { printViolation } from '../../../domain/violation.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { isRecord, type JsonObject } from './json.ts';

/** Defaults of the schema where a field is absent, and no field that it does not know. */
export function prunedOf(kind: Kind, object: JsonObject): JsonObject {
  const { apiVersion, metadata, spec, status } = object;
  const properties = schemaOf(kind).properties ?? {};
  const stored = status ?? properties['status']?.default;
  return {
    apiVersion,
    kind,
    metadata,
    ...(spec !== undefined && {
      spec: withDefaults(kind, pruned(properties['spec'] ?? {}, spec)),
    }),
    ...(stored !== undefined && { status: pruned(properties['status'] ?? {}, stored) }),
  };
}

function pruned(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => pruned(schema.items ?? {}, item));
  const { properties, additionalProperties } = schema;
  if (!isRecord(value) || schema['x-kubernetes-preserve-unknown-fields'] === true) return value;
  if (additionalProperties !== undefined) return value;
  const known = Object.entries(value).filter(([field]) => Object.hasOwn(properties ?? {}, field));
  return Object.fromEntries(
    known.map(([field, inner]) => [field, pruned(properties?.[field] ?? {}, inner)]),
  );
}

export function admitCustom(
  kind: Kind,
  object: KubeObject,
  before: KubeObject | undefined,
): readonly string[] {
  const violations = validateShape(kind, { ...object, metadata: nameAlone(object) });
  const words = violations.map(printViolation);
  const { spec, status } = object as JsonObject & KubeObject;
  if (violations.length > 0) return words;
  const immutable =
    before === undefined ? [] : immutableViolations(before as never, object as never);
  return [
    ...immutable.map(printViolation),
    ...choiceFaults(kind, isRecord(spec) ? spec : {}),
    ...statusFaults(kind, status),
  ];
}

/** What the server itself checks of the rest is as our schema has it. */
function nameAlone({ metadata }: KubeObject): object {
  return { name: metadata.name, namespace: metadata.namespace };
}

/** The CEL rules that want exactly one of several fields. */
function choiceFaults(kind: Kind, spec: JsonObject): string[] {
  const choices =
    kind === 'Client'
      ? [{ field: 'authentication', among: ['certificateSubject', 'certificateThumbprint'] }]
      : ['destination', 'deadLetter'].map((field) => {
          return { field, among: ['webhook', 'kafka', 'file'] };
        });
  return choices.flatMap(({ field, among }) => {
    const chosen = spec[field];
    if (!isRecord(chosen) || among.filter((name) => name in chosen).length === 1) return [];
    return [`spec.${field} has exactly one of ${among.join(', ')}`];
  });
}

const ajv = new Ajv({ strict: false, validateFormats: false });
const statusValidators = new Map<Kind, ValidateFunction>();

function statusFaults(kind: Kind, status: unknown): string[] {
  const known = statusValidators.get(kind);
  const validate = known ?? ajv.compile(schemaOf(kind).properties?.['status'] ?? {});
  statusValidators.set(kind, validate);
  if (status === undefined || validate(status)) return [];
  return [`status: ${ajv.errorsText(validate.errors)}`];
}
