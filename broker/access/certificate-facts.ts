import type { X509Certificate } from 'node:crypto';
import { parseExtensions } from './certificate-extensions.ts';

/** id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280, section 4.2.1.12). */
const CLIENT_USAGES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/**
 * What is judged of a client's certificate: all of it is in the certificate's own bytes, so none of
 * it can change, and it may be remembered by the certificate's fingerprint. Whether it is accepted
 * is none of it.
 */
export interface CertificateFacts {
  /** Of the whole certificate in DER. */
  readonly bytes: number;
  /** SHA-1 and SHA-256, in lower-case hexadecimal digits as they are declared. */
  readonly thumbprints: readonly [string, string];
  readonly isForClients: boolean;
  readonly unknownCritical: string | undefined;
  readonly validity: Validity;
  readonly subject: SubjectFacts;
  /**
   * The certificate whose key made its signature, once that was checked: neither changes. Whether
   * that one may issue, and whether it is registered, is asked anew each time.
   */
  signer: X509Certificate | undefined;
}

export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** By attribute; a list where the subject has several of it. */
export type SubjectFacts = Readonly<
  Record<'CN' | 'O' | 'OU' | 'C', string | readonly string[] | undefined>
>;

export function readFacts(certificate: X509Certificate): CertificateFacts {
  const { raw, fingerprint, fingerprint256 } = certificate;
  // Despite its name this is the extended key usage.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  return {
    bytes: raw.length,
    thumbprints: [thumbprintOf(fingerprint), thumbprintOf(fingerprint256)],
    isForClients: usages === undefined || CLIENT_USAGES.some((usage) => usages.includes(usage)),
    unknownCritical: parseExtensions(raw).unknownCritical,
    validity: validityOf(certificate),
    subject: subjectOf(certificate),
    signer: undefined,
  };
}

export function validityOf(certificate: X509Certificate): Validity {
  const { validFromDate, validToDate } = certificate;
  return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
}

function subjectOf(certificate: X509Certificate): SubjectFacts {
  // OpenSSL takes the distinguished name apart, so that no printed form has to be parsed here:
  // escapes, order and multi-valued parts are where others went wrong (CVE-2026-33248).
  const subject = certificate.toLegacyObject().subject as unknown as SubjectFacts;
  const { CN, O, OU, C } = subject;
  return { CN, O, OU, C };
}

function thumbprintOf(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
