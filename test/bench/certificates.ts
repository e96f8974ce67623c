/** A folder of certificates for one run: what brokers, our load generator and `mqttload` read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '../../certificates/issue.ts';

/** Client number n is `load-n`: its certificate's common name and its MQTT client identifier. */
export const CLIENT_PREFIX = 'load-';

export function clientName(number: number): string {
  return CLIENT_PREFIX + number;
}

/** Issued this much before now, so that no clock stands in the way. */
const BACKDATED_MS = 3600_000;

export async function writeCertificates(folder: string, clients: number): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const period = { nowMs: Date.now(), notBeforeMs: Date.now() - BACKDATED_MS, validDays: 2 };
  const issuer = await issueCertificateAuthority({ ...period, commonName: 'bench authority' });
  const hosts = ['localhost', '127.0.0.1'];
  const server = await issueServerCertificate({
    ...period,
    issuer,
    commonName: 'localhost',
    hosts,
  });
  const write = (name: string, pem: string): void => {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
  };
  write('ca.pem', issuer.certificatePem);
  write('server.pem', server.chainPem);
  write('server.key', server.privateKeyPem);
  for (let number = 0; number < clients; number++) {
    const subject = { commonName: clientName(number) };
    const client = await issueClientCertificate({ ...period, issuer, subject });
    write(`${clientName(number)}.pem`, client.chainPem);
    write(`${clientName(number)}.key`, client.privateKeyPem);
  }
}

export interface ServerCertificates {
  readonly authorityPem: string;
  readonly serverChainPem: string;
  readonly serverKeyPem: string;
}

export function readCertificates(folder: string): ServerCertificates {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return {
    authorityPem: read('ca.pem'),
    serverChainPem: read('server.pem'),
    serverKeyPem: read('server.key'),
  };
}
