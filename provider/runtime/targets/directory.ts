/** Objects as files of a folder, which `mqttgrid up` serves and a repository keeps: ADR 20. */
import { basename, join } from 'node:path';
import type { Clock } from '../../../control/clock.ts';
import { validateShape, withDefaults } from '../../../crds/schemas.ts';
import { isInForce, type Verdict } from '../../../domain/compile.ts';
import { conditionsOf } from '../../../domain/conditions.ts';
import { immutableViolations } from '../../../domain/immutable.ts';
import { resourceKey, type Resource } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { countsOf } from '../../../domain/snapshot-changes.ts';
import { printViolation, type Violation } from '../../../domain/violation.ts';
import { recordOf } from '../../../domain/validate/shape.ts';
import { mayFollow } from '../../../domain/reasons.ts';
import type { Located } from '../../../manifests/located.ts';
import { resourceOf, type Manifest, type TargetPlace } from '../declaration.ts';
import {
  declaredElsewhere,
  gone,
  inTheWay,
  managedByOthers,
  notAlone,
  notReady,
  refusal,
  unreadPart,
} from './directory-faults.ts';
import {
  fileNameOf,
  readFileFor,
  removeFileFor,
  writeFileFor,
  type FoundFile,
  type StatedObject,
} from './directory-file.ts';
import { printManifest } from './directory-text.ts';
import { removeAbandoned } from './directory-temporary.ts';
import { DirectoryWorld, LOOK_MS } from './directory-world.ts';
import { directoryIdentity } from './place.ts';
import type {
  ApplyOptions,
  Fault,
  ObjectKey,
  StoredObject,
  Target,
  WaitOptions,
} from './target.ts';

/**
 * Between the removal of an object and its making anew: who serves the folder must see that it was
 * gone, or it would be one object of which an immutable field has changed.
 */
const GONE_MS = 250;

/** Who is told of some broken files looks at the others. */
const NOTICES_MAX = 3;

export class DirectoryTarget implements Target {
  readonly identity: string;
  readonly defaultNamespace: string;
  /** As it was named, for people. */
  readonly #path: string;
  readonly #clock: Clock;
  readonly #world: DirectoryWorld;
  /** Until when what this process removed is not made anew; as many as the program replaces. */
  readonly #goneUntilMs = new Map<string, number>();
  /** As many as a folder can have, one after the other, while Pulumi runs. */
  readonly #told = new Set<string>();
  #isSwept = false;
  /** Those who wait for another object; as many as Pulumi has operations at once. */
  readonly #waiting = new Set<() => void>();

  constructor(directory: NonNullable<TargetPlace['directory']>, clock: Clock) {
    this.identity = directoryIdentity(directory);
    this.defaultNamespace = directory.namespace ?? 'default';
    this.#path = directory.path;
    this.#clock = clock;
    this.#world = new DirectoryWorld(directory.path, clock);
  }

