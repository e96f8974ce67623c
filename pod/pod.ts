/**
 * One broker in a pod: what it runs comes from the operator, and from its disk while there is none.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../control/clock.ts';
import { isEqualStamp } from '../control/messages.ts';
import { CertificateFiles, readCertificatePair } from './certificate-files.ts';
import { DeliveriesTeller } from './deliveries-teller.ts';
import { Follower } from './follower.ts';
import type { HttpServer } from '../health/http-server.ts';
import { serveHttp } from '../health/http-server.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { newRegistry } from './metrics.ts';
import { OperatorConnection } from './operator-connection.ts';
import { ServedBroker } from './served-broker.ts';
import { SnapshotFile } from './snapshot-file.ts';

export interface PodOptions {
  readonly pod: string;
  readonly controlHost: string;
  readonly controlPort: number;
  /** All addresses of `controlHost`; the operating system's unless given. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** `tls.crt`, `tls.key`, `ca.crt`; the common name is the UID of the MqttNamespace. */
  readonly controlCertificateFolder: string;
  /** `tls.crt` and `tls.key` of the listener. */
  readonly serverCertificateFolder: string;
  /** `{ SECRET: { KEY: base64 } }`, for destinations of events; it may be missing. */
  readonly destinationSecretsFile: string;
  readonly dataFolder: string;
  /** Of the listener, and of the two below. */
  readonly host: string;
  /** 0, here and below: any that is free. */
  readonly port: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** The process cannot go on; called once or more. */
  readonly onFatal: (error: unknown) => void;
}

/** How long a start waits for the operator, before it serves what it served last. */
export const OPERATOR_GRACE_MS = 3000;
/**
 * How long a broker that serves, and is connected, is unready because it is not current yet: a
 * leader that is about to start takes seconds, and one that never gets there must not keep clients
 * from what they may do.
 */
export const CATCH_UP_MS_MAX = 30_000;

/** The start cannot be tried again with more success. */
export class PodStartError extends Error {
  override readonly name = 'PodStartError';
}

export class Pod {
  readonly #options: PodOptions;
  readonly #served: ServedBroker;
  readonly #follower: Follower;
  readonly #file: SnapshotFile;
  readonly #certificates: CertificateFiles;
  readonly #connection: OperatorConnection;
  readonly #deliveries: DeliveriesTeller;
  #servers: readonly HttpServer[] = [];
  #isLate = false;
  readonly #cancelTimers: readonly (() => void)[];
  #closing: Promise<void> | undefined;

