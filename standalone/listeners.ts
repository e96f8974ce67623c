/** One broker with its own port and session store for each accepted MqttNamespace. */
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Broker, startBroker } from '../broker/broker.ts';
import { StoreUnavailableError } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { systemErrorCode } from '../manifests/manifest-files.ts';

const PORT_MAX = 65535;

export type StartBroker = typeof startBroker;

export interface ServerTls {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface ListenersOptions {
  /** Address on which to listen. */
  readonly host: string;
  /** Port of the first MqttNamespace, and the lowest of all; 0: any free ones. */
  readonly firstPort: number;
  readonly tls: ServerTls;
  /** Where sessions are kept, a file for each MqttNamespace. */
  readonly storeFolder: string;
  /** Where files of events are whose paths are relative. */
  readonly dataFolder: string;
  /** `SECRET/KEY`, for destinations of events. */
  readonly secretsFolder: string;
  readonly startBroker: StartBroker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onNotice: (notice: string) => void;
  /** How a MqttNamespace's EventSubscriptions fare; undefined: it has no broker any more. */
  readonly onDeliveries: (key: string, standings: readonly DeliveryStanding[] | undefined) => void;
}

export interface ListenFault {
  readonly message: string;
  readonly remedy: string;
}

export interface Listening {
  /** By key of the MqttNamespace: where its broker listens. */
  readonly ports: ReadonlyMap<string, number>;
  /** By key of the MqttNamespace: why it has no broker. */
  readonly faults: ReadonlyMap<string, ListenFault>;
}

export interface Listeners {
  /**
   * Makes the brokers be those of `snapshots`, in whose order ports are given. Open connections
   * are under the new snapshots before this first waits for anything.
   */
  apply(snapshots: ReadonlyMap<string, Snapshot>): Promise<Listening>;
  close(): Promise<void>;
}

interface Running {
  readonly broker: Broker;
  readonly snapshot: Snapshot;
}

/** In a folder of its own: names may be as long as the name of a file. */
function storePathOf(folder: string, key: string): string {
  const [, namespace, name] = key.split('/');
  return join(folder, namespace!, name!, 'sessions.db');
}

function startFault(host: string, port: number, error: unknown): ListenFault {
  if (!(error instanceof StoreUnavailableError)) return listenFault(host, port, error);
  const remedy =
    'see that no other mqttgrid uses it and that its folder can be written, or name another ' +
    'folder with --data';
  return { message: error.message, remedy };
}

function listenFault(host: string, port: number, error: unknown): ListenFault {
  const place = `${host}:${port}`;
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE') {
    const remedy = 'stop what listens there, or choose another port with --port';
    return { message: `port ${port} is in use on ${host}`, remedy };
  }
  if (code === 'EACCES') {
    const message = `this user may not listen on ${place}`;
    return { message, remedy: 'choose a port above 1023 with --port' };
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `${host} is not an address of this machine`;
    return { message, remedy: 'choose one of its addresses with --host, or 0.0.0.0 for all' };
  }
  const why = error instanceof Error ? error.message : String(error);
  return { message: `cannot listen on ${place}: ${why}`, remedy: 'see --host and --port' };
}

class BrokerListeners implements Listeners {
  readonly #options: ListenersOptions;
  readonly #running = new Map<string, Running>();
  /** Kept while the MqttNamespace is there, also while another program holds the port. */
  readonly #portOf = new Map<string, number>();

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  async apply(snapshots: ReadonlyMap<string, Snapshot>): Promise<Listening> {
    for (const [key, snapshot] of snapshots) this.#update(key, snapshot);
    for (const key of await this.#stopAllBut(snapshots)) this.#tellKept(key);
    const faults = new Map<string, ListenFault>();
    for (const [key, snapshot] of snapshots) {
      const fault = this.#running.has(key) ? undefined : await this.#start(key, snapshot);
      if (fault !== undefined) faults.set(key, fault);
    }
    const ports = [...this.#running].map(([key, { broker }]) => [key, broker.port] as const);
    return { ports: new Map(ports), faults };
  }

  async close(): Promise<void> {
    await this.#stopAllBut(new Map());
  }

  #update(key: string, snapshot: Snapshot): void {
    const running = this.#running.get(key);
    if (running === undefined || isDeepStrictEqual(running.snapshot, snapshot)) return;
    running.broker.apply(snapshot);
    this.#running.set(key, { broker: running.broker, snapshot });
  }

  /** Answers which were running. */
  async #stopAllBut(wanted: ReadonlyMap<string, Snapshot>): Promise<readonly string[]> {
    const gone = [...this.#running].filter(([key]) => !wanted.has(key));
    for (const [key] of gone) this.#running.delete(key);
    for (const key of this.#portOf.keys()) if (!wanted.has(key)) this.#portOf.delete(key);
    await Promise.all(gone.map(([, { broker }]) => broker.close()));
    for (const [key] of gone) this.#options.onDeliveries(key, undefined);
    return gone.map(([key]) => key);
  }

  /** Nobody loses sessions because a file was missing for a moment. */
  #tellKept(key: string): void {
    const path = dirname(storePathOf(this.#options.storeFolder, key));
    this.#options.onNotice(
      `${key} is not served any more; its sessions stay in ${path} until you delete that folder`,
    );
  }

  #tellDeliveries(key: string): void {
    const running = this.#running.get(key);
    // One that is still starting is asked when it has started.
    if (running !== undefined) this.#options.onDeliveries(key, running.broker.deliveries);
  }

  #assignPort(key: string): number {
    const { firstPort } = this.#options;
    if (firstPort === 0) return 0;
    const known = this.#portOf.get(key);
    if (known !== undefined) return known;
    const taken = new Set(this.#portOf.values());
    let port = firstPort;
    while (taken.has(port)) port++;
    this.#portOf.set(key, port);
    return port;
  }

  async #start(key: string, snapshot: Snapshot): Promise<ListenFault | undefined> {
    const { startBroker, storeFolder, dataFolder, host, tls, clock, logger } = this.#options;
    const port = this.#assignPort(key);
    if (port > PORT_MAX) {
      const message = `no port is left: it would be ${port}, and ${PORT_MAX} is the last`;
      return { message, remedy: 'choose a lower one with --port' };
    }
    try {
      const storePath = storePathOf(storeFolder, key);
      const broker = await startBroker({
        ...{ host, port, tls, snapshot, clock, logger, storePath, dataFolder },
        secrets: { type: 'Folder', path: this.#options.secretsFolder },
        onDeliveries: () => this.#tellDeliveries(key),
      });
      this.#running.set(key, { broker, snapshot });
      this.#tellDeliveries(key);
      return undefined;
    } catch (error) {
      return startFault(host, port, error);
    }
  }
}

export function createListeners(options: ListenersOptions): Listeners {
  return new BrokerListeners(options);
}
