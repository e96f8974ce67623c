/** Admission's view of the caches. */
import type { NamespaceWorld } from '../../domain/compile.ts';
import type { ResourceOf } from '../../domain/resources.ts';
import type { Compilations } from '../namespace/compilations.ts';
import { namespaceKey } from '../namespace/keys.ts';
import type { World } from '../namespace/world.ts';
import type { AdmissionWorlds } from './admission-worlds.ts';

export interface DeclaredWorldsOptions {
  readonly world: World;
  readonly compilations: Compilations;
  readonly isSynced: () => boolean;
}

export class DeclaredWorlds implements AdmissionWorlds {
  readonly #options: DeclaredWorldsOptions;

  constructor(options: DeclaredWorldsOptions) {
    this.#options = options;
  }

  get synced(): boolean {
    return this.#options.isSynced();
  }

  worldOf(namespace: string, name: string): NamespaceWorld {
    return this.#options.compilations.recent(namespaceKey(namespace, name)).world;
  }

  eventSubscriptions(namespace: string): readonly ResourceOf<'EventSubscription'>[] {
    return this.#options.world.events(namespace).eventSubscriptions;
  }
}
