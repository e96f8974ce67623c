/** From one stored state of an object to the next, as the server alone decides. */
import type { KubeObject, ObjectMeta, ObjectName } from '../../../kube/kube-api.ts';
import { KubeApiError } from '../../../kube/kube-api.ts';
import { asJson, asObject, isEqual, isRecord, without, type JsonObject } from './json.ts';
import type { ModelKind } from './kinds.ts';

/** RFC 3339 in seconds, as `metav1.Time` is. */
export function printTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Of `metadata`, what its users write. */
function usersOwn(metadata: ObjectMeta): Partial<ObjectMeta> {
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  const given = { labels, annotations, ownerReferences, finalizers };
  const kept = Object.entries(given).filter(([, value]) => Object.keys(value ?? {}).length > 0);
  return Object.fromEntries(kept);
}

export interface Birth {
  readonly uid: string;
  readonly creationTimestamp: string;
  /** Put on by admission, unless it has some. */
  readonly finalizers: readonly string[] | undefined;
}

export function newborn(kind: ModelKind, given: KubeObject, birth: Birth): JsonObject {
  const { type, hasGeneration, hasStatus } = kind;
  const { name, namespace } = given.metadata;
  const { uid, creationTimestamp, finalizers } = birth;
  const rest = without(asJson(given), 'apiVersion', 'kind', 'metadata');
  return {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: {
      name,
      ...(type.namespaced && { namespace }),
      uid,
      ...(hasGeneration && { generation: 1 }),
      creationTimestamp,
      ...(finalizers && { finalizers }),
      ...usersOwn(given.metadata),
    },
    ...(hasStatus ? without(rest, 'status') : rest),
  };
}

/** What a write may change: the status and nothing else, or anything but the status. */
export function written(
  kind: ModelKind,
  before: KubeObject,
  given: JsonObject,
  subresource: 'status' | undefined,
): JsonObject {
  const old = asJson(before);
  if (subresource === 'status') return { ...old, status: given['status'] };
  const servers = without(
    asJson(before)['metadata'] as JsonObject,
    'labels',
    'annotations',
    'ownerReferences',
    'finalizers',
  );
  const metadata = { ...servers, ...usersOwn(asObject(given).metadata) };
  const status = kind.hasStatus ? old['status'] : given['status'];
  const rest = without(given, 'status');
  const { apiVersion, kind: name } = kind.type;
  return { ...rest, apiVersion, kind: name, metadata, ...(status !== undefined && { status }) };
}

/** What an apply may say: by whichever of the two ways, the other part is not looked at. */
export function appliedPart(
  kind: ModelKind,
  given: JsonObject,
  subresource: 'status' | undefined,
): JsonObject {
  if (subresource === 'status') return { status: given['status'] };
  return kind.hasStatus ? without(given, 'status') : given;
}

/** At a new revision; the generation counts what is neither metadata nor status. */
export function versioned(
  kind: ModelKind,
  state: KubeObject,
  { before, revision }: { readonly before: KubeObject | undefined; readonly revision: number },
): KubeObject {
  const { generation = 0, deletionTimestamp } = state.metadata;
  const isDeleting = deletionTimestamp !== before?.metadata.deletionTimestamp;
  const isChanged =
    kind.hasGeneration && before !== undefined && (isDeleting || !isSameSpec(state, before));
  const metadata = {
    ...state.metadata,
    resourceVersion: String(revision),
    ...(isChanged && { generation: generation + 1 }),
  };
  return { ...state, metadata };
}

function isSameSpec(left: KubeObject, right: KubeObject): boolean {
  const spec = (object: KubeObject): JsonObject => without(asJson(object), 'metadata', 'status');
  return isEqual(spec(left), spec(right));
}

/** Whether storing it would change anything. */
export function isSameState(left: KubeObject, right: KubeObject): boolean {
  const state = (object: KubeObject): JsonObject => {
    const metadata = without(asJson(object)['metadata'] as JsonObject, 'resourceVersion');
    return { ...object, metadata };
  };
  return isEqual(state(left), state(right));
}

interface Named {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** @throws where a write names another state than the object's, or another object */
export function checkPreconditions(kind: ModelKind, object: KubeObject, named: Named): void {
  const { uid } = object.metadata;
  if (named.uid !== undefined && named.uid !== uid) {
    const what = describe(kind, object.metadata);
    const message = `the UID in the precondition (${named.uid}) is not that of ${what}`;
    throw failure(409, 'Conflict', message);
  }
  checkState(kind, object, named);
}

/**
 * A patch or an apply may name a UID, too, but as a field that nobody can change. A status has no
 * metadata of its own: only the version is looked at.
 */
export function checkNamed(
  kind: ModelKind,
  object: KubeObject,
  named: Named & { readonly subresource: 'status' | undefined },
): void {
  checkState(kind, object, named);
  if (named.subresource === 'status' || named.uid === undefined) return;
  if (named.uid === object.metadata.uid) return;
  const message = `${describe(kind, object.metadata)} is invalid: metadata.uid is immutable`;
  throw failure(422, 'Invalid', message);
}

/** @throws where an apply would make an object that it takes to be there */
export function checkAppliedAnew(
  kind: ModelKind,
  { metadata }: KubeObject,
  subresource: 'status' | undefined,
): void {
  if (subresource !== undefined) throw notFound(kind, metadata);
  if (metadata.uid === undefined) return;
  const what = describe(kind, metadata);
  const message = `${what}: the UID ${metadata.uid} was given, and there is no such object`;
  throw failure(409, 'Conflict', message);
}

/** What was applied to nothing, as an object. */
export function named(result: JsonObject, given: KubeObject): KubeObject {
  const { name, namespace } = given.metadata;
  const metadata = isRecord(result['metadata']) ? result['metadata'] : {};
  return {
    ...given,
    ...result,
    metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }) },
  };
}

function checkState(kind: ModelKind, { metadata }: KubeObject, named: Named): void {
  const what = describe(kind, metadata);
  const { resourceVersion } = named;
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const message = `${what}: the object has been modified, it is another version now`;
    throw failure(409, 'Conflict', message);
  }
}

export function describe(kind: ModelKind, { namespace, name }: ObjectName): string {
  return `${kind.type.plural} "${namespace === undefined ? '' : `${namespace}/`}${name}"`;
}

export function failure(status: number, reason: string, message: string): KubeApiError {
  return new KubeApiError(message, { status, reason });
}

export function notFound(kind: ModelKind, name: ObjectName): KubeApiError {
  return failure(404, 'NotFound', `${describe(kind, name)} not found`);
}

export interface Page {
  readonly revision: number;
  /** The key of the last object that was given. */
  readonly after: string;
}

export function continueToken(page: Page): string {
  return Buffer.from(JSON.stringify(page)).toString('base64url');
}

export function readContinueToken(token: string): Page {
  const page: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
  if (isRecord(page) && typeof page.revision === 'number' && typeof page.after === 'string') {
    return { revision: page.revision, after: page.after };
  }
  throw failure(400, 'BadRequest', 'continue key is not valid');
}
