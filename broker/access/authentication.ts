import { X509Certificate } from 'node:crypto';
import type { Snapshot, SnapshotClient, SubjectRequirement } from '../../domain/snapshot.ts';
import type { CertificateFacts, SubjectFacts } from './certificate-facts.ts';
import {
  findPath,
  knownSignerOf,
  refuseAuthority,
  refuseValidity,
  rememberSigner,
} from './certificate-path.ts';
import type { PresentedCertificate } from './presented-certificates.ts';

/** Undefined: the client may connect. Otherwise why not, for the log and never for the client. */
export type AuthenticationRefusal = string | undefined;

/** What a certificate is judged by. */
export interface Judgement {
  readonly authorities: readonly X509Certificate[];
  readonly nowMs: number;
}

export function parseAuthorities(snapshot: Snapshot): X509Certificate[] {
  return snapshot.caCertificates.map(
    ({ certificate }) => new X509Certificate(Buffer.from(certificate, 'base64')),
  );
}

/**
 * Whether the certificate satisfies what is declared of the client: specification, "Client
 * Authentication". `leaf` is the certificate whose key the peer proved to hold, `presented` what
 * is known of it.
 */
export function refuseCertificate(
  { credential }: SnapshotClient,
  leaf: X509Certificate,
  presented: PresentedCertificate,
  judgement: Judgement,
): AuthenticationRefusal {
  const { facts } = presented;
  const unfit = refuseLeaf(facts, judgement.nowMs);
  if (unfit !== undefined) return `the client's certificate ${unfit}`;
  if (credential.type === 'CertificateThumbprint') {
    return refuseThumbprint(facts, credential.thumbprints);
  }
  return refuseSubject(facts.subject, credential.subject) ?? refusePath(leaf, presented, judgement);
}

function refuseLeaf(
  { isForClients, unknownCritical, validity }: CertificateFacts,
  nowMs: number,
): AuthenticationRefusal {
  if (!isForClients) return 'is not meant for client authentication (extended key usage)';
  if (unknownCritical !== undefined) {
    return `has a critical extension that is not understood (${unknownCritical})`;
  }
  return refuseValidity(validity, nowMs);
}

function refuseThumbprint(
  { thumbprints: presented }: CertificateFacts,
  thumbprints: readonly string[],
): AuthenticationRefusal {
  if (presented.some((thumbprint) => thumbprints.includes(thumbprint))) return undefined;
  return `the certificate's thumbprint ${presented[1]} is not one of those declared`;
}

const SUBJECT_FIELDS: readonly (readonly [keyof SubjectRequirement, keyof SubjectFacts])[] = [
  ['commonName', 'CN'],
  ['organization', 'O'],
  ['organizationUnit', 'OU'],
  ['countryCode', 'C'],
];

function refuseSubject(subject: SubjectFacts, required: SubjectRequirement): AuthenticationRefusal {
  for (const [field, attribute] of SUBJECT_FIELDS) {
    const expected = required[field];
    if (expected === undefined) continue;
    const presented = subject[attribute];
    if (typeof presented === 'object') {
      return `the certificate's subject has ${presented.length} ${attribute}; one is expected`;
    }
    if (presented !== expected) {
      return (
        `the certificate's ${attribute} is ${JSON.stringify(presented ?? '')}, ` +
        `declared is ${JSON.stringify(expected)}`
      );
    }
  }
  return undefined;
}

function refusePath(
  leaf: X509Certificate,
  { facts, intermediates }: PresentedCertificate,
  { authorities, nowMs }: Judgement,
): AuthenticationRefusal {
  const { signer } = facts;
  // The shortest path of all, and most clients'; whether it may be taken is asked each time.
  const isShort = signer !== undefined && authorities.includes(signer);
  if (isShort && refuseAuthority(signer, 0, nowMs) === undefined) return undefined;
  if (signer !== undefined) rememberSigner(leaf, signer);
  const refusal = findPath([leaf, ...intermediates], authorities, nowMs);
  facts.signer = knownSignerOf(leaf);
  return refusal;
}
