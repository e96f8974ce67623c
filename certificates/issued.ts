import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A certificate together with its private key. */
export interface Issued {
  readonly certificatePem: string;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  /** The certificate and the intermediates above it, without the root: what TLS peers send. */
  readonly chainPem: string;
  /** 64 hexadecimal digits in capitals, as `certificateThumbprint` takes them. */
  readonly thumbprintSha256: string;
  /** 40 hexadecimal digits in capitals. */
  readonly thumbprintSha1: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text with the usual line breaks, in their order. */
export function splitPem(pem: string): string[] {
  return [...pem.matchAll(CERTIFICATE)].map(([text]) => `${text}\n`);
}

/** DER as PEM, 64 characters a line: RFC 7468, 2. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * What was issued before, read back.
 * @param chainPem the certificate, followed by the intermediates above it
 * @throws where one of them cannot be read, or the key is not the certificate's
 */
export function issuedFromPem(chainPem: string, privateKeyPem: string): Issued {
  const certificates = splitPem(chainPem);
  const certificatePem = certificates[0];
  if (certificatePem === undefined) throw new TypeError('the text holds no PEM certificate');
  const certificate = new X509Certificate(certificatePem);
  const privateKey = createPrivateKey(privateKeyPem);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TypeError('the private key is not the one of the certificate');
  }
  return describeIssued(certificate, certificates.join(''), privateKey);
}

export function describeIssued(
  certificate: X509Certificate,
  chainPem: string,
  privateKey: KeyObject,
): Issued {
  return {
    certificatePem: toPem('CERTIFICATE', certificate.raw),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem,
    thumbprintSha256: certificate.fingerprint256.replaceAll(':', ''),
    thumbprintSha1: certificate.fingerprint.replaceAll(':', ''),
  };
}

/** Whether it is a root: a name alone does not tell, an intermediate may share its issuer's. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}
