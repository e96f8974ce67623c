/**
 * What the program that runs has declared so far. Pulumi starts one provider process for a preview
 * and one for an update, and asks it to check each resource, in no order that could be relied on.
 */
import { failure, success, type Result } from '../../domain/result.ts';
import type { Resource } from '../../domain/resources.ts';
import type { Clock } from '../../control/clock.ts';
import { resourceOf, type Declaration } from './declaration.ts';

export interface Declared {
  readonly urn: string;
  readonly declaration: Declaration;
  /** As one that is yet to be created: younger than all that was checked before it. */
  readonly resource: Resource;
}

/** A program that has declared nothing for so long is taken to have declared all that it will. */
const QUIET_MS = 300;
/** Nobody waits longer: what a program awaits between two resources is its own business. */
const QUIET_WAIT_MS_MAX = 3_000;

/** After any time that a server may have written. */
const FAR_FUTURE_MS = Date.UTC(9999, 0, 1);

export class Program {
  readonly #clock: Clock;
  /** By target and `resourceKey`; as many as the program declares. */
  readonly #declared = new Map<string, Map<string, Declared>>();
  #count = 0;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same may be checked again. A failure: the URN of another that is the same object. */
  declare(target: string, urn: string, declaration: Declaration): Result<Declared, string> {
    this.#lastMs = this.#clock.nowMs();
    const all = this.#declared.get(target) ?? new Map<string, Declared>();
    this.#declared.set(target, all);
    const known = all.get(declaration.key);
    if (known !== undefined && known.urn !== urn) return failure(known.urn);
    const createdMs =
      known === undefined
        ? FAR_FUTURE_MS + this.#count++
        : Date.parse(known.resource.metadata.creationTimestamp);
    const resource = resourceOf(declaration, new Date(createdMs).toISOString());
    const declared = { urn, declaration, resource };
    all.set(declaration.key, declared);
    return success(declared);
  }

  of(target: string): readonly Declared[] {
    return [...(this.#declared.get(target)?.values() ?? [])];
  }

  urnOf(target: string, key: string): string | undefined {
    return this.#declared.get(target)?.get(key)?.urn;
  }

  /** Resolves once the program seems to have declared all that it will. */
  async quiet(): Promise<void> {
    const untilMs = this.#clock.nowMs() + QUIET_WAIT_MS_MAX;
    for (;;) {
      const nowMs = this.#clock.nowMs();
      const restMs = Math.min(this.#lastMs + QUIET_MS, untilMs) - nowMs;
      if (restMs <= 0) return;
      await new Promise<void>((resolve) => this.#clock.after(restMs, resolve));
    }
  }
}
