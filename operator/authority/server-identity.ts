/** The certificate that a server of the operator itself shows, always a valid one. */
import type { Logger } from 'pino';
import type { Issued } from '../../certificates/issue.ts';
import type { Clock } from '../../control/clock.ts';
import type { Authority } from './authority.ts';
import { repeat } from './repeat.ts';

/** Renewal is weeks before expiry: this is only how often to look. */
const CHECK_MS = 60 * 60 * 1000;

export interface ServerIdentityOptions {
  readonly authority: Authority;
  readonly clock: Clock;
  readonly log: Logger;
  /** The Service that leads to the server. */
  readonly service: string;
  /** The Kubernetes namespace of the operator. */
  readonly namespace: string;
  /** Called with the first one, and with each that replaces it or that changes who is trusted. */
  readonly onChange: (issued: Issued, trustPem: string) => void;
}

/**
 * It lives in memory: each replica signs its own. The API server and brokers know the authority,
 * not the certificate.
 */
export class ServerIdentity {
  readonly #options: ServerIdentityOptions;
  #issued: Issued | undefined;
  #trustPem = '';
  #endChecks: (() => void) | undefined;
  #endChanges: (() => void) | undefined;
  #closed = false;

  constructor(options: ServerIdentityOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#renew();
    const { authority, clock, log, service } = this.#options;
    const onError = (error: unknown): void => {
      log.error({ event: 'certificate-not-renewed', service, error: String(error) });
    };
    const renew = (): Promise<void> => this.#renew();
    this.#endChanges = authority.onChange(() => void renew().catch(onError));
    this.#endChecks = repeat(clock, CHECK_MS, renew, onError);
  }

  close(): void {
    this.#closed = true;
    this.#endChecks?.();
    this.#endChanges?.();
  }

  async #renew(): Promise<void> {
    const { authority, service, namespace, onChange } = this.#options;
    const host = `${service}.${namespace}.svc`;
    const hosts = [host, `${service}.${namespace}`, `${host}.cluster.local`, service, 'localhost'];
    // The longest names are over what a common name may have; nobody looks at it anyway.
    const request = { purpose: 'server', commonName: service, hosts } as const;
    const issued = await authority.leaf(request, this.#issued);
    const { trustPem } = authority;
    if (this.#closed) return;
    if (issued.thumbprintSha256 === this.#issued?.thumbprintSha256 && trustPem === this.#trustPem) {
      return;
    }
    this.#issued = issued;
    this.#trustPem = trustPem;
    onChange(issued, trustPem);
  }
}
