/**
 * An API server of a test's own: etcd and kube-apiserver on free ports of loopback. There are no
 * controllers and no nodes, so nothing is collected, scheduled or run; a Kubernetes namespace
 * that is deleted stays Terminating.
 */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import type { CertificateSubject } from '../../domain/resources.ts';
import { freePorts } from './free-ports.ts';
import { startGuarded } from './guarded-process.ts';
import type { GuardedProcess } from './guarded-process.ts';

const CRDS = path.resolve(import.meta.dirname, '../../crds');

/** Starting takes 5 s when the machine is quiet. */
const READY_MS = 120_000;
const READY_POLL_MS = 100;

export interface ApiServerOptions {
  /** Beside our own; a flag that is given twice has its last value. */
  readonly flags?: readonly string[];
}

export interface ApiServer {
  /** Of a user in `system:masters`. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** The kubeconfig of another user, who may do what RBAC lets him. An organization is a group. */
  kubeconfigFor(subject: CertificateSubject): Promise<string>;
  /** All of `crds/`; they are established when it resolves. */
  applyCrds(): void;
  /** @throws with what it wrote to standard error where it fails */
  kubectl(...parameters: string[]): string;
  /** Drops past states: a list that goes on from one gets 410, after a restart a watch as well. */
  compact(): Promise<void>;
  /** Kills kube-apiserver; etcd goes on. */
  down(): Promise<void>;
  /** Starts it again at the same address. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

interface Paths {
  readonly folder: string;
  readonly assets: string;
  readonly etcdUrl: string;
  readonly url: string;
}

interface Credentials {
  readonly authority: Issued;
  readonly admin: Issued;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const assets = assetsFolder();
  const folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-api-'));
  const [etcdPort, peerPort, port] = await freePorts(3);
  const paths = {
    folder,
    assets,
    etcdUrl: `http://127.0.0.1:${etcdPort}`,
    url: `https://127.0.0.1:${port}`,
  };
  const credentials = await writeCredentials(folder);
  const etcd = startEtcd(paths, `http://127.0.0.1:${peerPort}`);
  let server: GuardedProcess | undefined;
  const up = async (): Promise<void> => {
    server = startKubeApiServer(paths, options.flags ?? []);
    await ready(server, paths.url, credentials);
  };
  const down = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  const stop = async (): Promise<void> => {
    await down();
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const kubeconfig = writeKubeconfig(paths, credentials.authority, credentials.admin, 'admin');
  const kubectl = (...parameters: string[]): string =>
    run(path.join(assets, 'kubectl'), ['--kubeconfig', kubeconfig, ...parameters], folder);
  try {
    await up();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kubeconfig,
    url: paths.url,
    kubeconfigFor: async (subject) => {
      const { authority } = credentials;
      const client = await issueClientCertificate({
        nowMs: Date.now(),
        issuer: authority,
        subject,
      });
      return writeKubeconfig(paths, authority, client, client.thumbprintSha1);
    },
    applyCrds: () => {
      kubectl('apply', '--server-side', '-k', CRDS);
      kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    },
    kubectl,
    compact: () => compact(paths.etcdUrl),
    down,
    up,
    stop,
  };
}

function assetsFolder(): string {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  const needed = ['kube-apiserver', 'etcd', 'kubectl'];
  const missing = needed.filter((name) => folder === undefined || !existsSync(`${folder}/${name}`));
  if (folder === undefined || missing.length > 0) {
    throw new Error(
      `no ${missing.join(', ')}: set KUBEBUILDER_ASSETS to a folder with ${needed.join(', ')}, ` +
        'such as the one that "setup-envtest use -p path" prints',
    );
  }
  return folder;
}

async function writeCredentials(folder: string): Promise<Credentials> {
  const nowMs = Date.now();
  const authority = await issueCertificateAuthority({ nowMs, commonName: 'test API server CA' });
  const server = await issueServerCertificate({
    nowMs,
    issuer: authority,
    commonName: 'kube-apiserver',
    hosts: ['127.0.0.1', 'localhost'],
  });
  const admin = await issueClientCertificate({
    nowMs,
    issuer: authority,
    subject: { commonName: 'admin', organization: 'system:masters' },
  });
  const accounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = {
    'ca.crt': authority.certificatePem,
    'server.crt': server.chainPem,
    'server.key': server.privateKeyPem,
    'accounts.pub': accounts.publicKey,
    'accounts.key': accounts.privateKey,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  }
  return { authority, admin };
}

function writeKubeconfig(paths: Paths, authority: Issued, client: Issued, name: string): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const file = path.join(paths.folder, `${name}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: paths.url,
          'certificate-authority-data': base64(authority.certificatePem),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(client.chainPem),
          'client-key-data': base64(client.privateKeyPem),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

function startEtcd({ folder, assets, etcdUrl }: Paths, peerUrl: string): GuardedProcess {
  return startGuarded(folder, path.join(assets, 'etcd'), [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
  ]);
}

function startKubeApiServer(paths: Paths, flags: readonly string[]): GuardedProcess {
  const { folder, assets, etcdUrl, url } = paths;
  return startGuarded(folder, path.join(assets, 'kube-apiserver'), [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${new URL(url).port}`,
    `--client-ca-file=${folder}/ca.crt`,
    `--tls-cert-file=${folder}/server.crt`,
    `--tls-private-key-file=${folder}/server.key`,
    `--service-account-key-file=${folder}/accounts.pub`,
    `--service-account-signing-key-file=${folder}/accounts.key`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    // It waits for a controller that would make the default service account.
    '--disable-admission-plugins=ServiceAccount',
    ...flags,
  ]);
}

async function ready(server: GuardedProcess, url: string, credentials: Credentials): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (!(await isReady(url, credentials))) {
    const failure = server.failure();
    if (failure !== undefined) throw new Error(failure);
    if (performance.now() > deadlineMs) throw new Error(`${url} is not ready in ${READY_MS} ms`);
    await delay(READY_POLL_MS);
  }
}

function isReady(url: string, { authority, admin }: Credentials): Promise<boolean> {
  const tls = { ca: authority.certificatePem, cert: admin.chainPem, key: admin.privateKeyPem };
  return new Promise((resolve) => {
    const call = request(`${url}/readyz`, { ...tls, agent: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', () => resolve(false));
    call.end();
  });
}

function run(command: string, parameters: readonly string[], home: string): string {
  const env = { ...process.env, HOME: home, KUBECONFIG: '' };
  const { status, stdout, stderr, error } = spawnSync(command, parameters, {
    encoding: 'utf8',
    env,
    timeout: READY_MS,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${path.basename(command)} ${parameters.join(' ')}: ${stderr}`);
  return stdout;
}

/** By etcd's JSON gateway, which takes and gives 64-bit integers as text. */
async function compact(etcdUrl: string): Promise<void> {
  const post = async (call: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${etcdUrl}/v3/kv/${call}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd: ${call}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const key = Buffer.from('/').toString('base64');
  const { header } = (await post('range', { key })) as { header: { revision: string } };
  await post('compaction', { revision: header.revision, physical: true });
}
