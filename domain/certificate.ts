/** What the rules need to know of X.509 certificates. Who calls `domain/` parses them. */
import { failure, success, type Result } from './result.ts';
import { quote } from './text.ts';

export interface CertificateFacts {
  /** For people: `CN=Contoso Root, O=Contoso`. */
  readonly subject: string;
  /** Basic constraints: may issue certificates (RFC 5280, section 4.2.1.9). */
  readonly certificateAuthority: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Undefined: the bytes are not an X.509 certificate. Must not throw. */
export type ReadCertificate = (derBase64: string) => CertificateFacts | undefined;

export interface ThumbprintFault {
  readonly message: string;
  readonly remedy: string;
}

const SHA1_DIGITS = 40;
const SHA256_DIGITS = 64;
const HEXADECIMAL = /^[0-9a-f]+$/;

/** Lower-case hexadecimal digits without colons, of SHA-1 (40) or SHA-256 (64). */
export function normalizeThumbprint(text: string): Result<string, ThumbprintFault> {
  const digits = text.replaceAll(':', '').toLowerCase();
  const rightLength = digits.length === SHA1_DIGITS || digits.length === SHA256_DIGITS;
  if (rightLength && HEXADECIMAL.test(digits)) return success(digits);
  return failure({
    message:
      `${quote(text)} is not a thumbprint: it has ${SHA1_DIGITS} (SHA-1) or ` +
      `${SHA256_DIGITS} (SHA-256) hexadecimal digits, with or without colons`,
    remedy: 'take it from: openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE',
  });
}
