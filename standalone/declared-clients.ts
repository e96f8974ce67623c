import { nameOf, resourceKey } from '../domain/resources.ts';
import type { CertificateSubject } from '../domain/resources.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { FileFault } from '../manifests/manifest-files.ts';
import { openManifests, resourceOf } from '../manifests/manifests.ts';

export interface DeclaredClient {
  /** `metadata.name` of the MqttNamespace. */
  readonly namespace: string;
  readonly name: string;
  readonly subject: CertificateSubject;
}

export interface DeclaredClients {
  readonly clients: readonly DeclaredClient[];
  /** Keys of the Clients that are known by a thumbprint, which no new certificate can have. */
  readonly byThumbprint: readonly string[];
  /** How many violations the manifests have; what they concern may be missing here. */
  readonly violations: number;
}

/** The Clients that the manifests of a folder declare, whether or not the rules admit them. */
export function declaredClients(folder: string): Result<DeclaredClients, FileFault> {
  const { set, fault } = openManifests(folder).load();
  if (fault !== undefined) return failure(fault);
  const clients: DeclaredClient[] = [];
  const byThumbprint: string[] = [];
  for (const object of set.objects) {
    if (object.refused) continue;
    const resource = resourceOf(object, '');
    if (resource.kind !== 'Client') continue;
    const { authentication, namespaceRef } = resource.spec;
    const subject = authentication.certificateSubject;
    if (subject === undefined) byThumbprint.push(resourceKey(resource));
    else clients.push({ namespace: namespaceRef.name, name: nameOf(resource), subject });
  }
  return success({ clients, byThumbprint, violations: set.violations.length });
}
