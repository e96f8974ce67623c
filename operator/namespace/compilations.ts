/** What `compileNamespace` says of each MqttNamespace, kept until something in it changes. */
import { readCertificate } from '../../certificates/read.ts';
import { compileNamespace, type NamespaceCompilation } from '../../domain/compile.ts';
import type { Clock } from '../../control/clock.ts';
import { parseKey } from './keys.ts';
import type { World } from './world.ts';

/** Certificates begin and expire without anybody changing anything. */
export const RECOMPILE_AFTER_MS = 60_000;

/**
 * Who only advises, as admission does, may be late by as many times what a compilation takes:
 * thousands of objects created in a row would each cost one otherwise.
 */
const LATE_FACTOR = 10;

interface Compiled {
  readonly compilation: NamespaceCompilation;
  readonly atMs: number;
  readonly tookMs: number;
  /** Something changed since. */
  outdated: boolean;
}

export interface CompilationsOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly mqttNamespacesMax?: number | undefined;
}

export class Compilations {
  readonly #options: CompilationsOptions;
  /** At most one entry for each MqttNamespace that is declared or named. */
  readonly #compiled = new Map<string, Compiled>();

  constructor(options: CompilationsOptions) {
    this.#options = options;
  }

  touch(keys: readonly string[]): void {
    for (const key of keys) {
      const compiled = this.#compiled.get(key);
      if (compiled !== undefined) compiled.outdated = true;
    }
  }

  forget(key: string): void {
    this.#compiled.delete(key);
  }

  current(key: string): NamespaceCompilation {
    const known = this.#compiled.get(key);
    const ageMs = this.#options.clock.nowMs() - (known?.atMs ?? 0);
    if (known !== undefined && !known.outdated && ageMs < RECOMPILE_AFTER_MS) {
      return known.compilation;
    }
    return this.#compile(key);
  }

  /** `current`, or what was so a moment ago. */
  recent(key: string): NamespaceCompilation {
    const known = this.#compiled.get(key);
    if (known === undefined) return this.#compile(key);
    const ageMs = this.#options.clock.nowMs() - known.atMs;
    return ageMs < LATE_FACTOR * known.tookMs ? known.compilation : this.current(key);
  }

  #compile(key: string): NamespaceCompilation {
    const { world, clock, mqttNamespacesMax } = this.#options;
    const { namespace, name = '' } = parseKey(key);
    const atMs = clock.nowMs();
    const context = {
      nowMs: atMs,
      readCertificate,
      ...(mqttNamespacesMax === undefined ? {} : { mqttNamespacesMax }),
    };
    const before = this.#compiled.get(key)?.compilation;
    const compilation = compileNamespace(world.input(namespace, name), context, before);
    const tookMs = clock.nowMs() - atMs;
    // Whoever asks for admission names what he likes.
    if (this.#isNamed(namespace, name)) {
      this.#compiled.set(key, { compilation, atMs, tookMs, outdated: false });
    }
    return compilation;
  }

  #isNamed(namespace: string, name: string): boolean {
    const { world } = this.#options;
    return (
      world.hasMembers(namespace, name) ||
      world.find('MqttNamespace', namespace, name) !== undefined
    );
  }
}
