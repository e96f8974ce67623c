import { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../domain/certificate.ts';

/** Undefined: the text is not the base64 of one X.509 certificate in DER, and of nothing else. */
export function readCertificate(derBase64: string): CertificateFacts | undefined {
  const der = Buffer.from(derBase64, 'base64');
  const certificate = parse(der);
  // OpenSSL also takes PEM here, and ignores what follows a certificate.
  if (!certificate?.raw.equals(der)) return undefined;
  const validFromMs = certificate.validFromDate.getTime();
  const validToMs = certificate.validToDate.getTime();
  // With a date that is none, every comparison would be false, "has expired" among them.
  if (Number.isNaN(validFromMs) || Number.isNaN(validToMs)) return undefined;
  return {
    subject: certificate.subject.split('\n').join(', '),
    certificateAuthority: certificate.ca,
    validFromMs,
    validToMs,
  };
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
