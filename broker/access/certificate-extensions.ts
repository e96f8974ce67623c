import type { X509Certificate } from 'node:crypto';
import { DerReader, Tag } from './der.ts';

/** What a path needs of a certificate's extensions and node:crypto does not tell. */
export interface CertificateExtensions {
  /** How many intermediates may stand below this authority; Infinity: as many as one likes. */
  readonly pathLength: number;
  /**
   * A critical extension that nobody here understands: such a certificate must be refused
   * (RFC 5280, section 4.2). Name constraints are one, and so they are never passed over.
   */
  readonly unknownCritical: string | undefined;
}

const BASIC_CONSTRAINTS = '2.5.29.19';

/** Critical extensions that are honoured: here, by `checkIssued` or by `keyUsage`. */
const UNDERSTOOD = new Set([
  BASIC_CONSTRAINTS,
  '2.5.29.15', // key usage
  '2.5.29.37', // extended key usage
  '2.5.29.17', // subject alternative name: identities that nobody here asks for
]);

const UNREADABLE: CertificateExtensions = { pathLength: 0, unknownCritical: 'unreadable DER' };

/** The tag of the extensions within a certificate's content (RFC 5280, section 4.1). */
const EXTENSIONS_TAG = 0xa3;

/** Authorities and intermediates are asked about again and again. */
const known = new WeakMap<X509Certificate, CertificateExtensions>();

/** For a certificate that is kept. */
export function readExtensions(certificate: X509Certificate): CertificateExtensions {
  let extensions = known.get(certificate);
  if (extensions === undefined) {
    extensions = parseExtensions(certificate.raw);
    known.set(certificate, extensions);
  }
  return extensions;
}

/** Of a certificate in DER. */
export function parseExtensions(certificate: Buffer): CertificateExtensions {
  try {
    const whole = new DerReader(certificate).expect(Tag.Sequence);
    whole.finish();
    const content = whole.inner().expect(Tag.Sequence).inner();
    while (content.next()) {
      if (content.tag === EXTENSIONS_TAG) return readAll(content.inner().expect(Tag.Sequence));
    }
    return { pathLength: Infinity, unknownCritical: undefined };
  } catch {
    // OpenSSL could read it and we could not: refused rather than half understood.
    return UNREADABLE;
  }
}

function readAll(list: DerReader): CertificateExtensions {
  let pathLength: number | undefined;
  let unknownCritical: string | undefined;
  const extensions = list.inner();
  while (extensions.next()) {
    const { identifier, critical, value } = readExtension(extensions);
    if (identifier === BASIC_CONSTRAINTS) pathLength ??= readPathLength(value);
    if (critical && !UNDERSTOOD.has(identifier)) unknownCritical ??= identifier;
  }
  return { pathLength: pathLength ?? Infinity, unknownCritical };
}

interface Extension {
  readonly identifier: string;
  readonly critical: boolean;
  /** At the OCTET STRING that holds it. */
  readonly value: DerReader;
}

function readExtension(extensions: DerReader): Extension {
  if (extensions.tag !== Tag.Sequence) throw new TypeError('an extension is no SEQUENCE');
  const parts = extensions.inner();
  const identifier = parts.expect(Tag.ObjectIdentifier).objectIdentifier;
  parts.next();
  const critical = parts.tag === Tag.Boolean && parts.isTrue;
  if (parts.tag === Tag.Boolean) parts.next();
  if (parts.tag !== Tag.OctetString) throw new TypeError('an extension has no value');
  parts.finish();
  return { identifier, critical, value: parts };
}

function readPathLength(basicConstraints: DerReader): number {
  const parts = basicConstraints.inner().expect(Tag.Sequence).inner();
  let more = parts.next();
  if (more && parts.tag === Tag.Boolean) more = parts.next();
  if (!more) return Infinity;
  if (parts.tag !== Tag.Integer) throw new TypeError('basic constraints hold something else');
  parts.finish();
  return parts.unsigned;
}
