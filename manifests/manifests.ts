/**
 * The objects that a folder of manifests declares now, as an API server would hold them if each
 * state of the folder had been applied to it: what cannot be read changes nothing, an object of
 * the wrong shape is withdrawn alone, and what is immutable stays as it was.
 */
import { join } from 'node:path';
import { immutableViolations } from '../domain/immutable.ts';
import type { Kind, Resource } from '../domain/resources.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';
import type { DeclaredMetadata } from './declarations.ts';
import { byPlace } from './located.ts';
import type { Located } from './located.ts';
import { MANIFEST_OBJECTS_MAX, VIOLATIONS_PER_FILE_MAX } from './manifest-bounds.ts';
import { readManifestFiles } from './manifest-files.ts';
import type { FileFault, ManifestFile } from './manifest-files.ts';
import { createPartReader } from './manifest-parts.ts';
import type { PartReader, PlacedObject } from './manifest-parts.ts';

export interface ManifestObject {
  /** `Client/default/vehicle-1`. */
  readonly key: string;
  readonly kind: Kind;
  readonly metadata: DeclaredMetadata;
  /** What is in force of it, with defaults; where it is refused, who it is and no more. */
  readonly spec: unknown;
  /** For its shape, which the violations say. */
  readonly refused: boolean;
  /** Found before any object was held against others. */
  readonly violations: readonly Violation[];
  locate(violation: Violation): Located;
}

export interface ManifestSet {
  /** In the order of files, then of places in them. No key is there twice. */
  readonly objects: readonly ManifestObject[];
  /** Of the objects above, and of what is no object. */
  readonly violations: readonly Located[];
  readonly notices: readonly string[];
  readonly files: number;
  /** False: something could not be read, so what is absent may still be declared. */
  readonly complete: boolean;
}

export interface Manifests {
  /** Reads the folder again. A failure: the folder cannot be read, and everything stays. */
  load(): { readonly set: ManifestSet; readonly fault?: FileFault };
}

/** As the rules want it. */
export function resourceOf(object: ManifestObject, creationTimestamp: string): Resource {
  const { kind, metadata, spec, refused, violations } = object;
  const resource = { kind, metadata: { ...metadata, creationTimestamp }, spec };
  // The schema of the kind admitted the spec, or the resource says that it did not.
  return (refused ? { ...resource, refusedFor: violations } : resource) as Resource;
}

const EMPTY: ManifestSet = {
  objects: [],
  violations: [],
  notices: [],
  files: 0,
  complete: false,
};

interface Draft {
  readonly objects: Map<string, PlacedObject>;
  readonly violations: Located[];
  readonly notices: string[];
  readonly full: Set<string>;
  complete: boolean;
}

function violationOfFile(path: string, fault: FileFault): Located {
  const violation: Violation = { field: [], reason: 'InvalidShape', ...fault };
  return { file: path, line: 1, column: 1, violation };
}

