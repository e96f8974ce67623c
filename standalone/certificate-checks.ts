/** What may be wrong with certificates that were there before. */
import { isIP } from 'node:net';
import type { X509Certificate } from 'node:crypto';
import type { CertificateSubject } from '../domain/resources.ts';
import { quote } from '../domain/text.ts';
import { CertificateFileError, renewal } from './certificate-pair.ts';
import type { Pair, PairFiles } from './certificate-pair.ts';

/** Time enough to notice the warning and to hand out new certificates. */
const EXPIRES_SOON_MS = 30 * 24 * 60 * 60 * 1000;

export interface CheckContext {
  readonly files: PairFiles;
  /** The authorities in the folder. */
  readonly authorities: readonly Pair[];
  readonly nowMs: number;
}

/**
 * Warnings.
 * @throws CertificateFileError where what it issues could not be verified
 */
export function checkAuthority(pair: Pair, context: CheckContext): string[] {
  const { files, authorities } = context;
  if (!pair.certificate.ca) {
    throw new CertificateFileError(
      `${files.certificateFile} is not the certificate of an authority: ` +
        `place one with basicConstraints CA:TRUE there, or ${renewal(files)}`,
    );
  }
  const stray = issuerWarnings(pair, files, authorities);
  if (stray[0] !== undefined) throw new CertificateFileError(stray[0]);
  return validityWarnings(pair, context);
}

/**
 * Warnings. One that another authority issued is one: its peers may know that authority.
 * @throws CertificateFileError where it is not valid now
 */
export function checkLeaf(pair: Pair, context: CheckContext): string[] {
  return [
    ...issuerWarnings(pair, context.files, context.authorities),
    ...validityWarnings(pair, context),
  ];
}

function issuerWarnings(pair: Pair, files: PairFiles, authorities: readonly Pair[]): string[] {
  const { certificate } = pair;
  if (authorities.some((authority) => isIssuedBy(certificate, authority.certificate))) return [];
  return [
    `${files.certificateFile} was issued by ${quote(oneLine(certificate.issuer))}, which is no ` +
      `authority in this folder: who trusts its ca.crt alone will refuse it; ${renewal(files)}`,
  ];
}

function validityWarnings(pair: Pair, context: CheckContext): string[] {
  const { files, nowMs } = context;
  const validFromMs = pair.certificate.validFromDate.getTime();
  const validToMs = pair.certificate.validToDate.getTime();
  if (nowMs < validFromMs) {
    throw new CertificateFileError(
      `${files.certificateFile} is not valid before ${day(validFromMs)}, ` +
        `and it is ${day(nowMs)}: set this machine's clock right, or ${renewal(files)}`,
    );
  }
  if (nowMs >= validToMs) {
    throw new CertificateFileError(
      `${files.certificateFile} expired on ${day(validToMs)}: ${renewal(files)}`,
    );
  }
  if (pair.created || validToMs - nowMs > EXPIRES_SOON_MS) return [];
  return [`${files.certificateFile} expires on ${day(validToMs)}: ${renewal(files)}`];
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function oneLine(distinguishedName: string): string {
  return distinguishedName.split('\n').join(', ');
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

export function hostWarnings(pair: Pair, files: PairFiles, hosts: readonly string[]): string[] {
  const missing = hosts.filter((host) => !covers(pair.certificate, host));
  if (missing.length === 0) return [];
  return [
    `${files.certificateFile} does not cover ${missing.join(', ')}: ` +
      `clients that connect to it there will refuse it; ${renewal(files)}`,
  ];
}

function covers(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  // A name with a wildcard is looked up as some name that it stands for.
  return certificate.checkHost(host.replace(/^\*/, 'any')) !== undefined;
}

const SUBJECT_FIELDS = [
  ['commonName', 'CN'],
  ['organization', 'O'],
  ['organizationUnit', 'OU'],
  ['countryCode', 'C'],
] as const;

/** What a broker would find missing in it; fields that are not given may be anything. */
export function subjectFault(pair: Pair, subject: CertificateSubject): string | undefined {
  const actual = new Map(Object.entries(pair.certificate.toLegacyObject().subject));
  for (const [field, attribute] of SUBJECT_FIELDS) {
    const wanted = subject[field];
    const found = actual.get(attribute);
    if (wanted !== undefined && found !== wanted) {
      const has = typeof found === 'string' ? quote(found) : 'not one';
      return `has the ${field} ${has}, and ${quote(wanted)} is declared`;
    }
  }
  return undefined;
}
