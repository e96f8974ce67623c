import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { byIdentity } from '../domain/by-identity.ts';
import { ReasonCode } from '../domain/reason-codes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { CoreParts } from './broker-core.ts';
import { BrokerCore } from './broker-core.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { ServerCertificate } from './listener.ts';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import { withFilesIn } from './events/data-files.ts';
import { startEventsThread, type StartEventsThread } from './events/events-thread.ts';
import type { SecretsSource } from './events/secrets.ts';
import { Listener } from './listener.ts';
import type { Metrics } from './metrics.ts';
import type { SessionStore } from './store/session-store.ts';
import { SqliteStore } from './store/sqlite-store.ts';

export type { ServerCertificate } from './listener.ts';
export { StoreUnavailableError } from './store/sqlite-store.ts';

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
  /** Opens what is at `storePath`; SQLite unless given. */
  readonly openStore?: (path: string, logger: Logger) => Promise<SessionStore>;
  /** Where files of events are whose paths are relative; that of the store unless given. */
  readonly dataFolder?: string;
  /** Where destinations of events read what they authenticate with; none unless given. */
  readonly secrets?: SecretsSource;
  /** Called when `deliveries` of the broker changed: at most a few times a second. */
  readonly onDeliveries?: () => void;
  /** Starts what delivers events; a worker thread unless given. */
  readonly startEventsThread?: StartEventsThread;
}

/** One MqttNamespace, served. */
export interface Broker {
  readonly port: number;
  readonly metrics: Readonly<Metrics>;
  /** Of clients, open now. */
  readonly connections: number;
  /** How each EventSubscription fares, sorted by name. */
  readonly deliveries: readonly DeliveryStanding[];
  /**
   * Works out ahead what `apply` of the same snapshot will take, while messages go on; `apply` does
   * without, and then they wait for as long as that takes.
   * @throws where it cannot be run
   */
  prepare(snapshot: Snapshot): Promise<void>;
  /**
   * In force when it returns, on open connections and stored sessions too.
   * @throws where it cannot be run: what was in force before stays then
   */
  apply(snapshot: Snapshot): void;
  /** For connections made from now on. */
  setServerCertificate(certificate: ServerCertificate): void;
  /**
   * Answers what was already taken from the clients, tells them, gives them a moment to take their
   * last bytes, and frees the port. Takes 9 seconds at the most, whatever disk and clients do.
   */
  close(): Promise<void>;
}

/** How long commits may take that answers wait for, when the broker closes. */
const SETTLE_TIMEOUT_MS = 2000;
/** How long clients may take their last bytes when the broker closes. */
const CLOSE_GRACE_MS = 2000;

/**
 * Rejects with the operating system's error when it cannot listen, EADDRINUSE for one, and with
 * StoreUnavailableError when the session store cannot be opened.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { snapshot, logger, clock = systemClock, storePath, openStore = openSqlite } = options;
  const store = storePath === undefined ? undefined : await openStore(storePath, logger);
  const folder = options.dataFolder ?? (storePath === undefined ? undefined : dirname(storePath));
  // The same object of the same snapshot, by which what was prepared for it is known.
  const placed = byIdentity((stated: Snapshot): Snapshot => {
    if (folder === undefined) return stated;
    return { ...stated, eventSubscriptions: withFilesIn(folder, stated.eventSubscriptions) };
  });
  const core = await newCore(placed(snapshot), {
    logger,
    clock,
    store,
    secrets: options.secrets,
    startThread: options.startEventsThread ?? startEventsThread,
    onDeliveries: () => options.onDeliveries?.(),
  });
  const listener = await listen(core, options);
  let closing: Promise<void> | undefined;
  return {
    port: listener.port,
    metrics: core.metrics,
    get connections() {
      return core.connections.size;
    },
    get deliveries() {
      return core.events.deliveries;
    },
    prepare: (next) => core.prepare(placed(next)),
    apply(next) {
      core.apply(placed(next));
      listener.setConnectionsMax(core.limits.clients);
    },
    setServerCertificate: (certificate) => listener.setCertificate(certificate),
    close: () => (closing ??= close(core, listener, clock)),
  };
}

function openSqlite(path: string, logger: Logger): Promise<SessionStore> {
  return SqliteStore.open(path, logger);
}

/** A snapshot that cannot be run leaves no store open. */
async function newCore(snapshot: Snapshot, parts: CoreParts): Promise<BrokerCore> {
  try {
    return new BrokerCore(snapshot, parts);
  } catch (error) {
    await parts.store?.close();
    throw error;
  }
}

async function listen(core: BrokerCore, { host, port, tls }: BrokerOptions): Promise<Listener> {
  try {
    return await Listener.open(core, { host, port }, tls);
  } catch (error) {
    core.stop();
    await core.events.close();
    await core.store?.close();
    throw error;
  }
}

async function close(core: BrokerCore, listener: Listener, clock: Clock): Promise<void> {
  const closed = listener.close();
  await within(SETTLE_TIMEOUT_MS, core.settle());
  const routed = core.events.close();
  core.close({ code: ReasonCode.ServerShuttingDown, reason: 'the broker is shutting down' });
  const stopWaiting = clock.every(CLOSE_GRACE_MS, () => core.destroy());
  await closed;
  stopWaiting();
  await routed;
  await core.store?.close();
}

/** Resolves with the promise or when the time is over. */
async function within(timeoutMs: number, promise: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = setTimeout(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([promise, late]);
  over.abort();
}
