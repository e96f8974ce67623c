import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
} from '@peculiar/asn1-x509';
import type { SubjectPublicKeyInfo, TBSCertificate } from '@peculiar/asn1-x509';
import { quote } from '../domain/text.ts';
import { IssueError } from './issue-error.ts';

/** What a certificate is for, which decides its extensions. */
export type Purpose =
  | { readonly kind: 'authority'; readonly pathLength?: number | undefined }
  | { readonly kind: 'server'; readonly hosts: readonly string[]; readonly enciphersKeys: boolean }
  | { readonly kind: 'client' };

export function extensionsFor(
  purpose: Purpose,
  subjectKeyId: ArrayBuffer,
  authorityKeyId: ArrayBuffer,
): Extensions {
  const authority = purpose.kind === 'authority';
  const extensions = [
    extension(id_ce_basicConstraints, basicConstraints(purpose), true),
    extension(id_ce_keyUsage, new KeyUsage(keyUsage(purpose)), true),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(subjectKeyId)),
    extension(
      id_ce_authorityKeyIdentifier,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(authorityKeyId) }),
    ),
  ];
  if (!authority) {
    const usage = purpose.kind === 'server' ? id_kp_serverAuth : id_kp_clientAuth;
    extensions.push(extension(id_ce_extKeyUsage, new ExtendedKeyUsage([usage])));
  }
  if (purpose.kind === 'server') {
    extensions.push(
      extension(id_ce_subjectAltName, new SubjectAlternativeName(purpose.hosts.map(hostName))),
    );
  }
  return new Extensions(extensions);
}

/** The leftmost 160 bits of the SHA-256 of the public key: RFC 7093, 2, method 1. */
export function keyIdentifier(publicKey: SubjectPublicKeyInfo): ArrayBuffer {
  const digest = createHash('sha256').update(new Uint8Array(publicKey.subjectPublicKey)).digest();
  return Uint8Array.from(digest.subarray(0, 20)).buffer;
}

/**
 * How an authority states its own key's identifier, which need not be how we compute ours: what it
 * issues must repeat it (RFC 5280, 4.2.1.1).
 */
export function statedKeyIdentifier(authority: TBSCertificate): ArrayBuffer {
  const stated = authority.extensions?.find((each) => each.extnID === id_ce_subjectKeyIdentifier);
  if (stated === undefined) return keyIdentifier(authority.subjectPublicKeyInfo);
  return AsnConvert.parse(stated.extnValue.buffer, SubjectKeyIdentifier).buffer;
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({
    extnID,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

function basicConstraints(purpose: Purpose): BasicConstraints {
  if (purpose.kind !== 'authority') return new BasicConstraints({ cA: false });
  const { pathLength } = purpose;
  if (pathLength === undefined) return new BasicConstraints({ cA: true });
  return new BasicConstraints({ cA: true, pathLenConstraint: pathLength });
}

function keyUsage(purpose: Purpose): number {
  if (purpose.kind === 'authority') {
    return KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature;
  }
  const enciphersKeys = purpose.kind === 'server' && purpose.enciphersKeys;
  return KeyUsageFlags.digitalSignature | (enciphersKeys ? KeyUsageFlags.keyEncipherment : 0);
}

const DNS_NAME_LENGTH_MAX = 253;
const DNS_LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** Whether a certificate can state it. A wildcard is one. */
export function isDnsName(host: string): boolean {
  if (host.length > DNS_NAME_LENGTH_MAX) return false;
  const labels = host.split('.');
  // Clients take a wildcard only in front of two labels or more: never for all of a "com".
  const wildcard = labels[0] === '*' && labels.length > 2;
  return labels.slice(wildcard ? 1 : 0).every((label) => DNS_LABEL.test(label));
}

function hostName(host: string): GeneralName {
  if (isIP(host) !== 0 && !host.includes('%')) return new GeneralName({ iPAddress: host });
  if (isDnsName(host)) return new GeneralName({ dNSName: host });
  throw new IssueError(
    `${quote(host)} is no host for a server's certificate: give a DNS name ` +
      '("broker.example.com", "*.example.com") or an IP address, without a port',
  );
}
