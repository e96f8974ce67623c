/** All that a folder declares, as this process has found it and writes it. */
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../control/clock.ts';
import { judgeAdmission } from '../../../domain/admission.ts';
import { ownerOf, type NamespaceCompilation, type Verdict } from '../../../domain/compile.ts';
import { resourceKey, type Resource } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import type { Located } from '../../../manifests/located.ts';
import { systemErrorCode } from '../../../manifests/manifest-files.ts';
import { openManifests, resourceOf } from '../../../manifests/manifests.ts';
import type { ManifestObject, ManifestSet, Manifests } from '../../../manifests/manifests.ts';
import { compileFor } from '../worlds.ts';
import { notAFolder, systemFault, unreadableFolder } from './directory-faults.ts';
import type { Fault } from './target.ts';

/** What others do to the folder is seen as soon: what `mqttgrid up` promises of its own look. */
export const LOOK_MS = 250;

/** Share of the time that looking may take: a folder of 20,000 files is looked at less often. */
const LOOK_SHARE_MAX = 0.1;

export class DirectoryWorld {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #manifests: Manifests;
  /** By key. */
  #objects = new Map<string, Resource>();
  /** As it was read last. */
  #set: ManifestSet | undefined;
  #placed = new Map<string, ManifestObject>();
  #lookAgainMs = 0;
  #newestMs = 0;
  /** By Kubernetes namespace and MqttNamespace: as many as the objects name. */
  readonly #compiled = new Map<string, { version: number; compilation: NamespaceCompilation }>();
  #version = 0;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#manifests = openManifests(folder);
  }

  /** Reads the folder, unless it was read just now. One that is missing is an empty one. */
  look(): Result<void, Fault> {
    const nowMs = this.#clock.nowMs();
    if (this.#set !== undefined && nowMs < this.#lookAgainMs) return success(undefined);
    return this.lookAnew();
  }

  lookAnew(): Result<void, Fault> {
    const startMs = this.#clock.nowMs();
    const missing = this.#isMissing();
    if (!missing.ok) return missing;
    const { set, fault } = this.#manifests.load();
    if (fault !== undefined && !missing.value) return failure(unreadableFolder(fault.message));
    this.#take(missing.value ? { ...set, objects: [], violations: [] } : set);
    const endMs = this.#clock.nowMs();
    this.#lookAgainMs = endMs + Math.max(LOOK_MS, (endMs - startMs) / LOOK_SHARE_MAX);
    return success(undefined);
  }

  #isMissing(): Result<boolean, Fault> {
    try {
      if (statSync(this.#folder).isDirectory()) return success(false);
      return failure(notAFolder(this.#folder));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return success(true);
      return failure(systemFault(`the folder ${this.#folder} cannot be read`, error));
    }
  }

  /** An object is created when it is first seen, as `mqttgrid up` has it: ADR 4. */
  #take(set: ManifestSet): void {
    const seen = this.nextAge();
    const before = this.#objects;
    this.#objects = new Map();
    for (const object of set.objects) {
      const known = before.get(object.key);
      const resource = resourceOf(object, known?.metadata.creationTimestamp ?? seen);
      const isSame = known !== undefined && isDeepStrictEqual(known, resource);
      this.#objects.set(object.key, isSame ? known : resource);
      if (!isSame) this.#version++;
    }
    if (before.size !== this.#objects.size) this.#version++;
    this.#set = set;
    this.#placed = new Map(set.objects.map((object) => [object.key, object]));
  }

  /** Younger than all that there is. */
  nextAge(): string {
    this.#newestMs = Math.max(this.#clock.nowMs(), this.#newestMs + 1);
    return new Date(this.#newestMs).toISOString();
  }

  /** What could not be read of it. */
  get unread(): readonly Located[] {
    if (this.#set === undefined || this.#set.complete) return [];
    return this.#set.violations.filter(({ object }) => object === undefined);
  }

  in(namespace: string): readonly Resource[] {
    return [...this.#objects.values()].filter(({ metadata }) => metadata.namespace === namespace);
  }

  find(key: string): Resource | undefined {
    return this.#objects.get(key);
  }

  put(resource: Resource): void {
    this.#objects.set(resourceKey(resource), resource);
    this.#version++;
  }

  remove(key: string): void {
    this.#objects.delete(key);
    this.#version++;
  }

  /** Where a file other than the object's own declares it. */
  elsewhere(key: string, ownPath: string): Omit<Located, 'violation'> | undefined {
    const placed = this.#placed.get(key)?.locate(OF_THE_NAME);
    const again = this.#set?.violations.filter(({ object, violation }) => {
      return object === key && violation.reason === 'NameConflict';
    });
    return [...(placed === undefined ? [] : [placed]), ...(again ?? [])].find(({ file }) => {
      return file !== ownPath;
    });
  }

  /** What is wrong with an object beside all others. */
  judge(resource: Resource): Verdict {
    return judgeAdmission(this.compile(resource).world, resource);
  }

  /** The MqttNamespace that the object is or names. */
  compile(resource: Resource): NamespaceCompilation {
    const { namespace } = resource.metadata;
    const owner = ownerOf(resource);
    const key = `${namespace}/${owner}`;
    const known = this.#compiled.get(key);
    if (known?.version === this.#version) return known.compilation;
    const compilation = compileFor(owner, this.in(namespace), this.#clock, known?.compilation);
    this.#compiled.set(key, { version: this.#version, compilation });
    return compilation;
  }
}

const OF_THE_NAME = {
  field: ['metadata', 'name'],
  reason: 'NameConflict',
  message: '',
  remedy: '',
} as const;
