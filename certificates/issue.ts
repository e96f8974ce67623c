/** Issues certificates: X.509 v3 as of RFC 5280. Pure but for keys and serial numbers. */
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  Certificate,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import type { Name } from '@peculiar/asn1-x509';
import type { CertificateSubject } from '../domain/resources.ts';
import { distinguishedName } from './distinguished-name.ts';
import { extensionsFor, keyIdentifier, statedKeyIdentifier } from './extensions.ts';
import type { Purpose } from './extensions.ts';
import { IssueError } from './issue-error.ts';
import { describeIssued, isSelfSigned, toPem } from './issued.ts';
import type { Issued } from './issued.ts';
import { generateKeys, mayEncipherKeys, signerWith } from './keys.ts';
import type { KeyAlgorithm, Signer } from './keys.ts';
import { validityPeriod } from './validity.ts';
import type { ValidityOptions, ValidityPeriod } from './validity.ts';

export type { Issued } from './issued.ts';
export type { KeyAlgorithm } from './keys.ts';

/** Bytes of a serial number: at most 20 are allowed (RFC 5280, 4.1.2.2), 126 random bits remain. */
const SERIAL_NUMBER_BYTES = 16;

const VALID_DAYS_DEFAULT = { authority: 3650, server: 365, client: 365 } as const;

export interface IssueOptions extends ValidityOptions {
  /** ECDSA P-256 unless said otherwise. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  /** Where serial numbers come from; keys always come from the operating system. */
  readonly randomBytes?: ((size: number) => Uint8Array) | undefined;
}

export interface CertificateAuthorityOptions extends IssueOptions {
  readonly commonName: string;
  readonly organization?: string | undefined;
  /** Without one, the authority is a root. */
  readonly issuer?: Issued | undefined;
  /** How many authorities may stand between this one and a leaf; unbounded unless given. */
  readonly pathLength?: number | undefined;
}

export interface ServerCertificateOptions extends IssueOptions {
  readonly issuer: Issued;
  readonly commonName: string;
  /** DNS names and IP addresses that clients connect to. At least one. */
  readonly hosts: readonly string[];
}

export interface ClientCertificateOptions extends IssueOptions {
  readonly issuer: Issued;
  readonly subject: CertificateSubject;
}

export interface SelfSignedOptions extends IssueOptions {
  readonly subject: CertificateSubject;
}

/** A root, or an intermediate where an issuer is given. */
export function issueCertificateAuthority(options: CertificateAuthorityOptions): Promise<Issued> {
  const { commonName, organization, issuer, pathLength } = options;
  const subject = { commonName, ...(organization === undefined ? {} : { organization }) };
  return issue(options, { subject, issuer, purpose: () => ({ kind: 'authority', pathLength }) });
}

/** @throws IssueError where there are no hosts, or one is neither a DNS name nor an IP address */
export function issueServerCertificate(options: ServerCertificateOptions): Promise<Issued> {
  const { commonName, hosts, issuer } = options;
  if (hosts.length === 0) {
    return Promise.reject(new IssueError("a server's certificate needs at least one host"));
  }
  return issue(options, {
    subject: { commonName },
    issuer,
    purpose: (key) => ({ kind: 'server', hosts, enciphersKeys: mayEncipherKeys(key) }),
  });
}

export function issueClientCertificate(options: ClientCertificateOptions): Promise<Issued> {
  const { subject, issuer } = options;
  return issue(options, { subject, issuer, purpose: () => ({ kind: 'client' }) });
}

/** A client's certificate without an authority, which a broker knows by its thumbprint. */
export function issueSelfSigned(options: SelfSignedOptions): Promise<Issued> {
  const { subject } = options;
  return issue(options, { subject, issuer: undefined, purpose: () => ({ kind: 'client' }) });
}

interface Request {
  readonly subject: CertificateSubject;
  readonly issuer: Issued | undefined;
  readonly purpose: (key: KeyObject) => Purpose;
}

async function issue(options: IssueOptions, request: Request): Promise<Issued> {
  const subject = distinguishedName(request.subject);
  const keys = await generateKeys(options.keyAlgorithm ?? 'ecdsa-p256');
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' });
  const subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo);
  const subjectKeyId = keyIdentifier(subjectPublicKeyInfo);
  const authority = request.issuer
    ? openAuthority(request.issuer)
    : { name: subject, keyId: subjectKeyId, privateKey: keys.privateKey, chainPem: '' };
  const signer = signerWith(authority.privateKey);
  const purpose = request.purpose(keys.publicKey);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(options.randomBytes ?? randomBytes),
    signature: signer.algorithm,
    issuer: authority.name,
    validity: validityOf(options, purpose, authority.period),
    subject,
    subjectPublicKeyInfo,
    extensions: extensionsFor(purpose, subjectKeyId, authority.keyId),
  });
  const der = signedBy(signer, tbsCertificate);
  const chainPem = toPem('CERTIFICATE', der) + authority.chainPem;
  return describeIssued(new X509Certificate(der), chainPem, keys.privateKey);
}

function validityOf(
  options: IssueOptions,
  purpose: Purpose,
  issuer: ValidityPeriod | undefined,
): Validity {
  const validDays = options.validDays ?? VALID_DAYS_DEFAULT[purpose.kind];
  const { notBeforeMs, notAfterMs } = validityPeriod({ ...options, validDays }, issuer);
  return new Validity({ notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) });
}

function signedBy(signer: Signer, tbsCertificate: TBSCertificate): Uint8Array {
  const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signer.algorithm,
    signatureValue: signer.sign(signed),
  });
  return new Uint8Array(AsnConvert.serialize(certificate));
}

interface Authority {
  readonly name: Name;
  readonly keyId: ArrayBuffer;
  /** Absent where a certificate is its own authority. */
  readonly period?: ValidityPeriod;
  readonly privateKey: KeyObject;
  /** What goes with each certificate that it issues: nothing for a root, which peers know. */
  readonly chainPem: string;
}

function openAuthority(issuer: Issued): Authority {
  const x509 = new X509Certificate(issuer.certificatePem);
  if (!x509.ca) throw new IssueError('the issuer is not a certificate authority');
  const { tbsCertificate } = AsnConvert.parse(x509.raw, Certificate);
  return {
    name: tbsCertificate.subject,
    keyId: statedKeyIdentifier(tbsCertificate),
    period: {
      notBeforeMs: x509.validFromDate.getTime(),
      notAfterMs: x509.validToDate.getTime(),
    },
    privateKey: createPrivateKey(issuer.privateKeyPem),
    chainPem: isSelfSigned(x509) ? '' : issuer.chainPem,
  };
}

function serialNumber(random: (size: number) => Uint8Array): ArrayBuffer {
  const bytes = Uint8Array.from(random(SERIAL_NUMBER_BYTES));
  // Positive, and of one length whatever was drawn: the highest bit is the sign.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}
