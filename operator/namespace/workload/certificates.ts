/** The Secrets with what a broker shows: to clients, and to the operator. */
import type { Issued } from '../../../certificates/issue.ts';
import { decoded, encoded } from '../../authority/authority-secret.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import type { Authority } from '../../authority/authority.ts';
import { renewalTimeMs } from '../../authority/leaf.ts';
import type { LeafRequest } from '../../authority/leaf.ts';
import { success } from '../../../domain/result.ts';
import type { Clock } from '../../../control/clock.ts';
import type { Applied, Applier, Subject } from './applier.ts';
import { ownedMetadata } from './labels.ts';
import { SECRETS } from './owned-types.ts';
import { serverHosts } from './services.ts';
import type { Service } from './services.ts';
import type { BrokerSettings } from './settings.ts';
import { stamped } from './stamp.ts';
import { TimedMemory } from './timed-memory.ts';

export function certificateSecret(
  { owner, names }: Subject,
  name: string,
  issued: Issued,
  trustPem: string,
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(owner, names, name),
    type: 'kubernetes.io/tls',
    data: encoded({
      'tls.crt': issued.chainPem,
      'tls.key': issued.privateKeyPem,
      'ca.crt': trustPem,
    }),
  };
}

/** Each check costs a millisecond of cryptography, and nothing that is checked changes often. */
const CHECKED_MS = 60_000;

/** What a certificate was found to be good for. */
interface Checked {
  readonly secret: Secret;
  readonly request: string;
  readonly trustPem: string;
  readonly renewAtMs: number;
}

export class CertificateKeeper {
  readonly #applier: Applier;
  readonly #authority: Authority;
  readonly #clock: Clock;
  readonly #checked: TimedMemory<Checked>;

  constructor(applier: Applier, authority: Authority, clock: Clock) {
    this.#applier = applier;
    this.#authority = authority;
    this.#clock = clock;
    this.#checked = new TimedMemory(clock, CHECKED_MS);
  }

  /** Answers when the certificate is to be renewed, in milliseconds since the epoch. */
  async keep(subject: Subject, name: string, request: LeafRequest): Promise<Applied<number>> {
    const found = await this.#applier.find<Secret>(SECRETS, name, subject);
    if (!found.ok) return found;
    const secret = found.value;
    const renewAtMs = secret && this.#known(secret, request);
    if (renewAtMs !== undefined) return success(renewAtMs);
    return await this.#issue(subject, { name, request, secret });
  }

  async #issue(
    subject: Subject,
    wanted: {
      readonly name: string;
      readonly request: LeafRequest;
      readonly secret: Secret | undefined;
    },
  ): Promise<Applied<number>> {
    const { name, request, secret } = wanted;
    const { trustPem } = this.#authority;
    const data = secret?.data;
    const kept = data && {
      certificatePem: decoded(data['tls.crt']),
      privateKeyPem: decoded(data['tls.key']),
    };
    const issued = await this.#authority.leaf(request, kept);
    const desired = stamped(certificateSecret(subject, name, issued, trustPem));
    const put = await this.#applier.put(SECRETS, desired, secret);
    if (!put.ok) return put;
    const renewAtMs = renewalTimeMs(issued);
    const checked = { secret: put.value, request: JSON.stringify(request), trustPem, renewAtMs };
    this.#checked.set(keyOf(put.value), checked);
    return success(renewAtMs);
  }

  /** Undefined: it has to be looked at. */
  #known(secret: Secret, request: LeafRequest): number | undefined {
    const checked = this.#checked.get(keyOf(secret));
    // Caches hold another object whenever there is another state of it.
    if (checked?.secret !== secret || checked.trustPem !== this.#authority.trustPem) {
      return undefined;
    }
    if (checked.request !== JSON.stringify(request)) return undefined;
    return this.#clock.nowMs() < checked.renewAtMs ? checked.renewAtMs : undefined;
  }
}

function keyOf({ metadata }: Secret): string {
  return `${metadata.namespace}/${metadata.name}`;
}

export function serverRequest(
  { names }: Subject,
  service: Service,
  settings: BrokerSettings,
): LeafRequest {
  const hosts = serverHosts(service, settings);
  return { purpose: 'server', commonName: names.workload, hosts };
}

/** The operator knows a broker by its MqttNamespace's UID: a namesake's certificate is not it. */
export function controlRequest({ owner }: Subject): LeafRequest {
  const { uid = '', namespace = '' } = owner.metadata;
  return { purpose: 'client', commonName: uid, organization: namespace };
}
