/**
 * A certificate authority for development, as files in one folder: a root, an intermediate that
 * issues, a certificate for the listeners and one for each client. What is there is used and never
 * replaced, so people may bring their own.
 *
 *     ca.crt ca.key  intermediate.crt intermediate.key  server.crt server.key
 *     <MqttNamespace>/<client>.crt .key .p12
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '../certificates/issue.ts';
import type { Issued, KeyAlgorithm } from '../certificates/issue.ts';
import { toPkcs12 } from '../certificates/pkcs12.ts';
import { checkName } from '../domain/names.ts';
import type { CertificateSubject } from '../domain/resources.ts';
import { quote } from '../domain/text.ts';
import { checkAuthority, checkLeaf, hostWarnings, subjectFault } from './certificate-checks.ts';
import {
  CertificateFileError,
  openPair,
  renewal,
  reportingFileErrors,
} from './certificate-pair.ts';
import type { Pair, PairFiles } from './certificate-pair.ts';
import { PRIVATE_MODE, PUBLIC_MODE, readIfPresent, writeNewFile } from './new-file.ts';

export { CertificateFileError } from './certificate-pair.ts';

/** Tools insist on a password; this one protects nothing, and is stated wherever it is needed. */
export const PKCS12_PASSWORD = 'mqttgrid';

const FOLDER_MODE = 0o700;

/** Of a Kubernetes object, which is a DNS subdomain: RFC 1123. */
const METADATA_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export interface DevelopmentAuthorityOptions {
  readonly folder: string;
  readonly nowMs: number;
  /** Of what is issued from now on; ECDSA P-256 unless said otherwise. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  /** Of clients' and servers' certificates. */
  readonly validDays?: number | undefined;
}

interface CertificateFiles extends PairFiles {
  /** False: it was there before. */
  readonly issued: boolean;
  /** What works now and will not for long, or not everywhere. */
  readonly warnings: readonly string[];
}

export interface ServerCertificateFiles extends CertificateFiles {
  /** With its intermediate. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface ClientCertificateFiles extends CertificateFiles {
  /** Certificate, intermediate and key in one file, encrypted with the PKCS#12 password. */
  readonly pkcs12File: string;
  /** For `certificateThumbprint`: 64 hexadecimal digits. */
  readonly thumbprintSha256: string;
}

export interface DevelopmentAuthority {
  /** The root, which peers trust and a CaCertificate registers. */
  readonly caCertificateFile: string;
  readonly caCertificatePem: string;
  /** False: it was there before. */
  readonly issued: boolean;
  readonly warnings: readonly string[];
  /**
   * The listeners' certificate for these DNS names and IP addresses. One that is there and does not
   * cover them all stays in use, with a warning: it may be somebody's own.
   * @throws CertificateFileError where there is one that is not valid now, or half of one
   */
  serverCertificate(hosts: readonly string[]): Promise<ServerCertificateFiles>;
  /**
   * @param namespace the `metadata.name` of the MqttNamespace
   * @throws CertificateFileError where there is one that is not valid now, has another subject, or
   *   is half of one, and where the names or the subject cannot be used
   */
  clientCertificate(
    namespace: string,
    clientName: string,
    subject: CertificateSubject,
  ): Promise<ClientCertificateFiles>;
}

/** @throws CertificateFileError where there is an authority that can issue nothing */
export function openDevelopmentAuthority(
  options: DevelopmentAuthorityOptions,
): Promise<DevelopmentAuthority> {
  return reportingFileErrors(() => openAuthority(options));
}

async function openAuthority(options: DevelopmentAuthorityOptions): Promise<DevelopmentAuthority> {
  const { folder, nowMs } = options;
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  // Keys are easily committed by mistake.
  await writeNewFile(join(folder, '.gitignore'), '*\n', PUBLIC_MODE);
  const rootFiles = pairFiles(folder, 'ca');
  const root = await openPair(rootFiles, () => issueAuthority(options, 'root'));
  const check = { authorities: [root], nowMs };
  const warnings = checkAuthority(root, { ...check, files: rootFiles });
  const files = pairFiles(folder, 'intermediate');
  const intermediate = await openPair(files, () =>
    issueAuthority(options, 'intermediate', root.issued),
  );
  warnings.push(...checkAuthority(intermediate, { ...check, files }));
  const authorities: Authorities = [intermediate, root];
  return {
    caCertificateFile: rootFiles.certificateFile,
    caCertificatePem: root.issued.certificatePem,
    issued: root.created,
    warnings,
    serverCertificate: (hosts) =>
      reportingFileErrors(() => openServer(options, authorities, hosts)),
    clientCertificate: (namespace, clientName, subject) =>
      reportingFileErrors(() =>
        openClient(options, authorities, { namespace, clientName, subject }),
      ),
  };
}

