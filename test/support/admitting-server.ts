/**
 * An API server that asks our webhook, with the rules of deploy/. What is created here is declared
 * to the webhook at once, where an operator's caches would follow some milliseconds later.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { parse, stringify } from 'yaml';
import { issueCertificateAuthority, issueServerCertificate } from '../../certificates/issue.ts';
import { readCertificate } from '../../certificates/read.ts';
import { CRDS } from '../../crds/definitions.ts';
import { judgeAdmission } from '../../domain/admission.ts';
import {
  compileNamespace,
  ownerNameOf,
  type MemberResource,
  type NamespaceWorld,
  type Verdict,
} from '../../domain/compile.ts';
import type { Kind, Resource } from '../../domain/resources.ts';
import { systemClock } from '../../control/clock.ts';
import { loadKubeConfig } from '../../kube/credentials.ts';
import type { DeclaredObject } from '../../operator/namespace/declared.ts';
import { World } from '../../operator/namespace/world.ts';
import { startWebhookServer, WEBHOOK_PATH } from '../../operator/webhook/webhook-server.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { REPOSITORY } from './up.ts';

const KUBECTL_MS = 60_000;
/** An API server's metrics are some MB. */
const KUBECTL_BYTES_MAX = 64 * 1024 * 1024;

/** A metav1.Status, as far as tests look at it. */
export interface RefusalStatus {
  readonly message: string;
  readonly reason: string;
  readonly details?: {
    readonly causes?: readonly {
      readonly reason: string;
      readonly message: string;
      readonly field: string;
    }[];
  };
}

export interface Creation {
  /** The object as it is stored; or why it is not. */
  readonly stored: DeclaredObject | undefined;
  readonly refusal: RefusalStatus | undefined;
  readonly warnings: readonly string[];
}

export interface AdmittingServer extends Omit<ApiServer, 'kubectl'> {
  /** Rejects with what it wrote to standard error where it fails. */
  kubectl(...parameters: string[]): Promise<string>;
  /** Kubernetes namespaces to create objects in. */
  createNamespaces(names: readonly string[]): Promise<void>;
  /** Refuses fields that it does not know, as it does for kubectl. */
  create(object: DeclaredObject): Promise<Creation>;
  /** What an operator would say of an object beside what was created. */
  judge(resource: Resource): Verdict;
  /** Nobody answers reviews any more. */
  stopWebhook(): Promise<void>;
}

/** `nowMs` is the time for certificates. */
export async function startAdmittingServer(nowMs: number): Promise<AdmittingServer> {
  const server = await startApiServer();
  const world = new World();
  const worldOf = (namespace: string, name: string): NamespaceWorld =>
    compileNamespace(world.input(namespace, name), { nowMs, readCertificate }).world;
  server.applyCrds();
  const authority = await issueCertificateAuthority({
    nowMs: Date.now(),
    commonName: 'test webhook CA',
  });
  const issued = await issueServerCertificate({
    nowMs: Date.now(),
    issuer: authority,
    commonName: 'webhook',
    hosts: ['127.0.0.1'],
  });
  const webhook = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    keyPair: { certificate: issued.chainPem, privateKey: issued.privateKeyPem },
    worlds: {
      synced: true,
      worldOf,
      eventSubscriptions: (namespace) => world.events(namespace).eventSubscriptions,
    },
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
  configure(server, webhook.port, authority.certificatePem);
  // What waits for it must not keep this process from answering reviews.
  const kubectl = async (...parameters: string[]): Promise<string> => {
    const tool = path.join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubectl');
    const all = ['--kubeconfig', server.kubeconfig, ...parameters];
    const options = { timeout: KUBECTL_MS, maxBuffer: KUBECTL_BYTES_MAX };
    return (await promisify(execFile)(tool, all, options)).stdout;
  };
  return {
    ...server,
    kubectl,
    judge: (resource) => {
      const { name, namespace } = resource.metadata;
      const owner =
        resource.kind === 'MqttNamespace' ? name : ownerNameOf(resource as MemberResource);
      return judgeAdmission(worldOf(namespace, owner ?? ''), resource);
    },
    stopWebhook: () => webhook.close(),
    createNamespaces: async (names) => {
      const items = names.map((name) => {
        return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      });
      await kubectl('create', '-f', writeManifest(server, { ...LIST, items }));
    },
    create: async (object) => {
      const creation = await create(server, object);
      if (creation.stored !== undefined) world.set(creation.stored);
      return creation;
    },
    stop: async () => {
      await webhook.close();
      await server.stop();
    },
  };
}

interface Configuration {
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
}

/** The manifest that is installed, but for where the webhook is, on a machine that may be slow. */
function configure(server: ApiServer, port: number, caCertificate: string): void {
  const text = readFileSync(path.join(REPOSITORY, 'deploy/webhook.yaml'), 'utf8');
  const manifest = parse(text) as Configuration;
  const clientConfig = {
    url: `https://127.0.0.1:${port}${WEBHOOK_PATH}`,
    caBundle: Buffer.from(caCertificate).toString('base64'),
  };
  const webhooks = manifest.webhooks.map((webhook) => {
    return { ...webhook, clientConfig, timeoutSeconds: 30 };
  });
  server.kubectl('apply', '-f', writeManifest(server, { ...manifest, webhooks }));
}

const LIST = { apiVersion: 'v1', kind: 'List' };

function writeManifest(server: ApiServer, manifest: object): string {
  const file = path.join(path.dirname(server.kubeconfig), 'manifest.yaml');
  writeFileSync(file, stringify(manifest));
  return file;
}

function create(server: ApiServer, object: DeclaredObject): Promise<Creation> {
  const config = loadKubeConfig(server.kubeconfig);
  const base64 = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
  const plural = CRDS.get(object.kind as Kind)?.plural ?? '';
  const { apiVersion, metadata } = object;
  const place = `/apis/${apiVersion}/namespaces/${metadata.namespace}/${plural}`;
  return new Promise((resolve, reject) => {
    const call = request(
      `${server.url}${place}?fieldValidation=Strict`,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        ca: base64(config.getCurrentCluster()?.caData),
        cert: base64(config.getCurrentUser()?.certData),
        key: base64(config.getCurrentUser()?.keyData),
      },
      (answer) => void read(answer).then(resolve, reject),
    );
    call.on('error', reject);
    call.end(JSON.stringify(object));
  });
}

async function read(answer: IncomingMessage): Promise<Creation> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  const body: unknown = JSON.parse(text);
  const isStored = answer.statusCode === 201;
  return {
    stored: isStored ? (body as DeclaredObject) : undefined,
    refusal: isStored ? undefined : (body as RefusalStatus),
    warnings: warningsOf(answer.rawHeaders),
  };
}

/** `299 - "what is said"`, with quotes and backslashes escaped (RFC 9110, section 5.6.4). */
function warningsOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, index) => {
    if (index % 2 === 1 || name.toLowerCase() !== 'warning') return [];
    const quoted = /^299 - "(.*)"$/.exec(rawHeaders[index + 1] ?? '')?.[1] ?? '';
    return quoted.replace(/\\(.)/g, '$1');
  });
}