  declared(namespace: string): Promise<Result<readonly Resource[], Fault>> {
    const looked = this.#world.look();
    return Promise.resolve(looked.ok ? success(this.#world.in(namespace)) : looked);
  }

  takeNotices(): readonly string[] {
    const notices = this.#world.unread.slice(0, NOTICES_MAX).map(unreadPart);
    const fresh = notices.filter((notice) => !this.#told.has(notice));
    for (const notice of fresh) this.#told.add(notice);
    return fresh;
  }

  reach(): Promise<Result<void, Fault>> {
    return Promise.resolve(this.#world.look());
  }

  get(key: ObjectKey): Promise<Result<StoredObject | undefined, Fault>> {
    return Promise.resolve(this.#get(key));
  }

  #get(key: ObjectKey): Result<StoredObject | undefined, Fault> {
    const looked = this.#world.look();
    if (!looked.ok) return looked;
    const own = this.#read(key);
    if (!own.ok) return own;
    const { stated, manager, broken } = own.value ?? {};
    const path = this.#ownPath(key);
    if (stated !== undefined) return success(this.#stored(key, stated, manager ?? path));
    const place = this.#world.elsewhere(resourceKey(key), path);
    if (place !== undefined) return this.#getElsewhere(key, place);
    if (broken === undefined) return success(undefined);
    return failure({ message: broken, remedy: 'correct the file, or remove it' });
  }

  #getElsewhere(
    key: ObjectKey,
    { file, line }: Omit<Located, 'violation'>,
  ): Result<StoredObject | undefined, Fault> {
    const found = readFileFor(key, this.#path, basename(file));
    if (!found.ok) return found;
    const stated = found.value?.stated;
    return success(stated && this.#stored(key, stated, `${file}:${line}`));
  }

  async apply(manifest: Manifest, options: ApplyOptions): Promise<Result<StoredObject, Fault>> {
    const key = resourceKey(manifest);
    const goneMs = (this.#goneUntilMs.get(key) ?? 0) - this.#clock.nowMs();
    if (goneMs > 0) await this.#pause(goneMs);
    // From here to the written file nothing else runs: what is judged is what is there.
    const looked = this.#goneUntilMs.delete(key) ? this.#world.lookAnew() : this.#world.look();
    if (!looked.ok) return looked;
    this.#sweep();
    const own = this.#read(manifest);
    if (!own.ok) return own;
    const written = this.#write(manifest, own.value, options);
    if (!written.ok) return written;
    this.#world.put(this.#resource(manifest));
    this.#wake();
    const { metadata, spec } = manifest;
    const stated = { metadata: { ...metadata }, spec };
    return success(this.#stored(manifest, stated, options.fieldManager));
  }

  #write(
    manifest: Manifest,
    own: FoundFile | undefined,
    options: ApplyOptions,
  ): Result<void, Fault> {
    const fault = this.#ownershipFault(manifest, own, options) ?? this.#refusal(manifest, own);
    if (fault !== undefined) return failure(fault);
    const text = printManifest(manifest, options.fieldManager);
    if (own?.text === text) return success(undefined);
    const path = { folder: this.#path, name: fileNameOf(manifest) };
    return writeFileFor(manifest, path, { text, replaces: own !== undefined });
  }

  /** Why the file is not ours to write. */
  #ownershipFault(
    manifest: Manifest,
    own: FoundFile | undefined,
    { fieldManager, force }: ApplyOptions,
  ): Fault | undefined {
    const key = resourceKey(manifest);
    const path = this.#ownPath(manifest);
    const place = this.#world.elsewhere(key, path);
    if (place !== undefined) return declaredElsewhere(key, `${place.file}:${place.line}`);
    if (own === undefined) return undefined;
    if (own.others.length > 0) return notAlone(key, path, own.others);
    if (own.manager === fieldManager) return undefined;
    if (own.stated === undefined || own.broken !== undefined) return inTheWay(key, path);
    return force ? undefined : managedByOthers(key, path, own.manager);
  }

  /** What the rules say against the object, beside all that the folder declares. */
  #refusal(manifest: Manifest, own: FoundFile | undefined): Fault | undefined {
    const key = resourceKey(manifest);
    const shape = validateShape(manifest.kind, manifest);
    if (shape.length > 0) return refusal(key, shape);
    const resource = this.#resource(manifest);
    const before = own?.stated && resourceOf({ ...manifest, spec: own.stated.spec }, '');
    const changed = before === undefined ? [] : immutableViolations(before, resource);
    const { faults, unresolved } = this.#world.judge(resource);
    const violations = [...changed, ...faults, ...unresolved.filter(isFinal)];
    return violations.length > 0 ? refusal(key, violations) : undefined;
  }

  async untilReady(
    applied: StoredObject,
    manifest: Manifest,
    { timeoutMs, onProgress }: WaitOptions,
  ): Promise<{ readonly stored: StoredObject; readonly fault?: Fault }> {
    const key = resourceKey(manifest);
    const untilMs = this.#clock.nowMs() + timeoutMs;
    let told = '';
    for (;;) {
      const looked = this.#world.look();
      if (!looked.ok) return { stored: applied, fault: looked.fault };
      const resource = this.#world.find(key);
      if (resource === undefined) {
        return { stored: applied, fault: gone(key, this.#ownPath(manifest)) };
      }
      const verdict = this.#world.judge(resource);
      const stored = { ...applied, ...this.#standing(resource, verdict) };
      if (isInForce(verdict)) return { stored };
      const final = [...verdict.faults, ...verdict.unresolved.filter(isFinal)];
      if (final.length > 0) return { stored, fault: refusal(key, final) };
      const restMs = untilMs - this.#clock.nowMs();
      if (restMs <= 0) {
        return { stored, fault: notReady(key, timeoutMs / 1000, verdict.unresolved) };
      }
      const waitsFor = `waits: ${verdict.unresolved.map(printViolation).join('. ')}`;
      if (waitsFor !== told) onProgress(waitsFor);
      told = waitsFor;
      await this.#changeWithin(Math.min(restMs, LOOK_MS));
    }
  }

  remove(
    key: ObjectKey,
    {
      fieldManager,
      onProgress,
      onWarning = onProgress,
    }: WaitOptions & { readonly fieldManager: string },
  ): Promise<Result<void, Fault>> {
    this.#sweep();
    const own = this.#read(key);
    if (!own.ok) return Promise.resolve(own);
    if (own.value === undefined) return Promise.resolve(success(undefined));
    const path = this.#ownPath(key);
    if (own.value.manager !== fieldManager) {
      const { manager = 'no program' } = own.value;
      onWarning(`${path} stays: its first line says that ${manager} declares it`);
      return Promise.resolve(success(undefined));
    }
    if (own.value.others.length > 0) {
      return Promise.resolve(failure(notAlone(resourceKey(key), path, own.value.others)));
    }
    const removed = removeFileFor(key, { folder: this.#path, name: fileNameOf(key) });
    if (removed.ok) {
      this.#world.remove(resourceKey(key));
      this.#goneUntilMs.set(resourceKey(key), this.#clock.nowMs() + GONE_MS);
      this.#wake();
    }
    return Promise.resolve(removed);
  }

  #ownPath(key: ObjectKey): string {
    return join(this.#path, fileNameOf(key));
  }

  #read(key: ObjectKey): Result<FoundFile | undefined, Fault> {
    return readFileFor(key, this.#path, fileNameOf(key));
  }

  /** With the age of the one that is there. */
  #resource(manifest: Manifest): Resource {
    const spec = withDefaults(manifest.kind, manifest.spec);
    const there = this.#world.find(resourceKey(manifest));
    const age = there?.metadata.creationTimestamp ?? this.#world.nextAge();
    return resourceOf({ ...manifest, spec: { ...spec } }, age);
  }

  #stored(key: ObjectKey, { metadata, spec }: StatedObject, manager: string): StoredObject {
    const resource = this.#world.find(resourceKey(key)) ?? resourceOf({ ...key, spec }, '');
    return {
      spec,
      labels: textsOf(metadata['labels']),
      annotations: textsOf(metadata['annotations']),
      managers: [manager],
      ...this.#standing(resource, this.#world.judge(resource)),
    };
  }

  #standing(
    resource: Resource,
    verdict: Verdict,
  ): Pick<StoredObject, 'conditions' | 'endpoints' | 'counts'> {
    // Whether a broker runs it, nobody can tell from a folder: here Ready means compiled.
    const conditions = conditionsOf(verdict, 'Programmed');
    return {
      conditions: conditions.filter(({ type }) => type !== 'Programmed'),
      ...(resource.kind === 'MqttNamespace' && {
        endpoints: [],
        counts: countsOf(this.#world.compile(resource).snapshot),
      }),
    };
  }

  /** Once a process, and not before it writes anything at all: a preview leaves all as it is. */
  #sweep(): void {
    if (!this.#isSwept) removeAbandoned(this.#path, this.#clock.nowMs());
    this.#isSwept = true;
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => this.#clock.after(ms, done));
  }

  /** Resolves at the next change by this process, or when it is time to look for others'. */
  #changeWithin(ms: number): Promise<void> {
    return new Promise((done) => {
      const resume = (): void => {
        cancel();
        this.#waiting.delete(resume);
        done();
      };
      const cancel = this.#clock.after(ms, resume);
      this.#waiting.add(resume);
    });
  }
}

/** Nothing else mends itself. */
function isFinal({ reason }: Violation): boolean {
  return !mayFollow(reason);
}

function textsOf(map: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(recordOf(map)).filter(([, text]) => typeof text === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}
