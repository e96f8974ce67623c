/** Whether an object on the API server is as it is wanted, found without any memory. */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { sameQuantity } from './quantity.ts';

/**
 * The hash of what was applied. It tells what the object itself cannot: that a field was wanted
 * and is no longer, so that another apply has to take it away.
 */
export const APPLIED_ANNOTATION = 'mqttgrid.io/applied';

/** Hexadecimal digits. */
const HASH_LENGTH = 16;

export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, HASH_LENGTH);
}

/** Maps have no order on the API server. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner);
    return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

export function stamped<T extends KubeObject>(desired: T): T {
  const { metadata } = desired;
  const annotations = { ...metadata.annotations, [APPLIED_ANNOTATION]: hashOf(desired) };
  return { ...desired, metadata: { ...metadata, annotations } };
}

/** Lists whose entries have an identity: others may add some, and the server keeps them apart. */
const LIST_KEYS: ReadonlyMap<string, string> = new Map([
  ['containers', 'name'],
  ['env', 'name'],
  ['ownerReferences', 'uid'],
  ['ports', 'name'],
  ['volumeMounts', 'mountPath'],
  ['volumes', 'name'],
]);

/** What selects: with one thing more than is wanted it selects less. */
const EXACT: ReadonlySet<string> = new Set([
  'matchLabels',
  'namespaceSelector',
  'podSelector',
  'selector',
]);

const QUANTITIES: ReadonlySet<string> = new Set(['requests', 'limits']);

/** Whether everything that is wanted is there. What the server or others added does not matter. */
export function holds(live: unknown, desired: unknown): boolean {
  return fieldHolds('', live, desired);
}

function fieldHolds(field: string, live: unknown, desired: unknown): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) return Array.isArray(live) && listHolds(field, live, desired);
  if (typeof desired !== 'object' || desired === null) return live === desired;
  if (typeof live !== 'object' || live === null) return false;
  const values = new Map(Object.entries(live));
  if (EXACT.has(field) && values.size !== Object.keys(desired).length) return false;
  return Object.entries(desired).every(([inner, wanted]) => {
    const value: unknown = values.get(inner);
    if (QUANTITIES.has(field) && isScalar(value) && isScalar(wanted)) {
      return sameQuantity(value, wanted);
    }
    return fieldHolds(inner, value, wanted);
  });
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function listHolds(field: string, live: readonly unknown[], desired: readonly unknown[]): boolean {
  const key = LIST_KEYS.get(field);
  if (key === undefined || desired.some((entry) => valueAt(entry, key) === undefined)) {
    return (
      live.length === desired.length &&
      desired.every((entry, index) => fieldHolds('', live[index], entry))
    );
  }
  return desired.every((entry) => {
    const found = live.find((candidate) => valueAt(candidate, key) === valueAt(entry, key));
    return fieldHolds('', found, entry);
  });
}

function valueAt(entry: unknown, key: string): unknown {
  return typeof entry === 'object' && entry !== null
    ? new Map<string, unknown>(Object.entries(entry)).get(key)
    : undefined;
}
