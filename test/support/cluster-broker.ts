/** A MqttNamespace on the cluster, and all that clients outside of its pods need to use it. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import type { CertificateSubject, ClientSpec } from '../../domain/resources.ts';
import { testAuthority } from './certificates.ts';
import { applyText, eventuallyFinds, get, list, waitFor } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';
import type { Address } from './peer.ts';
import type { Served } from './play.ts';
import { forward } from './port-forward.ts';
import type { Place, Way } from './port-forward.ts';
import { within } from './within.ts';

/** On the node, an address of a Service answers at once; anywhere else, nothing does. */
const PROBE_MS = 1_000;
/** kube-proxy is told of a pod that is ready after kubectl is. */
const ANSWERS_MS = 10_000;

interface ServedNamespace extends ClusterObject {
  readonly status: {
    readonly endpoints?: readonly { readonly address: string; readonly port: number }[];
  };
}

interface Service extends ClusterObject {
  readonly spec: { readonly clusterIP: string };
}

interface Secret extends ClusterObject {
  readonly data: Readonly<Record<string, string>>;
}

interface Client extends ClusterObject {
  readonly spec: Readonly<Record<string, unknown>> & ClientSpec;
}

export interface ClusterBroker extends Served {
  /** Where it is reached from here. */
  readonly address: Address;
  /** Resolves when it is reached there: a moment after its pod is ready. */
  answered(): Promise<void>;
  stop(): void;
}

/** An authority that the MqttNamespace `name` trusts, and that issues to its Clients. */
export async function trustTestAuthority(namespace: string, name: string): Promise<void> {
  const { root } = await testAuthority();
  const certificate = {
    apiVersion: 'mqttgrid.io/v1',
    kind: 'CaCertificate',
    metadata: { name: `${name}-test-authority` },
    spec: { namespaceRef: { name }, encodedCertificate: root.certificatePem },
  };
  await applyText(namespace, JSON.stringify(certificate));
}

/** Waits until the MqttNamespace and its authority are ready, and issues to its Clients. */
export async function serve(namespace: string, name: string): Promise<ClusterBroker> {
  await trustTestAuthority(namespace, name);
  const objects = [`mqttnamespace/${name}`, `cacertificate/${name}-test-authority`];
  await waitFor(namespace, objects, 'Ready');
  const { status } = await get<ServedNamespace>(namespace, `mqttnamespace/${name}`);
  const [endpoint] = status.endpoints ?? [];
  if (endpoint === undefined) throw new Error(`${name} is Ready and has no endpoint`);
  const certificates = mkdtempSync(path.join(tmpdir(), 'mqttgrid-cluster-'));
  await writeCertificates(certificates, namespace, name);
  const identity = {
    servername: endpoint.address,
    ca: readFileSync(path.join(certificates, 'ca.crt'), 'utf8'),
  };
  const service = { namespace, name, port: endpoint.port };
  const { address, stop } = await reach(service, identity);
  return {
    certificates,
    endpoint: () => `mqtts://${endpoint.address}:${endpoint.port}`,
    dial: () => address,
    address,
    answered: () => untilAnswered(address, identity),
    stop: () => {
      stop();
      rmSync(certificates, { recursive: true });
    },
  };
}

async function writeCertificates(folder: string, namespace: string, name: string): Promise<void> {
  const { data } = await get<Secret>(namespace, `secret/${name}-server`);
  writeFileSync(path.join(folder, 'ca.crt'), Buffer.from(data['ca.crt'] ?? '', 'base64'));
  mkdirSync(path.join(folder, name));
  for (const { metadata, spec } of await list<Client>('clients.mqttgrid.io', '-n', namespace)) {
    if (spec.namespaceRef.name !== name || !('certificateSubject' in spec.authentication)) continue;
    await writeCertificate(
      path.join(folder, name, spec.name ?? metadata.name),
      spec.authentication.certificateSubject,
    );
  }
}

async function writeCertificate(file: string, subject: CertificateSubject): Promise<void> {
  const { client, tlsOptions } = await testAuthority();
  const { cert, key } = tlsOptions(await client(subject));
  writeFileSync(`${file}.crt`, cert);
  writeFileSync(`${file}.key`, key);
}

/** Whom to find there. */
interface Identity {
  readonly servername: string;
  readonly ca: string;
}

/** Straight to the Service where this machine is a node of the cluster, else through kubectl. */
async function reach(place: Place, identity: Identity): Promise<Way> {
  const { spec } = await get<Service>(place.namespace, `service/${place.name}`);
  const address = { host: spec.clusterIP, port: place.port };
  try {
    await untilAnswered(address, identity);
    return { address, stop: () => undefined };
  } catch {
    return forward(place);
  }
}

/** Rejects where the broker takes no connection there for long. */
async function untilAnswered(address: Address, identity: Identity): Promise<void> {
  const { host, port } = address;
  await eventuallyFinds(ANSWERS_MS, `an answer of ${host}:${port}`, async () => {
    return (await answers(address, identity)) ? true : undefined;
  });
}

/** The broker itself: the address of a Service without pods may lead to a proxy of the machine. */
async function answers(address: Address, identity: Identity): Promise<boolean> {
  const socket = connect({ ...address, ...identity });
  try {
    await within(PROBE_MS, 'a connection', once(socket, 'secureConnect'));
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
