/** One declared object, as the cache has it, and what is on its way to its status. */
import type { Verdict } from '../../domain/compile.ts';
import type { Condition, ProgrammedState } from '../../domain/conditions.ts';
import type { Resource } from '../../domain/resources.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import type { KubeObject } from '../../kube/kube-api.ts';

/** As the API server stores it. Old objects may have any shape below `spec` and `status`. */
export interface DeclaredObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface StatusCondition extends Condition {
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/** What the operator writes; the kinds' own fields beside the two that all have. */
export interface Status {
  readonly observedGeneration: number;
  readonly conditions: readonly StatusCondition[];
  readonly [field: string]: unknown;
}

export interface Told {
  /** The status, as it was or was about to be. */
  readonly status: unknown;
  readonly verdict: Verdict;
  readonly programmed: ProgrammedState;
}

/**
 * Lives as long as the object, whatever is edited; a namesake that is made later is another one.
 */
export class Declared {
  readonly uid: string;
  /** The same object until the generation changes, which is what `compile` remembers by. */
  resource: Resource;
  generation: number;
  resourceVersion: string;
  status: unknown;
  /** Queued or being written. */
  writing: Status | undefined;
  /** What was last found to be said already, so that it is not compared again. */
  told: Told | undefined;

  constructor(object: DeclaredObject) {
    this.uid = object.metadata.uid ?? '';
    this.resource = resourceOf(object);
    this.generation = generationOf(object);
    this.resourceVersion = object.metadata.resourceVersion ?? '';
    this.status = object.status;
  }

  /** The same object as the server has it now. */
  update(object: DeclaredObject): void {
    const generation = generationOf(object);
    if (generation !== this.generation) this.resource = resourceOf(object);
    this.generation = generation;
    this.resourceVersion = object.metadata.resourceVersion ?? '';
    this.status = object.status;
  }
}

function generationOf({ metadata }: DeclaredObject): number {
  return metadata.generation ?? 0;
}

/** The rules take a spec of any shape, so this only says what it is taken for. */
function resourceOf({ kind, metadata, spec }: DeclaredObject): Resource {
  const { name, namespace = '', creationTimestamp = '' } = metadata;
  return { kind, metadata: { name, namespace, creationTimestamp }, spec } as Resource;
}

/** A status that is at least shaped like one, of whoever wrote it. */
export function readStatus(status: unknown): Partial<Status> {
  return recordOf(status);
}
