/** Certificates that the authority signs: for servers, and for brokers as clients. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { issueClientCertificate, issueServerCertificate } from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { issuedFromPem } from '../../certificates/issued.ts';
import { timeAt, validityOf } from './authority-state.ts';

const LEAF_DAYS = 90;

/** A month is left then to whoever has to find out why it was not renewed. */
const RENEW_AT = 2 / 3;

export type LeafRequest =
  | {
      readonly purpose: 'server';
      readonly commonName: string;
      /** DNS names and IP addresses that clients connect to. */
      readonly hosts: readonly string[];
    }
  | {
      readonly purpose: 'client';
      readonly commonName: string;
      readonly organization: string;
    };

/** What is kept of one, in PEM. */
export interface KeptLeaf {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export function issueLeaf(request: LeafRequest, issuer: Issued, nowMs: number): Promise<Issued> {
  const period = { nowMs, validDays: LEAF_DAYS };
  if (request.purpose === 'server')
    return issueServerCertificate({ ...period, issuer, ...request });
  const { commonName, organization } = request;
  return issueClientCertificate({ ...period, issuer, subject: { commonName, organization } });
}

/** When to renew it. */
export function renewalTimeMs(leaf: Issued): number {
  return timeAt(validityOf(leaf.certificatePem), RENEW_AT);
}

/** Undefined: it does not serve any more, and another one is due. */
export function stillServing(
  kept: KeptLeaf,
  request: LeafRequest,
  issuer: Issued,
  nowMs: number,
): Issued | undefined {
  const leaf = readLeaf(kept);
  if (leaf === undefined || nowMs >= renewalTimeMs(leaf)) return undefined;
  const x509 = new X509Certificate(leaf.certificatePem);
  const authority = new X509Certificate(issuer.certificatePem);
  if (!x509.checkIssued(authority) || !x509.verify(authority.publicKey)) return undefined;
  return satisfies(x509, request) ? leaf : undefined;
}

function readLeaf({ certificatePem, privateKeyPem }: KeptLeaf): Issued | undefined {
  try {
    return issuedFromPem(certificatePem, privateKeyPem);
  } catch {
    // Whatever somebody made of it.
    return undefined;
  }
}

function satisfies(x509: X509Certificate, request: LeafRequest): boolean {
  const subject = new Set(x509.subject.split('\n'));
  if (!subject.has(`CN=${request.commonName}`)) return false;
  if (request.purpose === 'client') return subject.has(`O=${request.organization}`);
  // More names than wanted do no harm: an address that comes and goes is no reason to renew.
  const stated = new Set((x509.subjectAltName ?? '').split(', '));
  return request.hosts.every((host) =>
    isIP(host) === 0 ? stated.has(`DNS:${host}`) : x509.checkIP(host) !== undefined,
  );
}
