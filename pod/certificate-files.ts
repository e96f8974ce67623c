/**
 * A certificate and its key as Kubernetes mounts them, followed: kubelet and cert-manager replace
 * them, and the broker shows the new one without being started again.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, realpathSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import type { Result } from '../domain/result.ts';
import { failure, success } from '../domain/result.ts';

/** PEM. */
export interface CertificatePair {
  /** With the intermediates above it. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** How often files are looked at: notifications get lost, and a mount may be replaced. */
const LOOK_MS = 3000;
/** After a notification: what replaces the files is not done with the first of them. */
const QUIET_MS = 50;

/** What `tls.crt` and `tls.key` of the folder are; a fault says why they are not a pair. */
export function readCertificatePair(folder: string): Result<CertificatePair, string> {
  try {
    const own = resolveFolder(folder);
    const certificatePem = readFileSync(join(own, 'tls.crt'), 'utf8');
    const privateKeyPem = readFileSync(join(own, 'tls.key'), 'utf8');
    if (!new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))) {
      return failure(`tls.key in ${folder} is not the key of tls.crt`);
    }
    // What OpenSSL would not serve with, as a key that is too short.
    createSecureContext({ cert: certificatePem, key: privateKeyPem });
    return success({ certificatePem, privateKeyPem });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure(`tls.crt and tls.key in ${folder} cannot be used: ${why}`);
  }
}

/**
 * kubelet puts the files of one version into a folder of their own and turns `..data` to it: read
 * there, the two are of one version.
 */
function resolveFolder(folder: string): string {
  try {
    return realpathSync(join(folder, '..data'));
  } catch {
    return folder;
  }
}

export interface CertificateFilesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The first one, and each that differs from the one before. */
  readonly onPair: (pair: CertificatePair) => void;
}

export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  #pair: CertificatePair | undefined;
  #fault: string | undefined;
  #watcher: FSWatcher | undefined;
  #cancelLook: () => void = () => undefined;
  #closed = false;

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#look();
  }

  /** Why there is no certificate, or not the one that the files hold now. */
  get fault(): string | undefined {
    return this.#fault;
  }

  close(): void {
    this.#closed = true;
    this.#cancelLook();
    this.#watcher?.close();
  }

  #look(): void {
    const { folder, logger, onPair } = this.#options;
    this.#watch();
    this.#lookIn(LOOK_MS);
    const read = readCertificatePair(folder);
    if (!read.ok) {
      const kept = this.#pair === undefined ? 'there is none yet' : 'the one before stays';
      if (read.fault !== this.#fault) logger.error(`the certificate: ${read.fault}; ${kept}`);
      this.#fault = read.fault;
      return;
    }
    this.#fault = undefined;
    if (isEqualPair(read.value, this.#pair)) return;
    const { subject, validTo } = new X509Certificate(read.value.certificatePem);
    logger.info({ folder, subject, validTo }, 'a certificate is in use from now on');
    this.#pair = read.value;
    onPair(read.value);
  }

  #lookIn(delayMs: number): void {
    this.#cancelLook();
    this.#cancelLook = this.#options.clock.after(delayMs, () => this.#look());
  }

  /** Anew at each look: who watches a folder is not told that another one took its place. */
  #watch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      let told = false;
      const onChange = (): void => {
        // The first notification counts, or a folder that is never quiet would not be looked at.
        if (!told && !this.#closed) this.#lookIn(QUIET_MS);
        told = true;
      };
      this.#watcher = watch(this.#options.folder, { persistent: false }, onChange);
      this.#watcher.on('error', onChange);
    } catch {
      // There is no such folder yet: the next look tells.
    }
  }
}

function isEqualPair(left: CertificatePair, right: CertificatePair | undefined): boolean {
  return (
    left.certificatePem === right?.certificatePem && left.privateKeyPem === right.privateKeyPem
  );
}
