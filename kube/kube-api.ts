/**
 * What the operator asks of an API server. Every call of every part goes through this interface,
 * so that one place bounds and counts them, and a test can stop, delay or break any of them.
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** `metadata`, as far as the operator looks at it. The server sets what is absent. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent for what is not namespaced. */
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque but for equality: it names one state of the object. */
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind, and where the server serves it. */
export interface ResourceType {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Which object of a type; `namespace` is absent where the type is not namespaced. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

export interface Selection {
  /** One Kubernetes namespace; all of them where absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection {
  /** Objects a page at most; `continue` of the answer leads to the next one. */
  readonly limit?: number;
  readonly continue?: string;
}

export interface KubeList<T extends KubeObject> {
  readonly items: readonly T[];
  /** The state that the list is of: a watch goes on from here. */
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  /** Events after this state. */
  readonly resourceVersion: string;
  /** The server ends the watch after about this time. */
  readonly timeoutSeconds: number;
  /** Ends the watch at once. */
  readonly signal: AbortSignal;
}

export interface WatchEvent<T extends KubeObject> {
  /** BOOKMARK: nothing happened up to the object's resourceVersion, which is all that it has. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface PatchOptions {
  /** The status alone, which a write of the object itself does not touch. */
  readonly subresource?: 'status';
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Takes fields from other managers, rather than fail with 409. */
  readonly force: boolean;
  /** The server judges it, and answers as if it had done it, but does nothing. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  /** Preconditions, without which a delete may hit a namesake that was made meanwhile. */
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

/**
 * All methods reject with KubeApiError when the server refuses, and with UnreachableError when no
 * answer came, in which case a write may or may not have taken effect.
 */
export interface KubeApi {
  /** Undefined: there is none. */
  get<T extends KubeObject>(type: ResourceType, name: ObjectName): Promise<T | undefined>;
  /** One page. */
  list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>>;
  /**
   * Calls back for each event, BOOKMARKs included, and resolves when the server or the signal ends
   * the watch. Rejects with `isGone` when events after `resourceVersion` are no longer kept.
   */
  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void>;
  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T>;
  /** Replaces the state that `metadata.resourceVersion` names; `isConflict` if it is past. */
  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T>;
  /** JSON merge patch (RFC 7386). With `metadata.resourceVersion`, `isConflict` if it is past. */
  patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>;
  /** Resolves also when there is none; `isConflict` if the preconditions do not hold. */
  delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void>;
}

/** One of the things that a server objects to. */
export interface StatusCause {
  /** `FieldManagerConflict`, `FieldValueInvalid`. */
  readonly reason: string;
  readonly message: string;
  /** `.spec.query`, `spec.query`; empty where it is about no field. */
  readonly field: string;
}

/** Of what a server refused, in its own words. */
export interface StatusDetails {
  readonly message: string;
  /** What was not found: `namespaces`, `clients`; empty where it is the path itself. */
  readonly kind: string;
  readonly causes: readonly StatusCause[];
}

/** The server's own answer, from the Status that it sent. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' word: `AlreadyExists`, `Conflict`, `Invalid`, `Expired`. */
  readonly reason: string;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterSeconds: number | undefined;
  readonly details: StatusDetails;

  constructor(
    message: string,
    answer: {
      readonly status: number;
      readonly reason: string;
      readonly retryAfterSeconds?: number | undefined;
      readonly details?: StatusDetails;
    },
  ) {
    super(message);
    this.status = answer.status;
    this.reason = answer.reason;
    this.retryAfterSeconds = answer.retryAfterSeconds;
    this.details = answer.details ?? { message, kind: '', causes: [] };
  }
}

/** No answer: refused, reset, timed out. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 404;
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409 && error.reason === 'AlreadyExists';
}

/** Another state of the object than the one that the write was for. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409 && error.reason === 'Conflict';
}

export function isForbidden(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 403;
}

/** Events since the given resourceVersion, or the rest of a list, are no longer kept. */
export function isGone(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 410;
}
