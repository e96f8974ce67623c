/** Operators and broker pods for a test, as far as snapshots go, over real TLS on loopback. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { pino } from 'pino';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { systemClock } from '../../control/clock.ts';
import { compareVersions } from '../../control/messages.ts';
import type { SnapshotVersion } from '../../control/messages.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { ControlServer } from '../../operator/control-server/control-server.ts';
import type { ControlCertificate } from '../../operator/control-server/control-server.ts';
import { Publications } from '../../operator/control-server/publications.ts';
import { Pod } from '../../pod/pod.ts';
import { testAuthority } from './certificates.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { eventually } from './within.ts';

export const UID = '8e2b0c0e-0000-4000-8000-000000000001';
export const NAMESPACE = 'factory';
export const KEY = `${NAMESPACE}/plant`;
export const CONTROL_HOST = 'mqttgrid-control.mqttgrid-system.svc';
const WAIT_MS = 15_000;

/** The operator's authority, which has nothing to do with that of the clients. */
export async function controlAuthority(): Promise<Issued> {
  // Valid long since, so that a test can issue certificates that have expired.
  const nowMs = Date.now() - 30 * 24 * 60 * 60 * 1000;
  return issueCertificateAuthority({ nowMs, commonName: 'mqttgrid operator' });
}

export async function controlCertificate(issuer: Issued): Promise<ControlCertificate> {
  const issued = await issueServerCertificate({
    nowMs: Date.now(),
    issuer,
    commonName: 'mqttgrid-control',
    hosts: [CONTROL_HOST, 'localhost'],
  });
  return {
    certificatePem: issued.chainPem,
    privateKeyPem: issued.privateKeyPem,
    authoritiesPem: issuer.certificatePem,
  };
}

export function brokerCertificate(issuer: Issued, uid = UID): Promise<Issued> {
  const subject = { commonName: uid, organization: NAMESPACE };
  return issueClientCertificate({ nowMs: Date.now(), issuer, subject });
}

export interface Operator {
  readonly publications: Publications;
  readonly server: ControlServer;
  readonly address: string;
  /** Resolves once so many brokers acknowledged the version or a newer one. */
  readonly acknowledged: (version: SnapshotVersion, pods: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface ControlPlane {
  readonly authority: Issued;
  readonly logs: string[];
  /** The address is one of loopback, and stands for a pod's. */
  readonly operator: (address: string) => Promise<Operator>;
  /** With the same name: on the same volume. */
  readonly pod: (name: string, certificate?: Issued) => Promise<Pod>;
  /** Writes what Kubernetes would mount for the pod, into `server` and `control` of its folder. */
  readonly mount: (name: string, certificate?: Issued) => void;
  readonly folderOf: (name: string) => string;
  /** Of all operators. */
  readonly port: () => number;
  /** What the operator's name resolves to; all addresses have the same port. */
  readonly addresses: string[];
}

export async function aControlPlane(t: TestContext): Promise<ControlPlane> {
  const folder = temporaryFolder(t);
  const authority = await controlAuthority();
  const certificate = await controlCertificate(authority);
  const server = (await testAuthority()).server;
  const logs: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void logs.push(line) });
  const addresses: string[] = [];
  let port = 0;
  const own = await brokerCertificate(authority);
  const folderOf = (name: string): string => join(folder, name);

  const operator = async (address: string): Promise<Operator> => {
    const publications: Publications = new Publications({
      clock: systemClock,
      logger,
      onStanding: () => undefined,
      onDeliveries: () => undefined,
      onHigherEpoch: (epoch) => publications.lead(epoch),
    });
    const opened = await ControlServer.open({
      host: address,
      port,
      certificate,
      publications,
      keyOf: (uid, namespace) => (uid === UID && namespace === NAMESPACE ? KEY : undefined),
      clock: systemClock,
      logger,
    });
    port = opened.port;
    addresses.push(address);
    let closed = false;
    const close = async (): Promise<void> => {
      if (!closed) await opened.close();
      closed = true;
    };
    t.after(close);
    const acknowledged = async (version: SnapshotVersion, pods: number): Promise<void> => {
      await eventually(WAIT_MS, 'acknowledgements', () => {
        const standing = publications.standing(KEY);
        const done = standing.filter(({ runs }) => runs && compareVersions(runs, version) >= 0);
        return done.length === pods ? true : undefined;
      });
    };
    return { publications, server: opened, address, acknowledged, close };
  };

  const mount = (name: string, issued = own): void => {
    writeMount(join(folderOf(name), 'server'), server);
    const control = join(folderOf(name), 'control');
    writeMount(control, issued);
    writeFileSync(join(control, 'ca.crt'), authority.certificatePem);
  };

  const pod = async (name: string, issued = own): Promise<Pod> => {
    mount(name, issued);
    const started = await Pod.start({
      pod: name,
      controlHost: CONTROL_HOST,
      controlPort: port,
      resolve: () => Promise.resolve([...addresses]),
      controlCertificateFolder: join(folderOf(name), 'control'),
      destinationSecretsFile: join(folderOf(name), 'secrets.json'),
      serverCertificateFolder: join(folderOf(name), 'server'),
      dataFolder: join(folderOf(name), 'data'),
      host: '127.0.0.1',
      port: 0,
      healthPort: 0,
      metricsPort: 0,
      clock: systemClock,
      random: Math.random,
      logger,
      onFatal: (error) => logs.push(`fatal: ${String(error)}`),
    });
    t.after(() => started.close());
    return started;
  };

  return { authority, logs, operator, pod, mount, folderOf, port: () => port, addresses };
}

function writeMount(folder: string, issued: Issued): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tls.crt'), issued.chainPem);
  writeFileSync(join(folder, 'tls.key'), issued.privateKeyPem);
}

export async function ready(pod: Pod): Promise<void> {
  await eventually(WAIT_MS, `ready: ${pod.unreadyReason}`, () => {
    return pod.unreadyReason === undefined ? true : undefined;
  });
}

/** A client of the test's authority, connected to the pod. */
export async function connectClient(t: TestContext, pod: Pod, name: string): Promise<MqttClient> {
  const certificates = await (await testAuthority()).clientOptions(name);
  const client = mqtt.connect({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: pod.broker!.port,
    clientId: name,
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...certificates,
  });
  t.after(() => client.end(true));
  client.on('error', () => undefined);
  await new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
  });
  return client;
}

/** The status of `path`, and what it says. */
export async function get(port: number, path: string): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

/** As `compile` makes them: with the test's authority, and lists sorted by name. */
export async function inOrder(snapshot: Snapshot): Promise<Snapshot> {
  const { root } = await testAuthority();
  const certificate = root.certificatePem.replace(/-----[^-]+-----|\s/g, '');
  const sorted = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] => {
    return [...list].sort((left, right) => (left.name < right.name ? -1 : 1));
  };
  return {
    ...snapshot,
    caCertificates: [{ name: 'root', certificate }],
    clients: sorted(snapshot.clients),
    clientGroups: sorted(snapshot.clientGroups),
    topicSpaces: sorted(snapshot.topicSpaces),
    permissionBindings: sorted(snapshot.permissionBindings),
    eventSubscriptions: sorted(snapshot.eventSubscriptions),
  };
}
