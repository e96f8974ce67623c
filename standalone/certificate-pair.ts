/** A certificate and its private key as two files that are made once and never replaced. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { IssueError } from '../certificates/issue-error.ts';
import { issuedFromPem } from '../certificates/issued.ts';
import type { Issued } from '../certificates/issued.ts';
import { PRIVATE_MODE, PUBLIC_MODE, readIfPresent, writeNewFile } from './new-file.ts';

export interface PairFiles {
  /** PEM: the certificate and the intermediates above it. */
  readonly certificateFile: string;
  /** PEM: PKCS#8. */
  readonly privateKeyFile: string;
  /** Both in one, where there is such a bundle: it goes when they go. */
  readonly pkcs12File?: string;
}

export interface Pair {
  readonly issued: Issued;
  readonly certificate: X509Certificate;
  /** False: it was there before. */
  readonly created: boolean;
}

/** Files that are not what is needed or cannot be made. The message says what would mend it. */
export class CertificateFileError extends Error {
  override readonly name = 'CertificateFileError';
}

/**
 * Another process links the certificate right after the key: a pair that is still half after this
 * time was left so.
 */
const OTHER_WRITER_MS = 500;
const POLL_MS = 10;

/** How to get a new pair where the old one must go: nothing here is ever overwritten. */
export function renewal(files: PairFiles): string {
  const { certificateFile, privateKeyFile, pkcs12File } = files;
  const gone = pkcs12File === undefined ? [] : [pkcs12File];
  const all = [certificateFile, privateKeyFile, ...gone].join(' and ');
  return `delete ${all} to have them issued anew`;
}

/**
 * The pair in these files, or a new one where there is none. Of two processes that come at the same
 * time, both get the pair of one of them.
 * @throws CertificateFileError where one of two is there, what is there cannot be used, or what is
 *   not there cannot be issued
 */
export async function openPair(files: PairFiles, issue: () => Promise<Issued>): Promise<Pair> {
  const present = await readPair(files);
  if (present !== undefined) return { ...present, created: false };
  const issued = await issue().catch((error: unknown) => {
    if (!(error instanceof IssueError)) throw error;
    const { certificateFile } = files;
    throw new CertificateFileError(`${certificateFile} cannot be issued: ${error.message}`);
  });
  // Whoever gets to link the key makes the pair.
  const created = await writeNewFile(files.privateKeyFile, issued.privateKeyPem, PRIVATE_MODE);
  if (created) await writeNewFile(files.certificateFile, issued.chainPem, PUBLIC_MODE);
  const pair = await readPair(files);
  if (pair === undefined) throw halfPair(files.privateKeyFile, 'has vanished', files);
  return { ...pair, created };
}

async function readPair(files: PairFiles): Promise<Omit<Pair, 'created'> | undefined> {
  const { certificateFile, privateKeyFile } = files;
  const key = await readText(privateKeyFile);
  const chain = await readText(certificateFile, key === undefined ? 0 : OTHER_WRITER_MS);
  if (key === undefined && chain === undefined) return undefined;
  if (chain === undefined) throw halfPair(privateKeyFile, `has no ${certificateFile}`, files);
  // The key is always written first: read before it came, it is there by now.
  const privateKey = key ?? (await readText(privateKeyFile));
  if (privateKey === undefined) {
    throw halfPair(certificateFile, `has no ${privateKeyFile}`, files);
  }
  return parsePair(files, chain, privateKey);
}

function parsePair(files: PairFiles, chain: string, key: string): Omit<Pair, 'created'> {
  try {
    const issued = issuedFromPem(chain, key);
    return { issued, certificate: new X509Certificate(issued.certificatePem) };
  } catch (error) {
    const { certificateFile, privateKeyFile } = files;
    const why = error instanceof Error ? error.message : String(error);
    throw new CertificateFileError(
      `${certificateFile} and ${privateKeyFile} are no certificate with its key (${why}): ` +
        `put right what you placed there, or ${renewal(files)}`,
      { cause: error },
    );
  }
}

function halfPair(file: string, fault: string, files: PairFiles): CertificateFileError {
  const other = file === files.certificateFile ? files.privateKeyFile : files.certificateFile;
  return new CertificateFileError(
    `${file} ${fault}: a certificate is of no use without its key, nor a key without it; ` +
      `put ${other} back, or delete ${file} to have both issued anew`,
  );
}

/** Undefined: there is none, and none comes within `waitMs`. */
async function readText(path: string, waitMs = 0): Promise<string | undefined> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const content = await readIfPresent(path);
    if (content !== undefined) return content.toString();
    if (waitedMs >= waitMs) return undefined;
    await delay(POLL_MS);
  }
}

/** What the operating system refuses to do with the files, as a person can read it. */
export async function reportingFileErrors<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new CertificateFileError(
      `${error.message}: give this user the right to read and write there, or name another folder`,
      { cause: error },
    );
  }
}
