/**
 * What the program that runs has declared so far. Pulumi starts one provider process for a preview
 * and one for an update, and has it check one resource after the other, in an order of its own.
 */
import type { Clock } from '../../control/clock.ts';
import { failure, success, type Result } from '../../domain/result.ts';
import { resourceKey, type Resource } from '../../domain/resources.ts';
import type { Violation } from '../../domain/violation.ts';
import { resourceOf, type Declaration } from './declaration.ts';
import { World } from './worlds.ts';

/** After any time that a server may have written: what is checked later is younger. */
export const DECLARED_YEAR = 9999;
const DECLARED_MS = Date.UTC(DECLARED_YEAR, 0, 1);

/** How many MqttNamespaces a Kubernetes namespace may have is for the operator to say. */
const ANY_NUMBER = Number.POSITIVE_INFINITY;

/** A Kubernetes namespace of a target. */
export class Place {
  readonly #clock: Clock;
  readonly #urns = new Map<string, string>();
  /** What the program declares. */
  readonly own: World;
  #held: Held | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.own = new World(clock, ANY_NUMBER);
  }

  /**
   * The same may be checked again. One that its schema refuses is there for others, too: it holds
   * its name. A failure: the URN of another that is the same object.
   */
  declare(
    urn: string,
    declaration: Declaration,
    refusedFor: readonly Violation[] = [],
  ): Result<Resource, string> {
    const { key } = declaration;
    const known = this.#urns.get(key);
    if (known !== undefined && known !== urn) return failure(known);
    const createdMs = DECLARED_MS + this.#urns.size;
    this.#urns.set(key, urn);
    const created = new Date(createdMs).toISOString();
    const resource = this.own.put(resourceOf(declaration, created, refusedFor));
    this.#held?.beside.put(resource);
    return success(resource);
  }

  urnOf(key: string): string | undefined {
    return this.#urns.get(key);
  }

  /** @param resources what the target has here; the first answer is kept */
  hold(resources: readonly Resource[]): Held {
    this.#held ??= this.#over(resources);
    return this.#held;
  }

  #over(resources: readonly Resource[]): Held {
    const byKey = new Map(resources.map((resource) => [resourceKey(resource), resource]));
    const beside = new World(this.#clock);
    for (const resource of [...resources, ...this.own.resources]) beside.put(resource);
    return { resources: byKey, beside };
  }
}

export interface Held {
  /** By `resourceKey`: what the target had before the program. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** With what the program declares over it. */
  readonly beside: World;
}

export class Program {
  readonly #clock: Clock;
  /** As many as the program declares objects in. */
  readonly #places = new Map<string, Place>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param target its identity */
  in(target: string, namespace: string): Place {
    const key = JSON.stringify([target, namespace]);
    const place = this.#places.get(key) ?? new Place(this.#clock);
    this.#places.set(key, place);
    return place;
  }
}
