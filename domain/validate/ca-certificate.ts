import { byIdentity } from '../by-identity.ts';
import type { CertificateFacts, ReadCertificate } from '../certificate.ts';
import { decodePem } from '../pem.ts';
import { nameOf, type ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { SnapshotCaCertificate } from '../snapshot.ts';
import { printTime, quote } from '../text.ts';
import type { Violation } from '../violation.ts';
import { objectOf, REFERENCE, TEXT } from './shape.ts';
import { NAME_AND_DESCRIPTION, nameViolations, shapeFault, type Validated } from './validation.ts';

const SHAPE = objectOf({ namespaceRef: REFERENCE, encodedCertificate: TEXT }, NAME_AND_DESCRIPTION);

export interface CertificateContext {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly nowMs: number;
  readonly readCertificate: ReadCertificate;
}

export function validateCaCertificate(
  resource: ResourceOf<'CaCertificate'>,
  { nowMs, readCertificate }: CertificateContext,
): Validated<SnapshotCaCertificate> {
  const malformed = shapeFault(SHAPE, resource.spec);
  if (malformed !== undefined) return malformed;
  const reading = read(resource, readCertificate);
  const fault = reading.ok ? certificateFault(reading.facts, nowMs) : reading.fault;
  const violations = [...nameViolations(resource)];
  if (fault !== undefined) {
    const field = ['spec', 'encodedCertificate'];
    violations.push({ field, reason: 'InvalidCertificate', ...fault });
  }
  if (!reading.ok || violations.length > 0) return failure(violations);
  return success(reading.value);
}

/** What an object says at any time, of a spec that has the right shape. */
const read = byIdentity(
  (resource: ResourceOf<'CaCertificate'>, readCertificate: ReadCertificate) => {
    const certificate = decodePem(resource.spec.encodedCertificate);
    if (!certificate.ok) return certificate;
    const value: SnapshotCaCertificate = {
      name: nameOf(resource),
      certificate: certificate.value,
    };
    return { ...success(value), facts: readCertificate(certificate.value) };
  },
);

function certificateFault(
  facts: CertificateFacts | undefined,
  nowMs: number,
): Pick<Violation, 'message' | 'remedy'> | undefined {
  if (facts === undefined) {
    return {
      message: 'is PEM, but what it holds is not an X.509 certificate',
      remedy: 'copy the certificate anew',
    };
  }
  const subject = quote(facts.subject);
  if (!facts.certificateAuthority) {
    return {
      message: `the certificate of ${subject} is not a certificate authority's`,
      remedy:
        'register the root or intermediate certificate that clients are issued under; a ' +
        "self-signed client is known by its Client's authentication.certificateThumbprint",
    };
  }
  if (nowMs < facts.validFromMs) {
    return {
      message: `the certificate of ${subject} is not valid before ${printTime(facts.validFromMs)}`,
      remedy: 'register a certificate that is valid now, or mend the clock',
    };
  }
  if (nowMs > facts.validToMs) {
    return {
      message: `the certificate of ${subject} expired at ${printTime(facts.validToMs)}`,
      remedy: 'register the certificate that replaces it',
    };
  }
  return undefined;
}
