/** The Secrets with what a broker shows: to clients, and to the operator. */
import type { Issued } from '../../../certificates/issue.ts';
import { decoded, encoded } from '../../authority/authority-secret.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import type { Authority } from '../../authority/authority.ts';
import { renewAtMs } from '../../authority/leaf.ts';
import type { LeafRequest } from '../../authority/leaf.ts';
import { success } from '../../../domain/result.ts';
import type { Applied, Applier, Subject } from './applier.ts';
import { ownedMetadata } from './labels.ts';
import { SECRETS } from './owned-types.ts';
import { serverHosts } from './services.ts';
import type { Service } from './services.ts';
import type { BrokerSettings } from './settings.ts';
import { stamped } from './stamp.ts';

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

export interface CertificateKeeper {
  readonly applier: Applier;
  readonly authority: Authority;
}

/** Answers when the certificate is to be renewed, in milliseconds since the epoch. */
export async function keepCertificate(
  { applier, authority }: CertificateKeeper,
  subject: Subject,
  name: string,
  request: LeafRequest,
): Promise<Applied<number>> {
  const found = await applier.find<Secret>(SECRETS, name, subject);
  if (!found.ok) return found;
  const data = found.value?.data;
  const kept = data && {
    certificatePem: decoded(data['tls.crt']),
    privateKeyPem: decoded(data['tls.key']),
  };
  const issued = await authority.leaf(request, kept);
  const desired = certificateSecret(subject, name, issued, authority.trustPem);
  const put = await applier.put(SECRETS, stamped(desired), found.value);
  return put.ok ? success(renewAtMs(issued)) : put;
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