  private constructor(options: PodOptions, uid: string, saved: Follower['runs']) {
    const { clock, logger, dataFolder } = options;
    this.#options = options;
    this.#deliveries = new DeliveriesTeller({
      clock,
      standings: () => this.broker?.deliveries ?? [],
    });
    this.#served = new ServedBroker({
      host: options.host,
      port: options.port,
      storePath: join(dataFolder, 'sessions.db'),
      logger,
      onFatal: options.onFatal,
      secrets: { type: 'File', path: options.destinationSecretsFile },
      onDeliveries: () => this.#deliveries.changed(),
    });
    this.#file = new SnapshotFile({ path: snapshotPath(options), uid, clock, logger });
    this.#follower = new Follower({
      pod: options.pod,
      saved,
      apply: (snapshot) => this.#served.apply(snapshot),
      onRuns: (content) => {
        if (saved === undefined || !isEqualStamp(content.stamp, saved.stamp)) {
          this.#file.save(content);
        }
      },
      deliveries: this.#deliveries,
      logger,
    });
    this.#certificates = new CertificateFiles({
      folder: options.serverCertificateFolder,
      clock,
      logger,
      onPair: (pair) => this.#served.setCertificate(pair),
    });
    this.#connection = new OperatorConnection({
      host: options.controlHost,
      port: options.controlPort,
      certificateFolder: options.controlCertificateFolder,
      follower: this.#follower,
      clock,
      logger,
      random: options.random,
      ...(options.resolve && { resolve: options.resolve }),
    });
    this.#cancelTimers = [
      clock.after(OPERATOR_GRACE_MS, () => void this.#serveSaved()),
      clock.after(CATCH_UP_MS_MAX, () => (this.#isLate = true)),
    ];
  }

  /**
   * Resolves once it answers probes; the listener opens when there is something to serve. Rejects
   * with PodStartError, or with the operating system's error where a port cannot be had.
   */
  static async start(options: PodOptions): Promise<Pod> {
    const { logger, dataFolder } = options;
    const uid = uidOf(options.controlCertificateFolder);
    mkdirSync(dataFolder, { recursive: true });
    const saved = await loadSnapshot({ path: snapshotPath(options), uid, logger });
    const pod = new Pod(options, uid, saved);
    try {
      await pod.#serveHttp();
    } catch (error) {
      await pod.close();
      throw error;
    }
    return pod;
  }

  /** Undefined: it does not listen yet. */
  get broker(): Broker | undefined {
    return this.#served.broker;
  }

  /** Of health and of metrics. */
  get httpPorts(): readonly [health: number, metrics: number] {
    const [health, metrics] = this.#servers;
    return [health?.port ?? 0, metrics?.port ?? 0];
  }

  /** Undefined: it is ready. */
  get unreadyReason(): string | undefined {
    if (this.#closing !== undefined) return 'this broker ends';
    if (this.broker === undefined) return this.#idleReason();
    const { hasSettled, isConnected } = this.#follower;
    if (hasSettled || !isConnected || this.#isLate) return undefined;
    return "the operator's newest snapshot is not in force yet";
  }

  /** Answers what is owed to clients, tells them, and ends. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const cancel of this.#cancelTimers) cancel();
    this.#certificates.close();
    await this.#connection.close();
    await this.#served.close();
    await this.#file.close();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #idleReason(): string {
    const { fault: certificateFault } = this.#certificates;
    if (certificateFault !== undefined) return `it cannot listen: ${certificateFault}`;
    const { refusal, isConnected } = this.#follower;
    if (refusal !== undefined) return `it runs no snapshot: the last one was refused: ${refusal}`;
    if (isConnected) return 'it waits for its snapshot from the operator';
    return `it has no snapshot, and no operator: ${this.#connection.fault}`;
  }

  async #serveSaved(): Promise<void> {
    const saved = this.#follower.runs;
    if (this.broker !== undefined || saved === undefined) return;
    const { logger } = this.#options;
    logger.warn('no operator said what is current: the last good snapshot is served');
    try {
      await this.#served.applyFirst(saved.snapshot);
    } catch (error) {
      logger.error({ error }, 'the last good snapshot cannot be served');
    }
  }

  async #serveHttp(): Promise<void> {
    const { host, healthPort, metricsPort } = this.#options;
    const registry = newRegistry(() => ({
      broker: this.broker,
      isReady: this.unreadyReason === undefined,
      isOperatorConnected: this.#follower.isConnected,
      version: this.broker && this.#follower.runs?.stamp.version,
    }));
    const health = await serveHttp(host, healthPort, {
      '/healthz': () => ({ status: 200, body: 'ok' }),
      '/readyz': () => {
        const reason = this.unreadyReason;
        return reason === undefined ? { status: 200, body: 'ok' } : { status: 503, body: reason };
      },
    });
    this.#servers = [health];
    const metrics = await serveHttp(host, metricsPort, {
      '/metrics': async () => {
        return { status: 200, type: registry.contentType, body: await registry.metrics() };
      },
    });
    this.#servers = [health, metrics];
  }
}

function snapshotPath({ dataFolder }: PodOptions): string {
  return join(dataFolder, 'snapshot.jsonl');
}

/** Which MqttNamespace this broker is of, by the certificate that the operator gave it. */
function uidOf(folder: string): string {
  const pair = readCertificatePair(folder);
  if (!pair.ok) throw new PodStartError(`the certificate of the control stream: ${pair.fault}`);
  const { subject } = new X509Certificate(pair.value.certificatePem).toLegacyObject();
  if (typeof subject.CN === 'string') return subject.CN;
  throw new PodStartError(`${folder}/tls.crt has no common name, which says whose broker this is`);
}
