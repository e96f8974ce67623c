/** Whom a change of declarations lets connect that could not before, and the reverse. */
import type {
  ClientCredential,
  Snapshot,
  SnapshotCaCertificate,
  SnapshotClient,
} from '../snapshot.ts';

/** Clients, sorted by name, that one cause lets in, keeps out, or asks for another certificate. */
export interface ConnectionChange {
  readonly change: 'Gained' | 'Lost' | 'Changed';
  readonly cause:
    | 'ClientAdded'
    | 'ClientEnabled'
    | 'ClientRemoved'
    | 'ClientDisabled'
    | 'AuthenticationChanged'
    | 'CaCertificateAdded'
    | 'CaCertificateRemoved';
  /** The name of the CaCertificate, where one is the cause: certificates under it are concerned. */
  readonly caCertificate?: string;
  readonly clients: readonly string[];
}

type Cause = Omit<ConnectionChange, 'clients'>;

export function connectionChanges(
  before: Snapshot | undefined,
  after: Snapshot | undefined,
): readonly ConnectionChange[] {
  const old = new Map(before?.clients.map((client) => [client.name, client]));
  const now = new Map(after?.clients.map((client) => [client.name, client]));
  const pairs = [...new Set([...old.keys(), ...now.keys()])].sort().map((client) => {
    const [was, is] = [old.get(client), now.get(client)];
    return { client, cause: causeOf(was, is), isSubject: hasSubject(was) && hasSubject(is) };
  });
  const byCause = Map.groupBy(pairs, ({ cause }) => JSON.stringify(cause));
  const ofClients = [...byCause.values()].flatMap((group) => {
    const cause = group[0]?.cause;
    return cause === undefined ? [] : { ...cause, clients: group.map(({ client }) => client) };
  });
  // A thumbprint is accepted whoever issued the certificate.
  const clients = pairs.flatMap(({ client, isSubject }) => (isSubject ? client : []));
  if (clients.length === 0) return ofClients;
  const [had, has] = [before?.caCertificates ?? [], after?.caCertificates ?? []];
  const lost = missingFrom(has, had).map((caCertificate) => {
    return { change: 'Lost', cause: 'CaCertificateRemoved', caCertificate, clients } as const;
  });
  const gained = missingFrom(had, has).map((caCertificate) => {
    return { change: 'Gained', cause: 'CaCertificateAdded', caCertificate, clients } as const;
  });
  return [...ofClients, ...lost, ...gained];
}

function causeOf(
  was: SnapshotClient | undefined,
  is: SnapshotClient | undefined,
): Cause | undefined {
  const [could, can] = [was, is].map((client) =>
    client?.state === 'Enabled' ? client : undefined,
  );
  if (could !== undefined && can !== undefined) {
    const isEqual = credentialText(could.credential) === credentialText(can.credential);
    return isEqual ? undefined : { change: 'Changed', cause: 'AuthenticationChanged' };
  }
  if (can !== undefined) {
    return { change: 'Gained', cause: was === undefined ? 'ClientAdded' : 'ClientEnabled' };
  }
  if (could === undefined) return undefined;
  return { change: 'Lost', cause: is === undefined ? 'ClientRemoved' : 'ClientDisabled' };
}

/** Which of two thumbprints is the primary one makes no difference. */
function credentialText(credential: ClientCredential): string {
  const isSubject = credential.type === 'CertificateSubject';
  return JSON.stringify(isSubject ? credential.subject : credential.thumbprints.toSorted());
}

function hasSubject(client: SnapshotClient | undefined): boolean {
  return client?.state === 'Enabled' && client.credential.type === 'CertificateSubject';
}

/** By certificate: what it is called lets nobody in. */
function missingFrom(
  other: readonly SnapshotCaCertificate[],
  own: readonly SnapshotCaCertificate[],
): readonly string[] {
  const known = new Set(other.map(({ certificate }) => certificate));
  return own.filter(({ certificate }) => !known.has(certificate)).map(({ name }) => name);
}
