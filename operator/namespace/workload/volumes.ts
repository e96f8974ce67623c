/** The claims of the pods' volumes: who deletes them, and what may still be changed about them. */
import type { V1PersistentVolumeClaimSpec } from '@kubernetes/client-node';
import { quote } from '../../../domain/text.ts';
import { isNotFound } from '../../../kube/kube-api.ts';
import type { KubeApi, KubeObject } from '../../../kube/kube-api.ts';
import { refusalOf } from './applier.ts';
import type { ApplierOptions } from './applier.ts';
import { ownerReference } from './labels.ts';
import type { Owner } from './labels.ts';
import { claimName } from './names.ts';
import { CLAIMS, STORAGE_CLASSES } from './owned-types.ts';
import type { OwnedObjects } from './owned-types.ts';
import { deletePod } from './pods.ts';
import type { Pod } from './pods.ts';
import { quantityValue } from './quantity.ts';
import { CLAIM_ANNOTATION, claimHash, declaredSize, retainsVolumes } from './stateful-set.ts';
import { TimedMemory } from './timed-memory.ts';

export type Claim = KubeObject & {
  readonly spec?: V1PersistentVolumeClaimSpec;
  readonly status?: { readonly phase?: string };
};

type StorageClass = KubeObject & { readonly allowVolumeExpansion?: boolean };

/** A StorageClass that is changed to allow expansion is noticed this late. */
const EXPANSION_RETRY_MS = 60_000;

/** Nothing was found to stand in the way. */
const EXPANDED = '';

export class Volumes {
  readonly #api: KubeApi;
  readonly #owned: OwnedObjects;
  /** Why a claim was not expanded to a size. */
  readonly #expansions: TimedMemory<string>;

  constructor({ api, owned, clock }: Omit<ApplierOptions, 'ownerType'>) {
    this.#api = api;
    this.#owned = owned;
    this.#expansions = new TimedMemory(clock, EXPANSION_RETRY_MS);
  }

  /**
   * The garbage collector deletes a claim that the MqttNamespace owns after it; one that is to be
   * retained belongs to nobody. One of a namesake that was deleted is about to go with its data:
   * to own it, too, would keep it.
   */
  async keepOwner(claims: readonly Claim[], owner: Owner): Promise<void> {
    const reference = ownerReference(owner);
    const retain = retainsVolumes(owner);
    const kept = claims.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (const { metadata } of kept) {
      const { name, namespace = '', uid, resourceVersion, ownerReferences = [] } = metadata;
      const others = ownerReferences.filter((other) => other.uid !== reference.uid);
      if (others.some(({ kind }) => kind === reference.kind)) continue;
      const isOwned = others.length < ownerReferences.length;
      if (isOwned !== retain) continue;
      const wanted = retain ? others : [...others, reference];
      const patch = { metadata: { uid, resourceVersion, ownerReferences: wanted } };
      this.#owned.wrote(await this.#api.patch(CLAIMS, { namespace, name }, patch));
    }
  }

  /**
   * Deletes claims that were never bound and that ask for what is no longer declared, together
   * with the pods that wait for them: the StatefulSet makes both anew. What is bound has data.
   */
  async replaceUnbound(
    claims: readonly Claim[],
    pods: readonly Pod[],
    owner: Owner,
  ): Promise<void> {
    const wanted = claimHash(owner);
    const past = claims.filter(
      (claim) => isUnbound(claim) && claim.metadata.annotations?.[CLAIM_ANNOTATION] !== wanted,
    );
    for (const { metadata } of past) {
      const { name, namespace = '', uid = '', resourceVersion = '' } = metadata;
      // Of this state: a claim that is bound meanwhile is left alone.
      await this.#api.delete(CLAIMS, { namespace, name }, { uid, resourceVersion });
      const waiting = pods.filter((pod) => claimName(pod.metadata.name) === name);
      for (const pod of waiting) {
        if (pod.spec?.nodeName === undefined) await deletePod(this.#api, pod);
      }
    }
  }

  /** Asks for the declared size. Answers why a bound volume does not get it, for people. */
  async resize(claims: readonly Claim[], owner: Owner): Promise<readonly string[]> {
    const size = declaredSize(owner);
    const wanted = quantityValue(size) ?? 0;
    const notices: string[] = [];
    for (const claim of claims.filter(isBound)) {
      const asked = askedSize(claim);
      const value = quantityValue(asked) ?? 0;
      if (value === wanted) continue;
      const what = `spec.storage.size is ${size}, but the volume claim ${claim.metadata.name}`;
      if (value > wanted) {
        notices.push(`${what} has ${asked}, and a volume is never made smaller: keep ${asked}`);
        continue;
      }
      const key = `${claim.metadata.uid}/${size}`;
      const fault = await this.#expansions.getOr(key, () => this.#expand(claim, size));
      if (fault !== EXPANDED) notices.push(`${what} keeps ${asked}: ${fault}`);
    }
    return notices;
  }

  async #expand({ metadata, spec }: Claim, size: string): Promise<string> {
    const className = spec?.storageClassName ?? '';
    if (!(await this.#allowsExpansion(className))) {
      return (
        `its StorageClass ${quote(className)} does not allow expansion (allowVolumeExpansion); ` +
        'allow it there, or set the size back'
      );
    }
    const { name, namespace = '', uid = '' } = metadata;
    try {
      const patch = { metadata: { uid }, spec: { resources: { requests: { storage: size } } } };
      this.#owned.wrote(await this.#api.patch(CLAIMS, { namespace, name }, patch));
      return EXPANDED;
    } catch (error) {
      if (isNotFound(error)) return EXPANDED;
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return refusal;
    }
  }
  async #allowsExpansion(className: string): Promise<boolean> {
    // Volumes without a class were made by hand.
    if (className === '') return false;
    const found = await this.#api.get<StorageClass>(STORAGE_CLASSES, { name: className });
    return found?.allowVolumeExpansion === true;
  }
}

/** Never was bound, and is not about to be. */
function isUnbound({ metadata, spec, status }: Claim): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.phase === 'Pending' && spec?.volumeName === undefined;
}

function isBound({ spec }: Claim): boolean {
  return spec?.volumeName !== undefined;
}

function askedSize({ spec }: Claim): string {
  return spec?.resources?.requests?.['storage'] ?? '0';
}
