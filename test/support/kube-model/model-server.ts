/**
 * An API server in this process, as much of it as the operator relies on. `conformance.ts` holds
 * it to what a real one does. It alone decides: latency, lost answers and the like come before it.
 */
import type { Clock } from '../../../control/clock.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectName,
  ResourceType,
  Selection,
  WatchEvent,
} from '../../../kube/kube-api.ts';
import { deletionStep, isDone, VOLUME_PROTECTION } from './deletion.ts';
import { applied, isSameManagement, updated, type Managers } from './field-management.ts';
import { History, objectKey, watchEvents, type Change } from './history.ts';
import { asJson, asObject, copied, frozen, mergePatched, type JsonObject } from './json.ts';
import { kindOf, MODEL_KINDS, type ModelKind } from './kinds.ts';
import * as states from './object-states.ts';
import { selectorOf } from './selectors.ts';

export type { Change } from './history.ts';

export interface ModelServerOptions {
  readonly clock: Clock;
  /** Changes that watches can still be told; more recent ones replace them. */
  readonly changesMax?: number;
}

/** Who writes what, for the ownership of fields. */
export interface Writer {
  readonly manager: string;
  readonly subresource?: 'status' | undefined;
}

interface Stored {
  readonly object: KubeObject;
  readonly managers: Managers;
  /** It was created with a status by default, which the next write stores whatever else it does. */
  readonly isNewborn?: boolean;
}

const NAMESPACE = kindOf({ apiVersion: 'v1', kind: '', plural: 'namespaces', namespaced: false });

export class ModelServer {
  readonly #clock: Clock;
  readonly #history: History;
  readonly #objects = new Map(MODEL_KINDS.map((kind) => [kind, new Map<string, Stored>()]));
  readonly #listeners = new Set<(change: Change) => void>();
  #revision = 1;
  #uids = 0;

  constructor({ clock, changesMax }: ModelServerOptions) {
    this.#clock = clock;
    this.#history = new History(changesMax);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
    this.create(NAMESPACE.type, namespace, { manager: 'kube-apiserver' });
  }

  get revision(): number {
    return this.#revision;
  }

  /** Forgets past states: lists and watches that would go on from one have to begin anew. */
  compact(): void {
    this.#history.compact();
  }

