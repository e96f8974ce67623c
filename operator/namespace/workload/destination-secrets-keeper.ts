import type { Clock } from '../../../control/clock.ts';
import { success } from '../../../domain/result.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { Violation } from '../../../domain/violation.ts';
import { isNotFound, type KubeApi } from '../../../kube/kube-api.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import type { Applied, Applier, Subject } from './applier.ts';
import { destinationSecrets, destinationSecretsObject, secretUses } from './destination-secrets.ts';
import { DESTINATIONS_ANNOTATION } from './labels.ts';
import { PODS, SECRETS } from './owned-types.ts';
import type { Pod } from './pods.ts';
import { stamped } from './stamp.ts';
import { TimedMemory } from './timed-memory.ts';

/** No cache holds a Secret of the user's, so each is asked for: this often at most. */
const READ_AGAIN_MS = 5_000;
/** Where nothing is wrong: how late a changed password is noticed. */
const GOOD_AGAIN_MS = 30_000;

export interface KeptSecrets {
  readonly applied: Applied<unknown>;
  readonly violations: ReadonlyMap<string, readonly Violation[]>;
  /** Milliseconds until they are to be read again; undefined: none are named. */
  readonly againMs: number | undefined;
}

export class DestinationSecretsKeeper {
  readonly #api: KubeApi;
  readonly #applier: Applier;
  /** By namespace and name; null: there was none. */
  readonly #read: TimedMemory<Secret | null>;

  constructor(options: {
    readonly api: KubeApi;
    readonly applier: Applier;
    readonly clock: Clock;
  }) {
    this.#api = options.api;
    this.#applier = options.applier;
    this.#read = new TimedMemory(options.clock, READ_AGAIN_MS);
  }

  async keep(input: {
    readonly subject: Subject;
    readonly eventSubscriptions: readonly SnapshotEventSubscription[];
    readonly pods: readonly Pod[];
  }): Promise<KeptSecrets> {
    const { subject, eventSubscriptions, pods } = input;
    const uses = secretUses(eventSubscriptions);
    const { owner, names } = subject;
    // Where none is named any more, what was handed over is taken back.
    const found = await this.#find(subject, uses.length > 0);
    if (found === undefined) {
      return { applied: success(undefined), violations: new Map(), againMs: undefined };
    }
    const secrets = new Map<string, Secret>();
    for (const name of new Set(uses.map(({ secret }) => secret))) {
      const secret = await this.#secret(owner.metadata.namespace ?? '', name);
      if (secret !== null) secrets.set(name, secret);
    }
    const { file, violations } = destinationSecrets(uses, secrets);
    const againMs = violations.size > 0 ? READ_AGAIN_MS : GOOD_AGAIN_MS;
    if (!found.ok) return { applied: found, violations, againMs };
    const desired = stamped(destinationSecretsObject({ owner, names }, file));
    const applied = await this.#applier.put(SECRETS, desired, found.value);
    if (applied.ok) await this.#mark(pods, applied.value.metadata.resourceVersion);
    return { applied, violations, againMs: uses.length > 0 ? againMs : undefined };
  }

  /** Undefined: nothing is named, and nothing was handed over. */
  async #find(subject: Subject, needed: boolean): Promise<Applied<Secret | undefined> | undefined> {
    const { owner, names } = subject;
    if (!needed && owner.spec.routeTopicRef === undefined) return undefined;
    const found = await this.#applier.find<Secret>(SECRETS, names.destinationSecrets, subject);
    return !needed && found.ok && found.value === undefined ? undefined : found;
  }

  #secret(namespace: string, name: string): Promise<Secret | null> {
    return this.#read.getOr(`${namespace}/${name}`, async () => {
      return (await this.#api.get<Secret>(SECRETS, { namespace, name })) ?? null;
    });
  }

  async #mark(pods: readonly Pod[], version: string | undefined): Promise<void> {
    for (const { metadata } of pods) {
      const { name, namespace = '', annotations, deletionTimestamp } = metadata;
      if (deletionTimestamp !== undefined) continue;
      if (annotations?.[DESTINATIONS_ANNOTATION] === version) continue;
      const patch = { metadata: { annotations: { [DESTINATIONS_ANNOTATION]: version } } };
      try {
        await this.#api.patch(PODS, { namespace, name }, patch);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}
