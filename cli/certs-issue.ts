import type { DeclaredClient } from '../standalone/declared-clients.ts';
import {
  CertificateFileError,
  openDevelopmentAuthority,
} from '../standalone/development-certificates.ts';
import type {
  ClientCertificateFiles,
  DevelopmentAuthority,
  DevelopmentAuthorityOptions,
} from '../standalone/development-certificates.ts';
import type { CertsReport, ClientReport } from './certs-report.ts';

/** Development is on one machine: its certificate always covers that. */
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

export interface Wanted {
  readonly clients: readonly DeclaredClient[];
  /** Of the listeners; none: their certificate is not looked at. */
  readonly hosts: readonly string[];
  /** A MqttNamespace beside those of the clients. */
  readonly namespace: string | undefined;
  /** Noticed when it was found out what is wanted. */
  readonly warnings: readonly string[];
}

/**
 * Trouble with one client is an error in the report.
 * @throws CertificateFileError where nothing can be issued
 */
export async function issueWanted(
  wanted: Wanted,
  options: DevelopmentAuthorityOptions,
): Promise<CertsReport> {
  const { hosts, namespace } = wanted;
  const authority = await openDevelopmentAuthority(options);
  const warnings = [...wanted.warnings, ...authority.warnings];
  const errors: string[] = [];
  let server: CertsReport['server'];
  if (hosts.length > 0) {
    const files = await authority.serverCertificate([...new Set([...hosts, ...LOCAL_HOSTS])]);
    server = { file: files.certificateFile, issued: files.issued };
    warnings.push(...files.warnings);
  }
  const clients: ClientReport[] = [];
  for (const client of wanted.clients) {
    const outcome = await issueForClient(authority, client);
    if (typeof outcome === 'string') {
      errors.push(outcome);
    } else {
      const { warnings: noticed, ...files } = outcome;
      clients.push({ namespace: client.namespace, name: client.name, ...files });
      warnings.push(...noticed);
    }
  }
  const named = namespace === undefined ? [] : [namespace];
  return {
    ca: { file: authority.caCertificateFile, issued: authority.issued },
    caCertificatePem: authority.caCertificatePem,
    server,
    host: hosts[0] ?? 'localhost',
    clients,
    namespaces: [...new Set([...named, ...wanted.clients.map((client) => client.namespace)])],
    warnings,
    errors,
  };
}

/** A text says why there is none: one client's trouble is not the others'. */
async function issueForClient(
  authority: DevelopmentAuthority,
  { namespace, name, subject }: DeclaredClient,
): Promise<ClientCertificateFiles | string> {
  try {
    return await authority.clientCertificate(namespace, name, subject);
  } catch (error) {
    if (error instanceof CertificateFileError) return error.message;
    throw error;
  }
}
