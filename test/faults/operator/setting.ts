/** What all runs of a process share, and how many of them there are. */
import { issueServerCertificate } from '../../../certificates/issue.ts';
import { encoded, readAuthority } from '../../../operator/authority/authority-secret.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { Random } from '../../hostile/random.ts';
import { MODEL_EPOCH_MS } from '../../support/kube-model/model-clock.ts';
import { sharedAuthority } from './certificates.ts';
import { OPERATOR_NAMESPACE } from './replica.ts';

export interface Setting {
  readonly authority: KubeObject;
  /** Data of a Secret of the user's. */
  readonly certificate: Readonly<Record<string, string>>;
}

export async function makeSetting(): Promise<Setting> {
  const authority = await sharedAuthority(OPERATOR_NAMESPACE);
  const { chainPem, privateKeyPem } = await issueServerCertificate({
    nowMs: MODEL_EPOCH_MS,
    issuer: readAuthority(authority).current,
    commonName: 'broker.example.com',
    hosts: ['broker.example.com'],
  });
  return { authority, certificate: encoded({ 'tls.crt': chainPem, 'tls.key': privateKeyPem }) };
}

/** The same plans in each run, so that what fails was broken by a change; another one hunts. */
export const SEED = process.env['MQTTGRID_SEED'] ?? '2';

/** Plans of a family, unless there are fewer: at 80 ms each, all families take a minute. */
const PLANS_DEFAULT = 100;

export const PLANS = Number(process.env['MQTTGRID_PLANS'] ?? PLANS_DEFAULT);

/** As many of them, whichever the seed picks. */
export function sample<Item>(items: readonly Item[], count: number, seed: string): Item[] {
  const random = new Random(seed);
  const left = [...items];
  const picked: Item[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(random.below(left.length), 1));
  }
  return picked;
}
