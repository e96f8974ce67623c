/**
 * So that a folder without certificates can be tried at once: a development CA for MqttNamespaces
 * that register none, and a certificate for each of their clients.
 */
import { resourceKey } from '../domain/resources.ts';
import type { Resource, ResourceOf } from '../domain/resources.ts';
import type { Snapshot, SubjectRequirement } from '../domain/snapshot.ts';

/** Clients of a MqttNamespace that get a certificate; `mqttgrid certs` makes those of more. */
export const DEVELOPMENT_CLIENTS_MAX = 100;

const NAME = 'mqttgrid-development';

function ownerOf(object: Resource): string | undefined {
  return 'namespaceRef' in object.spec ? object.spec.namespaceRef.name : undefined;
}

function authenticatesBySubject(object: Resource): boolean {
  return object.kind === 'Client' && object.spec.authentication.certificateSubject !== undefined;
}

/**
 * MqttNamespaces with clients that authenticate by subject, whom nobody could ever admit because
 * no CaCertificate is declared for them. One that is refused counts as declared: it shows what is
 * meant, and what is meant is not this.
 */
export function namespacesWithoutAuthority(
  declared: readonly Resource[],
): ResourceOf<'MqttNamespace'>[] {
  const resources = declared.filter(({ refusedFor }) => refusedFor === undefined);
  const unsure = new Set(
    declared
      .filter(({ kind, refusedFor }) => kind === 'CaCertificate' && refusedFor !== undefined)
      .map(({ metadata }) => metadata.namespace),
  );
  const ownerKey = (object: Resource): string => `${object.metadata.namespace}/${ownerOf(object)}`;
  const ownersOf = (objects: readonly Resource[]): Set<string> => new Set(objects.map(ownerKey));
  const registered = ownersOf(resources.filter(({ kind }) => kind === 'CaCertificate'));
  const needed = ownersOf(resources.filter(authenticatesBySubject));
  return resources.filter((object): object is ResourceOf<'MqttNamespace'> => {
    const { name, namespace } = object.metadata;
    const key = `${namespace}/${name}`;
    const without = !unsure.has(namespace) && !registered.has(key) && needed.has(key);
    return object.kind === 'MqttNamespace' && without;
  });
}

/** The development CA as an object of the MqttNamespace; `taken` are the keys that are declared. */
export function developmentCaCertificate(
  namespace: ResourceOf<'MqttNamespace'>,
  encodedCertificate: string,
  taken: ReadonlySet<string>,
): ResourceOf<'CaCertificate'> {
  const { metadata } = namespace;
  const named = (name: string): ResourceOf<'CaCertificate'> => ({
    kind: 'CaCertificate',
    metadata: { ...metadata, name },
    spec: { namespaceRef: { name: metadata.name }, name: NAME, encodedCertificate },
  });
  const plain = named(NAME);
  return taken.has(resourceKey(plain)) ? named(`${NAME}.${metadata.name}`) : plain;
}

export interface DevelopmentClient {
  readonly name: string;
  readonly subject: SubjectRequirement;
}

/** The first ones by name of those that a certificate can be made for. */
export function developmentClientsOf(snapshot: Snapshot): {
  readonly clients: readonly DevelopmentClient[];
  readonly leftOut: number;
} {
  const all = snapshot.clients.flatMap(({ name, credential }) =>
    credential.type === 'CertificateSubject' ? [{ name, subject: credential.subject }] : [],
  );
  return {
    clients: all.slice(0, DEVELOPMENT_CLIENTS_MAX),
    leftOut: Math.max(0, all.length - DEVELOPMENT_CLIENTS_MAX),
  };
}
