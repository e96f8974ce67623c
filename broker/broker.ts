import type { Logger } from 'pino';
import { ReasonCode } from '../domain/reason-codes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { BrokerCore } from './broker-core.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { ServerCertificate } from './listener.ts';
import { Listener } from './listener.ts';
import type { Metrics } from './metrics.ts';
import { SqliteStore } from './store/sqlite-store.ts';

export type { ServerCertificate } from './listener.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls: ServerCertificate;
  readonly snapshot: Snapshot;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The file that sessions are kept in; without one they end with the process. */
  readonly storePath?: string;
}

/** One MqttNamespace, served. */
export interface Broker {
  readonly port: number;
  readonly metrics: Readonly<Metrics>;
  /** In force when it returns, on open connections and stored sessions too. */
  apply(snapshot: Snapshot): void;
  /** For connections made from now on. */
  setServerCertificate(certificate: ServerCertificate): void;
  /** Tells the clients, gives them a moment to take their last bytes, and frees the port. */
  close(): Promise<void>;
}

/** How long clients may take their last bytes when the broker closes. */
const CLOSE_GRACE_MS = 2000;

/**
 * Rejects with the operating system's error when it cannot listen, EADDRINUSE for one, and with one
 * that names the file when the session store cannot be opened.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { snapshot, logger, clock = systemClock, storePath } = options;
  const store = storePath === undefined ? undefined : await SqliteStore.open(storePath, logger);
  const core = new BrokerCore(snapshot, { logger, clock, store });
  const listener = await listen(core, options);
  return {
    port: listener.port,
    metrics: core.metrics,
    apply(next) {
      core.apply(next);
      listener.setConnectionsMax(core.limits.clients);
    },
    setServerCertificate: (certificate) => listener.setCertificate(certificate),
    close: () => close(core, listener, clock),
  };
}

async function listen(core: BrokerCore, { host, port, tls }: BrokerOptions): Promise<Listener> {
  try {
    return await Listener.open(core, { host, port }, tls);
  } catch (error) {
    core.stop();
    await core.store?.close();
    throw error;
  }
}

async function close(core: BrokerCore, listener: Listener, clock: Clock): Promise<void> {
  const closed = listener.close();
  core.close({ code: ReasonCode.ServerShuttingDown, reason: 'the broker is shutting down' });
  const stopWaiting = clock.every(CLOSE_GRACE_MS, () => core.destroy());
  await closed;
  stopWaiting();
  await core.store?.close();
}
