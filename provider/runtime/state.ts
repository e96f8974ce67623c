/** What a stack's state keeps of an object, and how it is read back. */
import { isDeepStrictEqual } from 'node:util';
import { schemaOf, type Schema } from '../../crds/schemas.ts';
import type { Kind } from '../../domain/resources.ts';
import { isRecord, recordOf } from '../../domain/validate/shape.ts';
import { declarationOf, specOf, type Properties } from './declaration.ts';
import { isSameSpec } from './diff.ts';
import type { StoredObject } from './targets/target.ts';

/** Each version of this provider reads the state of all that came before. */
const SCHEMA_VERSION = 1;

/** Outputs of an object that was declared with these inputs. */
export function outputsOf(
  inputs: Properties,
  stored: StoredObject,
  fieldManager: string,
): Record<string, unknown> {
  const { conditions, generation, uid, endpoints, counts } = stored;
  return {
    ...inputs,
    conditions,
    fieldManager,
    schemaVersion: SCHEMA_VERSION,
    ...(generation !== undefined && { generation }),
    ...(uid !== undefined && { uid }),
    ...(inputs['kind'] === 'MqttNamespace' && { endpoints: endpoints ?? [], counts: counts ?? {} }),
  };
}

/**
 * The inputs that would declare the object as it was found. What was not stated and has its default
 * stays unstated, and what means the same stays as it was written.
 */
export function inputsAsFound(state: Properties, stored: StoredObject): Record<string, unknown> {
  const { kind, metadata } = declarationOf(state);
  const written = specOf(state);
  const found: Properties = { ...stored.spec, ...nameFound(written, stored, metadata.name) };
  const fields = new Set([...Object.keys(written), ...Object.keys(found)]);
  const spec = [...fields].flatMap((field) => {
    const value = fieldAsFound(kind, field, written[field], found[field]);
    return value === undefined ? [] : [[field, value] as const];
  });
  return {
    ...kept(state),
    ...Object.fromEntries(spec),
    metadata: {
      ...metadata,
      ...ofOurs('labels', metadata.labels, stored.labels),
      ...ofOurs('annotations', metadata.annotations, stored.annotations),
    },
  };
}

function nameFound(written: Properties, stored: StoredObject, objectName: string): Properties {
  if (written['name'] === undefined) return {};
  return { name: stored.spec['name'] ?? objectName };
}

function fieldAsFound(kind: Kind, field: string, written: unknown, found: unknown): unknown {
  if (isSameSpec(kind, { [field]: written }, { [field]: found })) return written;
  const schema = schemaOf(kind).properties?.['spec']?.properties?.[field] ?? {};
  return withoutDefaults(schema, written, found);
}

/** Without what the API server alone has said. Recursion is as deep as the schema. */
function withoutDefaults(schema: Schema, written: unknown, found: unknown): unknown {
  if (written === undefined && isDeepStrictEqual(schema.default, found)) return undefined;
  const { properties } = schema;
  if (properties === undefined || !isRecord(found)) return found;
  const fields = Object.entries(found).flatMap(([field, value]) => {
    const inner = withoutDefaults(properties[field] ?? {}, recordOf(written)[field], value);
    return inner === undefined ? [] : [[field, inner] as const];
  });
  return Object.fromEntries(fields);
}

/** The inputs that are about declaring. */
function kept(state: Properties): Properties {
  const { kind, target, adopt, timeoutSeconds } = state;
  return {
    kind,
    target,
    ...(adopt !== undefined && { adopt }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}

/** Labels and annotations that others put there are theirs. */
function ofOurs(
  field: 'labels' | 'annotations',
  written: Readonly<Record<string, string>> | undefined,
  found: Readonly<Record<string, string>>,
): Properties {
  if (written === undefined) return {};
  const ours = Object.keys(written).filter((key) => found[key] !== undefined);
  return { [field]: recordOf(Object.fromEntries(ours.map((key) => [key, found[key]]))) };
}
