/** The text of a manifest as declared objects, each checked against the shape of its kind. */
import { DNS_LABEL, DNS_SUBDOMAIN } from '../crds/metadata-schema.ts';
import { validateShape, withDefaults } from '../crds/schemas.ts';
import { didYouMean, nearestOf } from '../domain/nearest.ts';
import { API_GROUP, API_VERSION, KINDS, isKind, resourceKey } from '../domain/resources.ts';
import type { Kind } from '../domain/resources.ts';
import { either, quote } from '../domain/text.ts';
import { isRecord } from '../domain/validate/shape.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';
import { parseDocuments } from './yaml-documents.ts';
import type { Position } from './yaml-documents.ts';

/** What stands in a manifest that names no Kubernetes namespace, as with `kubectl`. */
const DEFAULT_NAMESPACE = 'default';

/** Kubernetes, "Object Names and IDs". */
const DNS_SUBDOMAIN_LENGTH_MAX = 253;
const DNS_LABEL_LENGTH_MAX = 63;

export interface DeclaredMetadata {
  readonly name: string;
  /** The Kubernetes namespace. */
  readonly namespace: string;
}

/** One object as a manifest states it, whether or not it can be admitted. */
export interface DeclaredObject {
  /** `Client/default/vehicle-1`. */
  readonly key: string;
  readonly kind: Kind;
  readonly metadata: DeclaredMetadata;
  /** With defaults, as an API server would store it; as it is stated where there are violations. */
  readonly spec: unknown;
  /** Not empty: refused. */
  readonly violations: readonly Violation[];
  readonly documentIndex: number;
  /** Where in its document: `[]`, or `['items', 3]` of a List. */
  readonly root: FieldPath;
}

/** Something wrong with what is no object, so that no object can be named. */
export interface Stray {
  readonly documentIndex: number;
  /** Within its document. */
  readonly violation: Violation;
  /** Given where syntax says it; otherwise the field's place is it. */
  readonly position?: Position;
}

export interface Declarations {
  readonly objects: readonly DeclaredObject[];
  readonly strays: readonly Stray[];
  /** What was passed over, and why. */
  readonly notices: readonly string[];
  /** False: a part of the text could not be read, and may have declared more. */
  readonly complete: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What one document, or one item of a List, turned out to be. */
type Outcome =
  | { readonly is: 'Object'; readonly object: Omit<DeclaredObject, 'documentIndex' | 'root'> }
  | { readonly is: 'Stray'; readonly violations: readonly Violation[] }
  | { readonly is: 'Foreign'; readonly notice: string }
  | { readonly is: 'Nothing' };

function stray(field: FieldPath, message: string, remedy: string): Outcome {
  return { is: 'Stray', violations: [{ field, reason: 'InvalidShape', message, remedy }] };
}

/** Whether somebody who wrote this meant one of our kinds and got it wrong. */
function isMeantForUs(apiVersion: string, kind: string): boolean {
  if (apiVersion.toLowerCase().includes('mqttgrid')) return true;
  if (nearestOf(apiVersion, [API_VERSION]) !== undefined) return true;
  return isKind(kind) && !apiVersion.includes('/');
}

function outcomeOfUnknown(apiVersion: string, kind: string): Outcome {
  if (!isMeantForUs(apiVersion, kind)) {
    const what = `${quote(kind)} of ${quote(apiVersion)}`;
    return { is: 'Foreign', notice: `skipped ${what}: only kinds of ${API_GROUP} are read` };
  }
  if (apiVersion === API_VERSION) {
    const message = `${quote(kind)} is not a kind of ${API_VERSION}`;
    return stray(['kind'], message, didYouMean(kind, KINDS, `write ${either(KINDS)}`));
  }
  const message = `${quote(apiVersion)} is not an apiVersion of mqttgrid`;
  return stray(['apiVersion'], message, `write apiVersion: ${API_VERSION}`);
}

function isBelow(path: FieldPath, root: FieldPath): boolean {
  return root.every((step, index) => path[index] === step);
}

function matches(value: unknown, pattern: string, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax && new RegExp(pattern).test(value);
}

/** Undefined: by these the object cannot be told from others. Its shape then has violations. */
function identityOf(metadata: unknown): DeclaredMetadata | undefined {
  if (!isRecord(metadata)) return undefined;
  const { name, namespace = DEFAULT_NAMESPACE } = metadata;
  if (!matches(name, DNS_SUBDOMAIN, DNS_SUBDOMAIN_LENGTH_MAX)) return undefined;
  if (!matches(namespace, DNS_LABEL, DNS_LABEL_LENGTH_MAX)) return undefined;
  return { name, namespace };
}

function outcomeOfObject(kind: Kind, document: Fields, found: readonly Violation[]): Outcome {
  const violations = [...found, ...validateShape(kind, document)];
  const metadata = identityOf(document['metadata']);
  if (metadata === undefined) return { is: 'Stray', violations };
  const stated = document['spec'];
  const spec: unknown = violations.length > 0 ? stated : withDefaults(kind, stated);
  const key = resourceKey({ kind, metadata });
  return { is: 'Object', object: { key, kind, metadata, spec, violations } };
}

function outcomeOf(value: unknown, found: readonly Violation[]): Outcome {
  if (value === null || value === undefined) return { is: 'Nothing' };
  if (!isRecord(value)) {
    return stray([], 'a document must be an object', `begin it with apiVersion: ${API_VERSION}`);
  }
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string') {
    return stray(['apiVersion'], 'apiVersion is missing', `write apiVersion: ${API_VERSION}`);
  }
  if (typeof kind !== 'string') {
    return stray(['kind'], 'kind is missing', `write ${either(KINDS)}`);
  }
  if (apiVersion !== API_VERSION || !isKind(kind)) return outcomeOfUnknown(apiVersion, kind);
  return outcomeOfObject(kind, value, found);
}

