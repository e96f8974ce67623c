/** Objects of the API server as what they are in transit and in store: JSON. */
import type { KubeObject } from '../../../kube/kube-api.ts';
import { isRecord } from '../../../domain/validate/shape.ts';

export { isRecord };

/** Fields by their names, which a type of its own does not let one ask for. */
export function asJson(object: KubeObject): JsonObject {
  return { ...object };
}

/** What was made from an object, and is one. */
export function asObject(json: JsonObject): KubeObject {
  const { apiVersion, kind, metadata } = json;
  if (typeof apiVersion === 'string' && typeof kind === 'string' && isRecord(metadata)) {
    return json as JsonObject & KubeObject;
  }
  throw new Error(`no object: ${JSON.stringify(json)}`);
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** As JSON would carry it: without fields that are undefined, and nobody else's to change. */
export function copied<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Whoever changes what a server gave out, as a cache's users must not, is told. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

/** Whatever the order of fields. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, at) => isEqual(item, right[at]));
  }
  if (!isRecord(left) || !isRecord(right)) return left === right;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && isEqual(left[name], right[name]));
}

/** The same for what `isEqual` takes for equal. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_field, inner: unknown) => {
    if (!isRecord(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export function without(object: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

/** RFC 7386. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) result.delete(field);
    else result.set(field, mergePatched(result.get(field), value));
  }
  return Object.fromEntries(result);
}
