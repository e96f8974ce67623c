/** Certificates for tests: a root, an intermediate, a server for loopback, and clients. */
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueSelfSigned,
  issueServerCertificate,
} from '../../certificates/issue.ts';
import type { ClientCertificateOptions, Issued } from '../../certificates/issue.ts';
import type { CertificateSubject } from '../../domain/resources.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What `mqtt.connect` and `tls.connect` take. */
export interface ClientTlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

type Overrides = Omit<Partial<ClientCertificateOptions>, 'subject'>;

export interface TestAuthority {
  readonly root: Issued;
  readonly intermediate: Issued;
  /** Issued by the intermediate, for localhost, 127.0.0.1 and ::1. */
  readonly server: Issued;
  /** Issued by the intermediate unless another issuer is given; a text is the common name. */
  readonly client: (subject: string | CertificateSubject, overrides?: Overrides) => Promise<Issued>;
  readonly selfSigned: (subject: string | CertificateSubject) => Promise<Issued>;
  /** The certificate with its intermediate, unless `chain` says to send the leaf alone. */
  readonly tlsOptions: (client: Issued, chain?: 'full' | 'leaf') => ClientTlsOptions;
  /** The same in one go, for a client with this subject. */
  readonly clientOptions: (subject: string | CertificateSubject) => Promise<ClientTlsOptions>;
}

let shared: Promise<TestAuthority> | undefined;

/** One for the whole process: keys cost time, and no test changes it. */
export function testAuthority(): Promise<TestAuthority> {
  shared ??= createTestAuthority();
  return shared;
}

/** One that no other test's broker trusts. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const nowMs = Date.now();
  // Valid long since, so that a test can issue certificates that have expired.
  const period = { nowMs, notBeforeMs: nowMs - 365 * DAY_MS };
  const root = await issueCertificateAuthority({ ...period, commonName: 'test root' });
  const intermediate = await issueCertificateAuthority({
    ...period,
    commonName: 'test intermediate',
    issuer: root,
    pathLength: 0,
  });
  const server = await issueServerCertificate({
    nowMs,
    issuer: intermediate,
    commonName: 'localhost',
    hosts: ['localhost', '127.0.0.1', '::1'],
  });
  const client: TestAuthority['client'] = (subject, overrides = {}) =>
    issueClientCertificate({
      nowMs,
      issuer: intermediate,
      ...overrides,
      subject: asSubject(subject),
    });
  const tlsOptions: TestAuthority['tlsOptions'] = (issued, chain = 'full') => ({
    cert: chain === 'full' ? issued.chainPem : issued.certificatePem,
    key: issued.privateKeyPem,
    ca: root.certificatePem,
  });
  return {
    root,
    intermediate,
    server,
    client,
    selfSigned: (subject) => issueSelfSigned({ nowMs, subject: asSubject(subject) }),
    tlsOptions,
    clientOptions: async (subject) => tlsOptions(await client(subject)),
  };
}

function asSubject(subject: string | CertificateSubject): CertificateSubject {
  return typeof subject === 'string' ? { commonName: subject } : subject;
}