/** `kubectl get -o yaml` writes a List; what a List holds stands for itself. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (!isRecord(value) || typeof value['kind'] !== 'string') return undefined;
  const { kind } = value;
  const ours = kind.endsWith('List') && isKind(kind.slice(0, -'List'.length));
  if (kind !== 'List' && !ours) return undefined;
  return Array.isArray(value['items']) ? value['items'] : undefined;
}

interface Draft {
  readonly objects: DeclaredObject[];
  readonly strays: Stray[];
  readonly notices: string[];
}

interface Place {
  readonly documentIndex: number;
  readonly root: FieldPath;
}

function enter(draft: Draft, outcome: Outcome, place: Place): void {
  const { documentIndex, root } = place;
  if (outcome.is === 'Object') draft.objects.push({ ...outcome.object, documentIndex, root });
  if (outcome.is === 'Foreign') draft.notices.push(outcome.notice);
  if (outcome.is !== 'Stray') return;
  for (const violation of outcome.violations) {
    const field = [...root, ...violation.field];
    draft.strays.push({ documentIndex, violation: { ...violation, field } });
  }
}

function enterDocument(
  draft: Draft,
  documentIndex: number,
  parsed: { readonly value: unknown; readonly violations: readonly Violation[] },
): void {
  const items = itemsOf(parsed.value);
  if (items === undefined) {
    enter(draft, outcomeOf(parsed.value, parsed.violations), { documentIndex, root: [] });
    return;
  }
  for (const [index, item] of items.entries()) {
    const root = ['items', index];
    const found = parsed.violations
      .filter((violation) => isBelow(violation.field, root))
      .map((violation) => ({ ...violation, field: violation.field.slice(root.length) }));
    enter(draft, outcomeOf(item, found), { documentIndex, root });
  }
}

/** Pure: the same text declares the same. */
export function declarationsOf(text: string): Declarations {
  const draft: Draft = { objects: [], strays: [], notices: [] };
  let complete = true;
  for (const [documentIndex, parsed] of parseDocuments(text).entries()) {
    if (parsed.state === 'Parsed') {
      enterDocument(draft, documentIndex, parsed);
    } else {
      complete = false;
      draft.strays.push({ documentIndex, ...parsed });
    }
  }
  return { ...draft, complete };
}
