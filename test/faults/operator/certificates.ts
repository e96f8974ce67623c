/** Certificates cost milliseconds each, and thousands of runs ask for the same ones. */
import type { Issued } from '../../../certificates/issue.ts';
import { authoritySecret } from '../../../operator/authority/authority-secret.ts';
import { newAuthority } from '../../../operator/authority/authority-state.ts';
import type { Authority } from '../../../operator/authority/authority.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { MODEL_EPOCH_MS, type ModelClock } from '../../support/kube-model/model-clock.ts';

/** By what was asked for. Bounded by what the workloads declare. */
const issued = new Map<string, Issued>();

/** The same authority; what it has issued before in this process, it has issued. */
export function issuedBefore(authority: Authority, clock: ModelClock): Authority {
  const leaf = authority.leaf.bind(authority);
  authority.leaf = async (request, kept) => {
    const key = JSON.stringify(request);
    const known = issued.get(key);
    const isKept = kept?.certificatePem === known?.chainPem;
    if (known !== undefined && (kept === undefined || isKept)) return known;
    if (kept !== undefined) return clock.hold(leaf(request, kept));
    const made = await clock.hold(leaf(request, kept));
    issued.set(key, made);
    return made;
  };
  return authority;
}

/** The Secret of an authority that all runs share. */
export async function sharedAuthority(namespace: string): Promise<KubeObject> {
  return authoritySecret(namespace, await newAuthority(MODEL_EPOCH_MS));
}
