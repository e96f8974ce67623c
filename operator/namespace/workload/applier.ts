/** Makes objects on the API server what they should be, in as few writes as there are changes. */
import { failure, success, type Result } from '../../../domain/result.ts';
import type { Clock } from '../../../control/clock.ts';
import { KubeApiError } from '../../../kube/kube-api.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../../kube/kube-api.ts';
import { FIELD_MANAGER, isOurs } from './labels.ts';
import type { Owner } from './labels.ts';
import type { WorkloadNames } from './names.ts';
import type { OwnedObjects } from './owned-types.ts';
import { hashOf, holds, stamped } from './stamp.ts';
import { TimedMemory } from './timed-memory.ts';

/**
 * What the API server refused is not sent again sooner, unless it is something else: a quota or a
 * policy that was changed meanwhile tells nobody.
 */
export const REFUSED_RETRY_MS = 15_000;

/** Bad request, forbidden, and what does not satisfy a schema or a policy. */
const REFUSED_STATUSES: readonly number[] = [400, 403, 422];

/** Why an object is not as it is declared. */
export interface Fault {
  /** One sentence without a full stop, for the person who must act. */
  readonly message: string;
  /** Nobody needs to act: it is over in a moment. */
  readonly passing: boolean;
}

export type Applied<Value> = Result<Value, Fault>;

export function fault(message: string): { readonly ok: false; readonly fault: Fault } {
  return failure({ message, passing: false });
}

export function passing(message: string): { readonly ok: false; readonly fault: Fault } {
  return failure({ message, passing: true });
}

export interface ApplierOptions {
  /** What owns the objects: MqttNamespaces. */
  readonly ownerType: ResourceType;
  readonly api: KubeApi;
  readonly owned: OwnedObjects;
  readonly clock: Clock;
}

/** One MqttNamespace, and what its objects are called. */
export interface Subject {
  readonly owner: Owner;
  readonly names: WorkloadNames;
}

export class Applier {
  readonly #options: ApplierOptions;
  readonly #refused: TimedMemory<{ readonly hash: string; readonly message: string }>;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#refused = new TimedMemory(options.clock, REFUSED_RETRY_MS);
  }

  /** Undefined: there is none. A fault where somebody else's is in the way, or it is going. */
  async find<T extends KubeObject>(
    type: ResourceType,
    name: string,
    { owner, names }: Subject,
  ): Promise<Applied<T | undefined>> {
    const objectName = { namespace: owner.metadata.namespace ?? '', name };
    // The caches hold only what is labelled as ours: somebody else's is seen by asking.
    const { api, owned } = this.#options;
    const live = owned.get<T>(type, objectName) ?? (await api.get<T>(type, objectName));
    if (live === undefined) return success(undefined);
    const what = `the ${type.kind} ${objectName.namespace}/${name}`;
    if (!isOurs(live, owner, names)) {
      return fault(
        `${what} exists and does not belong to this MqttNamespace, which needs one of this name: ` +
          'delete it, or give the MqttNamespace another metadata.name',
      );
    }
    if (live.metadata.deletionTimestamp !== undefined) {
      return passing(`${what} is being deleted, and is made anew when it is gone`);
    }
    return success(live);
  }

  /**
   * @param object is stamped
   * @param live what `find` found
   * @param version the state that `live` is in must not be past: for what depends on it
   * @throws KubeApiError and UnreachableError where another try may succeed
   */
  async put<T extends KubeObject>(
    type: ResourceType,
    object: T,
    live: T | undefined,
    version: 'any' | 'same' = 'any',
  ): Promise<Applied<T>> {
    if (live !== undefined && holds(live, object)) return success(live);
    const key = keyOf(type, object.metadata);
    const hash = hashOf(object);
    const refused = this.#refused.get(key);
    if (refused?.hash === hash) return fault(refused.message);
    try {
      if (live !== undefined) return success(await this.#change(type, object, live, version));
      if (await this.#hasOwner(object)) return success(await this.#apply(type, object, false));
      return passing(`the MqttNamespace of the ${key} is being deleted`);
    } catch (error) {
      const message = refusalOf(error);
      if (message === undefined) throw error;
      this.#refused.set(key, { hash, message });
      return fault(message);
    }
  }

  /**
   * Asks, since caches may tell late of a deletion: until then, what the garbage collector takes
   * away would be made again and again.
   */
  async #hasOwner({ metadata }: KubeObject): Promise<boolean> {
    const [owner] = metadata.ownerReferences ?? [];
    if (owner === undefined) return true;
    const name = { namespace: metadata.namespace ?? '', name: owner.name };
    const found = await this.#options.api.get(this.#options.ownerType, name);
    if (found?.metadata.uid !== owner.uid) return false;
    return found.metadata.deletionTimestamp === undefined;
  }

  /**
   * Server-side apply merges lists by a key of their entries. Where somebody changed a key, ours
   * would stand beside theirs, as a second port of one name: then theirs has to go first.
   */
  async #change<T extends KubeObject>(
    type: ResourceType,
    object: T,
    live: T,
    version: 'any' | 'same',
  ): Promise<T> {
    // For this object, not for a namesake; for this state of it, if that matters.
    const { uid = '', resourceVersion = '' } = live.metadata;
    const precondition = version === 'same' ? { uid, resourceVersion } : { uid };
    const metadata = { ...object.metadata, ...precondition };
    try {
      return await this.#apply(type, { ...object, metadata }, true);
    } catch (error) {
      if (!(error instanceof KubeApiError) || error.status !== 422) throw error;
      try {
        const whole = { ...object, metadata: { uid, resourceVersion } };
        await this.#options.api.patch(type, live.metadata, whole);
      } catch {
        // What is wrong is in what we want: the first answer says what.
        throw error;
      }
      return await this.#apply(type, { ...object, metadata: { ...object.metadata, uid } }, true);
    }
  }

  /** Forces nothing where there was none: somebody else may have made one since. */
  async #apply<T extends KubeObject>(type: ResourceType, object: T, force: boolean): Promise<T> {
    const { api, owned } = this.#options;
    const applied = await api.apply<T>(type, object, { fieldManager: FIELD_MANAGER, force });
    owned.wrote(applied);
    return applied;
  }

  async ensure<T extends KubeObject>(
    type: ResourceType,
    desired: T,
    subject: Subject,
  ): Promise<Applied<T>> {
    const found = await this.find<T>(type, desired.metadata.name, subject);
    return found.ok ? this.put(type, stamped(desired), found.value) : found;
  }
}

function keyOf(
  { kind }: ResourceType,
  { namespace = '', name }: { readonly namespace?: string; readonly name: string },
): string {
  return `${kind}/${namespace}/${name}`;
}

/** Undefined: it may succeed when it is tried again. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof KubeApiError)) return undefined;
  return REFUSED_STATUSES.includes(error.status)
    ? `the API server refuses it: ${error.message}`
    : undefined;
}