/** The one that issues, and those above it. */
type Authorities = readonly [Pair, ...Pair[]];

function pairFiles(folder: string, name: string): PairFiles {
  return {
    certificateFile: join(folder, `${name}.crt`),
    privateKeyFile: join(folder, `${name}.key`),
  };
}

function issueAuthority(
  options: DevelopmentAuthorityOptions,
  role: 'root' | 'intermediate',
  issuer?: Issued,
): Promise<Issued> {
  const { nowMs, keyAlgorithm } = options;
  return issueCertificateAuthority({
    commonName: `mqttgrid development ${role}`,
    organization: 'mqttgrid',
    issuer,
    pathLength: issuer === undefined ? 1 : 0,
    nowMs,
    keyAlgorithm,
  });
}

async function openServer(
  options: DevelopmentAuthorityOptions,
  authorities: Authorities,
  hosts: readonly string[],
): Promise<ServerCertificateFiles> {
  const { folder, nowMs, keyAlgorithm, validDays } = options;
  const files = pairFiles(folder, 'server');
  const pair = await openPair(files, () =>
    issueServerCertificate({
      issuer: authorities[0].issued,
      // Nobody looks for a host here: a long one would not fit.
      commonName: 'mqttgrid development server',
      hosts,
      nowMs,
      keyAlgorithm,
      validDays,
    }),
  );
  const warnings = checkLeaf(pair, { files, authorities, nowMs });
  return {
    ...files,
    issued: pair.created,
    warnings: [...warnings, ...hostWarnings(pair, files, hosts)],
    certificatePem: pair.issued.chainPem,
    privateKeyPem: pair.issued.privateKeyPem,
  };
}

interface ClientRequest {
  readonly namespace: string;
  readonly clientName: string;
  readonly subject: CertificateSubject;
}

async function openClient(
  options: DevelopmentAuthorityOptions,
  authorities: Authorities,
  request: ClientRequest,
): Promise<ClientCertificateFiles> {
  const { nowMs, keyAlgorithm, validDays } = options;
  const { namespace, clientName, subject } = request;
  checkPath(namespace, clientName);
  const folder = join(options.folder, namespace);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const pkcs12File = join(folder, `${clientName}.p12`);
  const files = { ...pairFiles(folder, clientName), pkcs12File };
  const issuer = authorities[0].issued;
  const pair = await openPair(files, () =>
    issueClientCertificate({ issuer, subject, nowMs, keyAlgorithm, validDays }),
  );
  const fault = subjectFault(pair, subject);
  if (fault !== undefined) {
    throw new CertificateFileError(`${files.certificateFile} ${fault}: ${renewal(files)}`);
  }
  const warnings = [
    ...checkLeaf(pair, { files, authorities, nowMs }),
    ...(await bundle(pair, pkcs12File, clientName)),
  ];
  const { thumbprintSha256 } = pair.issued;
  return { ...files, thumbprintSha256, issued: pair.created, warnings };
}

/** Both become parts of a path. */
function checkPath(namespace: string, clientName: string): void {
  if (!METADATA_NAME.test(namespace)) {
    throw new CertificateFileError(
      `${quote(namespace)} is no metadata.name of a MqttNamespace: ` +
        'give lower-case letters, digits, hyphens and dots',
    );
  }
  const fault = checkName('Client', clientName);
  if (fault !== undefined) throw new CertificateFileError(`${fault.message}: ${fault.remedy}`);
}

/** Warnings. */
async function bundle(pair: Pair, pkcs12File: string, clientName: string): Promise<string[]> {
  const present = await readIfPresent(pkcs12File);
  if (present === undefined) {
    const content = toPkcs12({
      ...pair.issued,
      password: PKCS12_PASSWORD,
      friendlyName: clientName,
    });
    await writeNewFile(pkcs12File, content, PRIVATE_MODE);
    return [];
  }
  // Ours hold their certificates unencrypted.
  if (present.includes(pair.certificate.raw)) return [];
  return [
    `${pkcs12File} does not show the certificate that is beside it, as one from before it was ` +
      `renewed: delete ${pkcs12File} to have it made anew`,
  ];
}
