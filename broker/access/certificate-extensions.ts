import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';

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
const EXTENSIONS_TAG = 3;

/** Authorities, and the chains of clients that resume, are asked about again and again. */
const known = new WeakMap<X509Certificate, CertificateExtensions>();

/** Read with node-forge at a tenth of a typed reader's time: this happens at each CONNECT. */
export function readExtensions(certificate: X509Certificate): CertificateExtensions {
  let extensions = known.get(certificate);
  if (extensions === undefined) {
    extensions = parseExtensions(certificate);
    known.set(certificate, extensions);
  }
  return extensions;
}

function parseExtensions(certificate: X509Certificate): CertificateExtensions {
  try {
    const whole = forge.asn1.fromDer(forge.util.createBuffer(certificate.raw.toString('binary')));
    const content = children(children(whole)[0]!);
    const tagged = content.find(
      (part) =>
        part.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC &&
        (part.type as number) === EXTENSIONS_TAG,
    );
    const extensions = tagged === undefined ? [] : children(children(tagged)[0]!);
    return summarise(extensions.map(readExtension));
  } catch {
    // OpenSSL could read it and node-forge could not: refused rather than half understood.
    return UNREADABLE;
  }
}

interface Extension {
  readonly identifier: string;
  readonly critical: boolean;
  readonly value: string;
}

function readExtension(extension: forge.asn1.Asn1): Extension {
  const parts = children(extension);
  const identifier = forge.asn1.derToOid(parts[0]!.value as string);
  const critical = parts.length === 3 && (parts[1]!.value as string) !== '\0';
  return { identifier, critical, value: parts.at(-1)!.value as string };
}

function summarise(extensions: readonly Extension[]): CertificateExtensions {
  const constraints = extensions.find(({ identifier }) => identifier === BASIC_CONSTRAINTS);
  const unknown = extensions.find(
    ({ identifier, critical }) => critical && !UNDERSTOOD.has(identifier),
  );
  return {
    pathLength: constraints === undefined ? Infinity : readPathLength(constraints.value),
    unknownCritical: unknown?.identifier,
  };
}

function readPathLength(basicConstraints: string): number {
  const parts = children(forge.asn1.fromDer(basicConstraints));
  const length = parts.find((part) => part.type === forge.asn1.Type.INTEGER);
  return length === undefined
    ? Infinity
    : forge.util.createBuffer(length.value as string).getInt(8 * length.value.length);
}

function children(node: forge.asn1.Asn1): forge.asn1.Asn1[] {
  if (!Array.isArray(node.value)) throw new TypeError('a constructed ASN.1 value was expected');
  return node.value;
}
