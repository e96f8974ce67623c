import type { Logger } from 'pino';
import type { Broker, BrokerOptions, ServerCertificate } from '../broker/broker.ts';
import { startBroker, StoreUnavailableError } from '../broker/broker.ts';
import type { Snapshot } from '../domain/snapshot.ts';

export interface ServedBrokerOptions extends Pick<
  BrokerOptions,
  'host' | 'port' | 'secrets' | 'onDeliveries'
> {
  readonly storePath: string;
  readonly logger: Logger;
  /** What no snapshot mends, such as a port that another process has. */
  readonly onFatal: (error: unknown) => void;
}

/** A broker that starts with its first snapshot, once there is a certificate to serve with. */
export class ServedBroker {
  readonly #options: ServedBrokerOptions;
  readonly #certificate = Promise.withResolvers<ServerCertificate>();
  #latest: ServerCertificate | undefined;
  #broker: Broker | undefined;
  /** The first start, or a change: one at a time. */
  #working: Promise<void> | undefined;
  #inForce: Snapshot | undefined;
  #closing = false;

  constructor(options: ServedBrokerOptions) {
    this.#options = options;
    // Rejected at the end, whether or not somebody waits.
    this.#certificate.promise.catch(() => undefined);
  }

  /** Undefined: it does not listen yet. */
  get broker(): Broker | undefined {
    return this.#broker;
  }

  setCertificate(certificate: ServerCertificate): void {
    this.#latest = certificate;
    this.#certificate.resolve(certificate);
    this.#broker?.setServerCertificate(certificate);
  }

  /** In force once it resolves. Rejects where it cannot be, and then the one before still is. */
  async apply(snapshot: Snapshot): Promise<void> {
    await this.#worksOnNothing();
    if (snapshot === this.#inForce) return;
    const broker = this.#broker;
    await this.#work(
      broker === undefined ? this.#start(snapshot) : this.#replace(broker, snapshot),
    );
  }

  /** The same, unless one is in force already, or will be: this one may be older. */
  async applyFirst(snapshot: Snapshot): Promise<void> {
    await this.#worksOnNothing();
    if (this.#broker === undefined) await this.#work(this.#start(snapshot));
  }

  /** Tells clients, and lets them take their last bytes: BrokerCore. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#certificate.reject(new Error('this broker ends'));
    await this.#worksOnNothing();
    await this.#broker?.close();
  }

  async #worksOnNothing(): Promise<void> {
    while (this.#working !== undefined) await this.#working.catch(() => undefined);
  }

  async #work(work: Promise<void>): Promise<void> {
    this.#working = work;
    try {
      await work;
    } finally {
      this.#working = undefined;
    }
  }

  async #replace(broker: Broker, snapshot: Snapshot): Promise<void> {
    const before = this.#inForce!;
    await broker.prepare(snapshot);
    if (this.#closing) throw new Error('this broker ends');
    try {
      broker.apply(snapshot);
    } catch (error) {
      this.#restore(broker, before);
      throw error;
    }
    this.#inForce = snapshot;
  }

  /** Whatever of the one that failed is in force already. */
  #restore(broker: Broker, snapshot: Snapshot): void {
    try {
      broker.apply(snapshot);
    } catch (error) {
      // Neither of two snapshots is in force: a new process begins with the last good one.
      this.#options.onFatal(error);
    }
  }

  async #start(snapshot: Snapshot): Promise<void> {
    const { onFatal, ...options } = this.#options;
    await this.#certificate.promise;
    if (this.#closing) throw new Error('this broker ends');
    const used = this.#latest!;
    try {
      this.#broker = await startBroker({ ...options, tls: used, snapshot });
    } catch (error) {
      if (error instanceof StoreUnavailableError || isOfTheSystem(error)) onFatal(error);
      throw error;
    }
    this.#inForce = snapshot;
    if (this.#latest !== used) this.#broker.setServerCertificate(this.#latest!);
  }
}

function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
