import type { X509Certificate } from 'node:crypto';
import { readExtensions } from './certificate-extensions.ts';
import type { Validity } from './certificate-facts.ts';
import { validityOf } from './certificate-facts.ts';

/** Intermediates between a client's certificate and a registered authority. */
const INTERMEDIATES_MAX = 4;
/** Certificates of a client's chain that are looked at; the rest are not part of a short path. */
const CHAIN_CERTIFICATES_MAX = 8;
/** Signatures checked for one client: what a hostile chain may cost. */
const SIGNATURE_CHECKS_MAX = 16;

/**
 * The certificate whose key made the signature of another, where that was checked. Both are what
 * they are, so it holds for as long as both objects do.
 */
const signers = new WeakMap<X509Certificate, X509Certificate>();

export function knownSignerOf(certificate: X509Certificate): X509Certificate | undefined {
  return signers.get(certificate);
}

/** For another object of the same certificate: its signature need not be checked again. */
export function rememberSigner(certificate: X509Certificate, signer: X509Certificate): void {
  signers.set(certificate, signer);
}

/** Undefined: a path exists. Otherwise why there is none, for the log. */
export type PathRefusal = string | undefined;

interface Search {
  readonly intermediates: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  readonly nowMs: number;
  signatureChecks: number;
  /** Undefined: there is none but that nobody issued it. */
  refusal: PathRefusal;
}

/**
 * Whether `chain[0]` was issued, directly or by intermediates that the client sent with it, under a
 * registered authority, which may be an intermediate itself. (Node's TLS server cannot be told to
 * accept such an anchor, and on a resumed session it checks nothing; so we look ourselves.)
 */
export function findPath(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): PathRefusal {
  if (authorities.length === 0) return 'no CaCertificate is registered';
  const search: Search = {
    intermediates: chain.slice(1, CHAIN_CERTIFICATES_MAX),
    authorities,
    nowMs,
    signatureChecks: 0,
    refusal: undefined,
  };
  if (climb(search, chain[0]!, 0)) return undefined;
  return search.refusal ?? `no registered CaCertificate issued ${issuerOf(chain[0]!)}`;
}

function climb(search: Search, certificate: X509Certificate, below: number): boolean {
  if (search.authorities.some((authority) => issues(search, authority, certificate, below))) {
    return true;
  }
  if (below === INTERMEDIATES_MAX) return false;
  return search.intermediates.some(
    (intermediate) =>
      intermediate !== certificate &&
      issues(search, intermediate, certificate, below) &&
      climb(search, intermediate, below + 1),
  );
}

/** Whether `issuer` signed `certificate` and may: RFC 5280, section 6.1.4. */
function issues(
  search: Search,
  issuer: X509Certificate,
  certificate: X509Certificate,
  below: number,
): boolean {
  if (signers.get(certificate) !== issuer && !isSignedBy(search, issuer, certificate)) return false;
  const refusal = refuseAuthority(issuer, below, search.nowMs);
  if (refusal !== undefined) search.refusal = `${issuerOf(certificate)} ${refusal}`;
  return refusal === undefined;
}

function isSignedBy(
  search: Search,
  issuer: X509Certificate,
  certificate: X509Certificate,
): boolean {
  // Names, key identifiers and the right to sign certificates.
  if (!certificate.checkIssued(issuer)) return false;
  if (++search.signatureChecks > SIGNATURE_CHECKS_MAX) {
    search.refusal = `more than ${SIGNATURE_CHECKS_MAX} signatures would have to be checked`;
    return false;
  }
  if (!certificate.verify(issuer.publicKey)) return false;
  signers.set(certificate, issuer);
  return true;
}

/** Why it may not issue a certificate with so many below it; undefined: it may. */
export function refuseAuthority(
  issuer: X509Certificate,
  below: number,
  nowMs: number,
): PathRefusal {
  if (!issuer.ca) return 'is not a certificate authority';
  const invalid = refuseValidity(validityOf(issuer), nowMs);
  if (invalid !== undefined) return invalid;
  const { pathLength, unknownCritical } = readExtensions(issuer);
  if (unknownCritical !== undefined) {
    return `has a critical extension that is not understood (${unknownCritical})`;
  }
  return below > pathLength ? `allows ${pathLength} intermediates below itself` : undefined;
}

/** Undefined: the certificate is valid at this time. */
export function refuseValidity({ fromMs, toMs }: Validity, nowMs: number): PathRefusal {
  if (nowMs < fromMs) return `is valid only from ${new Date(fromMs).toISOString()}`;
  if (nowMs > toMs) return `expired at ${new Date(toMs).toISOString()}`;
  return undefined;
}

function issuerOf(certificate: X509Certificate): string {
  return JSON.stringify(certificate.issuer.replaceAll('\n', ', '));
}
