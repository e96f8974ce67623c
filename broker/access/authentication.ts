import { X509Certificate } from 'node:crypto';
import type { Snapshot, SnapshotClient, SubjectRequirement } from '../../domain/snapshot.ts';
import { findPath, refuseValidity } from './certificate-path.ts';
import { readExtensions } from './certificate-extensions.ts';

/** Undefined: the client may connect. Otherwise why not, for the log and never for the client. */
export type AuthenticationRefusal = string | undefined;

/** id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280, section 4.2.1.12). */
const CLIENT_USAGES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

export function parseAuthorities(snapshot: Snapshot): X509Certificate[] {
  return snapshot.caCertificates.map(
    ({ certificate }) => new X509Certificate(Buffer.from(certificate, 'base64')),
  );
}

/**
 * Whether the certificate satisfies what is declared of the client: specification, "Client
 * Authentication". `chain[0]` is the certificate whose key the peer proved to hold.
 */
export function refuseCertificate(
  client: SnapshotClient,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): AuthenticationRefusal {
  const leaf = chain[0]!;
  const { credential } = client;
  const unfit = refuseLeaf(leaf, nowMs);
  if (unfit !== undefined) return `the client's certificate ${unfit}`;
  if (credential.type === 'CertificateThumbprint') {
    return refuseThumbprint(leaf, credential.thumbprints);
  }
  return refuseSubject(leaf, credential.subject) ?? findPath(chain, authorities, nowMs);
}

function refuseLeaf(leaf: X509Certificate, nowMs: number): AuthenticationRefusal {
  // Despite its name this is the extended key usage.
  const usages: readonly string[] | undefined = leaf.keyUsage;
  if (usages !== undefined && !CLIENT_USAGES.some((usage) => usages.includes(usage))) {
    return 'is not meant for client authentication (extended key usage)';
  }
  const { unknownCritical } = readExtensions(leaf);
  if (unknownCritical !== undefined) {
    return `has a critical extension that is not understood (${unknownCritical})`;
  }
  return refuseValidity(leaf, nowMs);
}

function refuseThumbprint(
  leaf: X509Certificate,
  thumbprints: readonly string[],
): AuthenticationRefusal {
  const presented = [leaf.fingerprint, leaf.fingerprint256].map((fingerprint) =>
    fingerprint.replaceAll(':', '').toLowerCase(),
  );
  if (presented.some((thumbprint) => thumbprints.includes(thumbprint))) return undefined;
  return `the certificate's thumbprint ${presented[1]} is not one of those declared`;
}

const SUBJECT_FIELDS: readonly (readonly [keyof SubjectRequirement, string])[] = [
  ['commonName', 'CN'],
  ['organization', 'O'],
  ['organizationUnit', 'OU'],
  ['countryCode', 'C'],
];

function refuseSubject(leaf: X509Certificate, required: SubjectRequirement): AuthenticationRefusal {
  // OpenSSL takes the distinguished name apart, so that no printed form has to be parsed here:
  // escapes, order and multi-valued parts are where others went wrong (CVE-2026-33248).
  const subject = leaf.toLegacyObject().subject as unknown as Readonly<
    Record<string, string | string[]>
  >;
  for (const [field, attribute] of SUBJECT_FIELDS) {
    const expected = required[field];
    if (expected === undefined) continue;
    const presented = subject[attribute];
    if (Array.isArray(presented)) {
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
