/** What the standalone process is made of, opened before anything is served. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { startBroker } from '../broker/broker.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Clock } from './clock.ts';
import { CertificateFileError } from './development-certificates.ts';
import { Deliveries } from './deliveries.ts';
import type { Delivery } from './deliveries.ts';
import { openDevelopmentIssuer } from './development-issuer.ts';
import type { DevelopmentIssuer } from './development-issuer.ts';
import { openFirstSeen } from './first-seen.ts';
import type { FirstSeen } from './first-seen.ts';
import { certificateHosts } from './hosts.ts';
import { createListeners } from './listeners.ts';
import type { Listeners, ServerTls, StartBroker } from './listeners.ts';
import { systemErrorCode } from '../manifests/manifest-files.ts';
import { openManifests } from '../manifests/manifests.ts';
import type { Manifests } from '../manifests/manifests.ts';
import type { StandaloneEvent } from './standalone-events.ts';

export interface StandaloneOptions {
  /** Folder of manifests. */
  readonly folder: string;
  /** Address on which the brokers listen. */
  readonly host: string;
  /** Port of the first MqttNamespace; the others get the next ones up. 0: any free ones. */
  readonly port: number;
  /** Folder of what is kept: sessions, ages of objects, development certificates. */
  readonly data: string;
  /** `SECRET/KEY`, for destinations of events; by default `secrets` in the folder of `data`. */
  readonly secrets?: string | undefined;
  /** Of the listeners; undefined: from the development authority. */
  readonly tls?: ServerTls | undefined;
  /** Whether MqttNamespaces without a CaCertificate take the development CA. */
  readonly developmentCertificates: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent: (event: StandaloneEvent) => void;
  /** The real one unless given. */
  readonly startBroker?: StartBroker;
}

/** Why nothing was started, in one sentence that says what to do. */
export interface StartFault {
  readonly message: string;
}

export interface Parts {
  readonly options: StandaloneOptions;
  readonly manifests: Manifests;
  readonly firstSeen: FirstSeen;
  readonly listeners: Listeners;
  readonly deliveries: Deliveries;
  /** Absolute. */
  readonly secretsFolder: string;
  /** Undefined: nothing of this process needs it. */
  readonly issuer: DevelopmentIssuer | undefined;
  readonly serverCaFile: string | undefined;
  /** Shared with those that tell of trouble in between rounds. */
  readonly notices: string[];
}

interface OwnTls {
  readonly tls: ServerTls;
  /** The development CA, if it vouches for the listeners. */
  readonly caFile: string | undefined;
  readonly warnings: readonly string[];
}

async function openIssuer(options: StandaloneOptions): Promise<DevelopmentIssuer | undefined> {
  if (options.tls !== undefined && !options.developmentCertificates) return undefined;
  return await openDevelopmentIssuer(resolve(options.data, 'certificates'), options.clock);
}

async function serverTls(
  { tls, host }: StandaloneOptions,
  issuer: DevelopmentIssuer | undefined,
): Promise<OwnTls> {
  if (tls !== undefined) return { tls, caFile: undefined, warnings: [] };
  assert(issuer !== undefined, 'the development authority is open when no certificate is given');
  const { authority } = issuer;
  const server = await authority.serverCertificate(certificateHosts(host));
  return { tls: server, caFile: authority.caCertificateFile, warnings: server.warnings };
}

async function assemble(
  options: StandaloneOptions,
  manifests: Manifests,
  onNews: (delivery: Delivery) => void,
): Promise<Parts> {
  const { data, clock, host, port, logger } = options;
  const notices: string[] = [];
  const firstSeen = openFirstSeen({
    folder: join(data, 'state'),
    nowMs: () => clock.nowMs(),
    onNotice: (notice) => notices.push(notice),
  });
  const issuer = await openIssuer(options);
  const { tls, caFile, warnings } = await serverTls(options, issuer);
  notices.push(...(issuer?.authority.warnings ?? []), ...warnings);
  const start = options.startBroker ?? startBroker;
  const secretsFolder = resolve(options.secrets ?? join(data, 'secrets'));
  const deliveries = new Deliveries({ nowMs: () => clock.nowMs(), onNews });
  return {
    options,
    manifests,
    firstSeen,
    listeners: createListeners({
      host,
      firstPort: port,
      tls,
      storeFolder: resolve(data, 'sessions'),
      dataFolder: resolve(data),
      secretsFolder,
      startBroker: start,
      clock,
      logger,
      onNotice: (notice) => notices.push(notice),
      onDeliveries: (key, standings) => deliveries.take(key, standings),
    }),
    deliveries,
    secretsFolder,
    issuer,
    serverCaFile: caFile,
    notices,
  };
}

/** A failure: the manifests, the folder of state or a certificate in it cannot be used. */
export async function openParts(
  options: StandaloneOptions,
  onNews: (delivery: Delivery) => void,
): Promise<Result<Parts, StartFault>> {
  const manifests = openManifests(options.folder);
  const { fault } = manifests.load();
  if (fault !== undefined) return failure({ message: `${fault.message}: ${fault.remedy}` });
  try {
    return success(await assemble(options, manifests, onNews));
  } catch (error) {
    if (error instanceof CertificateFileError) return failure({ message: error.message });
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const message = `${options.data} cannot keep state: ${code}; name another folder with --data`;
    return failure({ message });
  }
}
