/**
 * Finds the operator's leader and follows it, for as long as the broker runs. The name is resolved
 * at each try and every address is tried, since replicas come and go and only one of them leads.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import { brokerLink } from '../control/stream.ts';
import { readCertificatePair } from './certificate-files.ts';
import type { Follower, StreamEnd } from './follower.ts';

export interface OperatorConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** With `tls.crt`, `tls.key` and the operator's authority, `ca.crt`; read at each try. */
  readonly certificateFolder: string;
  readonly follower: Follower;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** All addresses of a host; the operating system's unless given. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 2000;
/** How long one address may take to be connected to, with the handshake. */
const CONNECT_TIMEOUT_MS = 3000;
/** How long a resolver may take: it may be down as well. */
const RESOLVE_TIMEOUT_MS = 5000;
/** Addresses that are tried in one round; two replicas are usual. */
const ADDRESSES_MAX = 16;

export class OperatorConnection {
  readonly #options: OperatorConnectionOptions;
  #backoffMs = BACKOFF_MS_MIN;
  #fault: string | undefined = 'no operator was reached yet';
  #logged: string | undefined;
  #closed = false;
  #cancelWait: () => void = () => undefined;
  readonly #running: Promise<void>;

  constructor(options: OperatorConnectionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Why there is no operator, if there is none. */
  get fault(): string | undefined {
    return this.#options.follower.isConnected ? undefined : this.#fault;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#options.follower.close();
    this.#cancelWait();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const useful = await this.#round();
      if (useful) this.#backoffMs = BACKOFF_MS_MIN;
      // Half of it at least: brokers that lost the same operator come back one by one.
      await this.#wait(this.#backoffMs * (0.5 + this.#options.random() / 2));
      this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MS_MAX);
    }
  }

  /** Tries every address once. True: there was a leader. */
  async #round(): Promise<boolean> {
    const addresses = await this.#resolve();
    for (const address of addresses) {
      if (this.#closed) return false;
      const end = await this.#follow(address);
      if (typeof end === 'string') this.#note(`${address}: ${end}`);
      else this.#note(`${address}: ${end.reason}`, end);
      if (typeof end !== 'string' && end.useful) return true;
    }
    return false;
  }

  async #resolve(): Promise<readonly string[]> {
    const { host, random, resolve = resolveAll } = this.#options;
    try {
      const addresses = await this.#within(RESOLVE_TIMEOUT_MS, resolve(host));
      const found = addresses.slice(0, ADDRESSES_MAX);
      // Not all brokers begin with the same replica.
      const first = Math.floor(random() * found.length);
      return [...found.slice(first), ...found.slice(0, first)];
    } catch (error) {
      this.#note(`${host} cannot be resolved: ${messageOf(error)}`);
      return [];
    }
  }

  /** A text says why there was no stream. */
  async #follow(address: string): Promise<StreamEnd | string> {
    const { host, port, certificateFolder, follower, clock, logger } = this.#options;
    const pair = readCertificatePair(certificateFolder);
    if (!pair.ok) return pair.fault;
    let socket: tls.TLSSocket | undefined;
    try {
      socket = tls.connect({
        host: address,
        port,
        // An address is no server name (RFC 6066, 3); the certificate must be for it all the same.
        servername: isIP(host) === 0 ? host : '',
        cert: pair.value.certificatePem,
        key: pair.value.privateKeyPem,
        ca: readFileSync(join(certificateFolder, 'ca.crt'), 'utf8'),
        minVersion: 'TLSv1.2',
      });
      await this.#within(CONNECT_TIMEOUT_MS, once(socket, 'secureConnect'));
    } catch (error) {
      socket?.on('error', () => undefined);
      socket?.destroy();
      return messageOf(error);
    }
    logger.debug({ address }, 'connected to an operator');
    socket.setNoDelay(true);
    return await follower.follow(brokerLink(socket, clock));
  }

  /** Says it once, and again only when it is something else. */
  #note(fault: string, end?: StreamEnd): void {
    this.#fault = fault;
    if (this.#closed) return;
    const { logger, host } = this.#options;
    if (end?.useful === true) logger.warn({ host }, `the operator was lost: ${fault}`);
    else if (end?.notLeader === true) logger.debug({ host }, fault);
    else if (fault !== this.#logged) logger.warn({ host }, `no operator: ${fault}`);
    this.#logged = fault;
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }

  async #within<Value>(timeoutMs: number, promise: Promise<Value>): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const fault = new Error(`nothing came in ${timeoutMs} ms`);
    const cancel = this.#options.clock.after(timeoutMs, () => reject(fault));
    this.#cancelWait = () => reject(new Error('this broker ends'));
    try {
      return await Promise.race([promise, late]);
    } finally {
      cancel();
    }
  }
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