class ManifestFolder implements Manifests {
  readonly #folder: string;
  readonly #reader: PartReader = createPartReader();
  /** What each file was last seen to declare. */
  #declaredIn = new Map<string, readonly PlacedObject[]>();
  /** The last admitted spec of each declared object. */
  #admitted = new Map<string, Resource>();
  #last = EMPTY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  load(): { readonly set: ManifestSet; readonly fault?: FileFault } {
    const listing = readManifestFiles(this.#folder);
    if (listing.fault !== undefined) return { set: this.#last, fault: listing.fault };
    const draft: Draft = {
      objects: new Map(),
      violations: [],
      notices: [],
      full: new Set(),
      complete: true,
    };
    const declaredIn = new Map<string, readonly PlacedObject[]>();
    for (const file of listing.files) {
      const objects = this.#objectsOf(file, draft);
      declaredIn.set(file.name, objects);
      for (const object of objects) this.#add(object, draft);
    }
    this.#reader.sweep();
    this.#declaredIn = declaredIn;
    this.#last = this.#settle(draft, listing.files.length);
    return { set: this.#last };
  }

  #path(file: string): string {
    return join(this.#folder, file);
  }

  #objectsOf(file: ManifestFile, draft: Draft): readonly PlacedObject[] {
    const before = this.#declaredIn.get(file.name) ?? [];
    const path = this.#path(file.name);
    if (file.content.state === 'Unreadable') {
      draft.complete = false;
      draft.violations.push(violationOfFile(path, file.content.fault));
      return before;
    }
    const parts = this.#reader.read(file.name, file.content.text);
    for (const { position, violation } of parts.strays.slice(0, VIOLATIONS_PER_FILE_MAX)) {
      draft.violations.push({ file: path, ...position, violation });
    }
    draft.notices.push(...parts.notices.map((notice) => `${path}: ${notice}`));
    if (parts.complete) return parts.objects;
    draft.complete = false;
    // What cannot be read may be the rest of the file, so nothing of it is taken for deleted.
    const stated = new Set(parts.objects.map((object) => object.declared.key));
    return [...parts.objects, ...before.filter((object) => !stated.has(object.declared.key))];
  }

  #add(object: PlacedObject, draft: Draft): void {
    const { key } = object.declared;
    const first = draft.objects.get(key);
    if (first !== undefined) {
      const { file, line, column } = this.#locate(first, ['metadata', 'name']);
      draft.violations.push({
        ...this.#locate(object, ['metadata', 'name']),
        object: key,
        violation: {
          field: ['metadata', 'name'],
          reason: 'NameConflict',
          message: `${key} is declared a second time; ${file}:${line}:${column} stays`,
          remedy: 'remove one of the two, or give one another metadata.name',
        },
      });
    } else if (draft.objects.size < MANIFEST_OBJECTS_MAX) {
      draft.objects.set(key, object);
    } else if (!draft.full.has(object.file)) {
      draft.full.add(object.file);
      const message = `a folder may declare ${MANIFEST_OBJECTS_MAX} objects; the rest is not read`;
      const fault = { message, remedy: 'declare fewer objects' };
      draft.violations.push(violationOfFile(this.#path(object.file), fault));
    }
  }

  #locate(object: PlacedObject, field: FieldPath): Omit<Located, 'violation'> {
    const position = this.#reader.locate(object, field);
    return { file: this.#path(object.file), ...position };
  }

  #settle(draft: Draft, files: number): ManifestSet {
    const admitted = new Map<string, Resource>();
    const objects = [...draft.objects.values()].map((placed) => this.#admit(placed, admitted));
    this.#admitted = admitted;
    for (const object of objects) {
      draft.violations.push(...object.violations.map((violation) => object.locate(violation)));
    }
    return {
      objects,
      violations: draft.violations.sort(byPlace),
      notices: draft.notices,
      files,
      complete: draft.complete,
    };
  }

  /** As an API server takes an update: what changes an immutable field is refused as a whole. */
  #admit(placed: PlacedObject, admitted: Map<string, Resource>): ManifestObject {
    const { key, kind, metadata, spec, violations } = placed.declared;
    const locate = (violation: Violation): Located => {
      return { ...this.#locate(placed, violation.field), object: key, violation };
    };
    const stated = {
      key,
      kind,
      metadata,
      spec,
      refused: violations.length > 0,
      violations,
      locate,
    };
    const before = this.#admitted.get(key);
    if (stated.refused) {
      if (before === undefined) return stated;
      // Remembered, so that a broken state in between does not open what is immutable: who it is.
      admitted.set(key, before);
      return { ...stated, spec: before.spec };
    }
    const resource = resourceOf(stated, '');
    const changed = before === undefined ? [] : immutableViolations(before, resource);
    const inForce = before !== undefined && changed.length > 0 ? before : resource;
    admitted.set(key, inForce);
    return { ...stated, spec: inForce.spec, violations: changed };
  }
}

export function openManifests(folder: string): Manifests {
  return new ManifestFolder(folder);
}