  /** Called for each change from now on, before anything else is changed. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(type: ResourceType, name: ObjectName): KubeObject | undefined {
    return this.#stored(kindOf(type), name)?.object;
  }

  /** Everything of one type, for controllers and tests. */
  all(type: ResourceType): KubeObject[] {
    return [...this.#place(kindOf(type)).values()].map(({ object }) => object);
  }

  /** `atRevision`: as the list was then, which is what a cache that lags behind answers. */
  list(
    type: ResourceType,
    options: ListOptions,
    atRevision = this.#revision,
  ): KubeList<KubeObject> {
    const kind = kindOf(type);
    const matches = selectorOf(options);
    const page =
      options.continue === undefined ? undefined : states.readContinueToken(options.continue);
    const revision = page?.revision ?? atRevision;
    const now = new Map([...this.#place(kind)].map(([key, { object }]) => [key, object]));
    const objects = [...this.#history.objectsAt(revision, kind.type, now)]
      .filter(([key, object]) => matches(object) && key > (page?.after ?? ''))
      .sort(([left], [right]) => (left < right ? -1 : 1));
    const given = objects.slice(0, options.limit ?? objects.length);
    const items = given.map(([, object]) => object);
    const resourceVersion = String(revision);
    const after = given.at(-1)?.[0];
    if (after === undefined || given.length === objects.length) return { items, resourceVersion };
    return { items, resourceVersion, continue: states.continueToken({ revision, after }) };
  }

  /** What a watch of the selection is told of what happened after `revision`. */
  eventsSince(
    type: ResourceType,
    selection: Selection,
    revision: number,
  ): WatchEvent<KubeObject>[] {
    const kind = kindOf(type);
    const matches = selectorOf(selection);
    const changes = this.#history.since(revision).filter((change) => change.type === kind.type);
    return changes.flatMap((change) => watchEvents(change, matches));
  }

  create(type: ResourceType, given: KubeObject, { manager }: Writer): KubeObject {
    const kind = kindOf(type);
    return this.#insert(kind, copied(given), (object) =>
      updated(undefined, object, { manager, structure: kind.structure }),
    );
  }

  #insert(
    kind: ModelKind,
    given: KubeObject,
    managersOf: (object: JsonObject) => Managers,
    dryRun = false,
  ): KubeObject {
    this.#checkPlace(kind, given.metadata);
    if (this.#stored(kind, given.metadata) !== undefined) {
      const message = `${states.describe(kind, given.metadata)} already exists`;
      throw states.failure(409, 'AlreadyExists', message);
    }
    const object = states.newborn(kind, given, {
      uid: `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, '0')}`,
      creationTimestamp: states.printTime(this.#clock.nowMs()),
      finalizers: kind.type.kind === 'PersistentVolumeClaim' ? [VOLUME_PROTECTION] : undefined,
    });
    const admitted = this.#admitted(kind, object, undefined);
    if (dryRun) return admitted;
    const isNewborn = asJson(admitted)['status'] !== undefined;
    const managers = managersOf(object);
    return this.#commit(kind, undefined, { object: admitted, managers, isNewborn });
  }

  replace(type: ResourceType, given: KubeObject, writer: Writer): KubeObject {
    const kind = kindOf(type);
    const before = this.#existing(kind, given.metadata);
    if (given.metadata.resourceVersion === undefined && !kind.replacesAny) {
      const what = states.describe(kind, given.metadata);
      const message = 'metadata.resourceVersion: must be specified for an update';
      throw states.failure(422, 'Invalid', `${what} is invalid: ${message}`);
    }
    states.checkPreconditions(kind, before.object, given.metadata);
    return this.#update(kind, before, { given: copied(asJson(given)), writer });
  }

  patch(type: ResourceType, name: ObjectName, patch: object, writer: Writer): KubeObject {
    const kind = kindOf(type);
    const before = this.#existing(kind, name);
    const given = mergePatched(before.object, copied(patch)) as JsonObject;
    const { metadata } = asObject(given);
    states.checkNamed(kind, before.object, { ...metadata, subresource: writer.subresource });
    return this.#update(kind, before, { given, writer });
  }

  #update(
    kind: ModelKind,
    before: Stored,
    { given, writer }: { readonly given: JsonObject; readonly writer: Writer },
  ): KubeObject {
    const { manager, subresource } = writer;
    const next = states.written(kind, before.object, given, subresource);
    const object = this.#admitted(kind, next, before.object);
    if (isStored(before, object)) return before.object;
    const old = { ...before, object: asJson(before.object) };
    const by = { manager: `${manager} ${subresource ?? ''}`, structure: kind.structure };
    return this.#commit(kind, before, { object, managers: updated(old, asJson(object), by) });
  }

  apply(type: ResourceType, given: KubeObject, options: ApplyOptions): KubeObject {
    const kind = kindOf(type);
    const { fieldManager, force, subresource, dryRun = false } = options;
    const before = this.#stored(kind, given.metadata);
    if (before === undefined) states.checkAppliedAnew(kind, given, subresource);
    else states.checkNamed(kind, before.object, { ...given.metadata, subresource });
    const base = before ?? { object: {}, managers: new Map() };
    const part = states.appliedPart(kind, copied(asJson(given)), subresource);
    const result = applied({ ...base, object: { ...base.object } }, part, {
      manager: `apply ${fieldManager} ${subresource ?? ''}`,
      force,
      structure: kind.structure,
      what: states.describe(kind, given.metadata),
    });
    if (before === undefined) {
      return this.#insert(kind, states.named(result.object, given), () => result.managers, dryRun);
    }
    const next = states.written(kind, before.object, result.object, subresource);
    const object = this.#admitted(kind, next, before.object);
    if (dryRun) return object;
    const isSame = isSameManagement(before.managers, result.managers);
    if (isSame && isStored(before, object)) return before.object;
    return this.#commit(kind, before, { object, managers: result.managers });
  }

  /** @throws where there is none */
  delete(type: ResourceType, name: ObjectName, options: Partial<DeleteOptions>): void {
    const kind = kindOf(type);
    const before = this.#existing(kind, name);
    states.checkPreconditions(kind, before.object, options);
    const next = deletionStep(before.object, options, this.#clock.nowMs());
    if (next !== undefined && states.isSameState(next, before.object)) return;
    this.#commit(kind, before, next && { object: next, managers: before.managers });
  }

  /** For the server's own controllers: whatever keeps the object, it is gone. */
  remove(type: ResourceType, name: ObjectName): void {
    const kind = kindOf(type);
    const before = this.#stored(kind, name);
    if (before !== undefined) this.#commit(kind, before, undefined);
  }

  #checkPlace(kind: ModelKind, { namespace = '', name }: ObjectName): void {
    if (!kind.type.namespaced) return;
    const place = this.#existing(NAMESPACE, { name: namespace });
    if (place.object.metadata.deletionTimestamp === undefined) return;
    const message = `${states.describe(kind, { name })} is forbidden: ${namespace} is terminating`;
    throw states.failure(403, 'Forbidden', message);
  }

  #admitted(kind: ModelKind, given: JsonObject, before: KubeObject | undefined): KubeObject {
    const object = asObject(kind.normalized(given));
    const faults = kind.faults(object, before);
    if (faults.length === 0) return object;
    const what = states.describe(kind, object.metadata);
    throw states.failure(422, 'Invalid', `${what} is invalid: ${faults.join(', ')}`);
  }

  /** @param after undefined: it is gone */
  #commit(kind: ModelKind, before: Stored | undefined, after: Stored | undefined): KubeObject {
    const state = (after ?? before)?.object;
    if (state === undefined) throw new Error('nothing was and nothing is');
    const revision = ++this.#revision;
    const old = before?.object;
    const told = frozen(copied(states.versioned(kind, state, { before: old, revision })));
    const stored = after === undefined || isDone(told) ? undefined : { ...after, object: told };
    const place = this.#place(kind);
    if (stored === undefined) place.delete(objectKey(told));
    else place.set(objectKey(told), stored);
    this.#tell({ type: kind.type, before: old, after: stored?.object, revision, told });
    return told;
  }

  #tell(change: Change): void {
    this.#history.add(change);
    for (const listener of [...this.#listeners]) listener(change);
  }

  #place(kind: ModelKind): Map<string, Stored> {
    const place = this.#objects.get(kind);
    if (place === undefined) throw new Error(`no place for ${kind.type.kind}`);
    return place;
  }

  #stored(kind: ModelKind, { namespace = '', name }: ObjectName): Stored | undefined {
    return this.#place(kind).get(`${kind.type.namespaced ? namespace : ''}/${name}`);
  }

  #existing(kind: ModelKind, name: ObjectName): Stored {
    const stored = this.#stored(kind, name);
    if (stored === undefined) throw states.notFound(kind, name);
    return stored;
  }
}

/** Nothing would change if it were stored. */
function isStored(before: Stored, object: KubeObject): boolean {
  return before.isNewborn !== true && states.isSameState(object, before.object);
}
