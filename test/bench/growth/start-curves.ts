/** How long it takes until somebody is served, by what is declared and what is kept. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { startBroker } from '../../../broker/broker.ts';
import { SqliteStore } from '../../../broker/store/sqlite-store.ts';
import { API_VERSION, type Kind } from '../../../domain/resources.ts';
import { SESSION_EXPIRY_SECONDS } from '../../../domain/limits.ts';
import { clientName, readCertificates } from '../certificates.ts';
import type { Curve } from './curve.ts';
import { clientOf, RAISED_LIMITS, TRAFFIC, worldOf } from './world.ts';

const SILENT = pino({ level: 'silent' });
const READY_TIMEOUT_MS = 120_000;
const SUBSCRIPTIONS_EACH = 5;
const PROGRAM = resolve(import.meta.dirname, '../../../cli/mqttgrid.ts');

async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until the broker listens, in this process. */
async function timeToListen(
  certificates: string,
  clients: number,
  storePath?: string,
): Promise<number> {
  const { serverChainPem, serverKeyPem } = readCertificates(certificates);
  const snapshot = worldOf({ clients });
  const startedMs = performance.now();
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    tls: { certificatePem: serverChainPem, privateKeyPem: serverKeyPem },
    snapshot,
    logger: SILENT,
    ...(storePath !== undefined && { storePath }),
  });
  const tookMs = performance.now() - startedMs;
  await broker.close();
  return tookMs;
}

/** What an earlier process left: sessions with some subscriptions each. */
async function storeSessions(path: string, count: number): Promise<void> {
  const store = await SqliteStore.open(path, SILENT);
  store.listen({ committed: () => undefined, withdrawn: () => undefined });
  const expiresAtMs = Date.now() + 1000 * SESSION_EXPIRY_SECONDS;
  for (let number = 0; number < count; number++) {
    const id = store.newSessionId();
    store.putSession(id, clientName(number));
    for (let at = 0; at < SUBSCRIPTIONS_EACH; at++) {
      const filter = `${TRAFFIC}/device-${number}/${at}`;
      store.putSubscription(id, { filter, qos: 1, noLocal: false });
    }
    store.setExpiry(id, expiresAtMs, 0);
  }
  await store.close();
}

function timeToRestore(certificates: string, sessions: number): Promise<number> {
  return inFolder(async (folder) => {
    const path = join(folder, 'sessions.db');
    await storeSessions(path, sessions);
    return await timeToListen(certificates, sessions, path);
  });
}

function manifest(kind: Kind, name: string, spec: object): string {
  const reference = kind === 'MqttNamespace' ? {} : { namespaceRef: { name: 'grid' } };
  const metadata = { name, namespace: 'default' };
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind,
    metadata,
    spec: { ...reference, ...spec },
  });
}

/** One Client in each file. */
function writeManifests(folder: string, count: number): void {
  mkdirSync(folder);
  const owner = manifest('MqttNamespace', 'grid', { limits: RAISED_LIMITS });
  writeFileSync(join(folder, 'grid.json'), owner);
  for (let number = 0; number < count; number++) {
    const { attributes } = clientOf(number);
    const authentication = { certificateSubject: { commonName: clientName(number) } };
    const text = manifest('Client', clientName(number), { authentication, attributes });
    writeFileSync(join(folder, `${clientName(number)}.json`), text);
  }
}

/** `mqttgrid up`, from its start as a process until it says that it is ready. */
function timeOfUp(count: number): Promise<number> {
  return inFolder(async (folder) => {
    writeManifests(join(folder, 'manifests'), count);
    const parameters = [PROGRAM, 'up', join(folder, 'manifests'), '--port', '0', '-o', 'json'];
    // A development certificate for each Client would be most of the time.
    const others = ['--no-development-certificates', '--data', join(folder, 'data')];
    const startedMs = performance.now();
    const child = spawn(process.execPath, [...parameters, ...others], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes('"event":"ready"')) return performance.now() - startedMs;
      }
      throw new Error('mqttgrid up did not get ready');
    } finally {
      clearTimeout(timer);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  });
}

const SIZES = { sizes: [100, 300, 1000, 3000, 10000], quickSizes: [100, 1000, 3000] } as const;
const TIME = { unit: 'ms', expected: 'O(n)', ...SIZES } as const;

export function startCurves(certificates: string): readonly Curve[] {
  return [
    {
      ...{ name: 'start-clients', of: 'clients', what: 'a broker starts: until it listens' },
      ...TIME,
      sizes: [1000, 3000, 10000, 30000, 100000],
      quickSizes: [1000, 10000, 30000],
      measure: (n) => timeToListen(certificates, n),
    },
    {
      ...{ name: 'start-sessions', of: 'stored sessions', what: 'a broker starts' },
      ...TIME,
      sizes: [1000, 3000, 10000, 30000],
      measure: (n) => timeToRestore(certificates, n),
    },
    {
      ...{ name: 'up', of: 'manifests', what: 'mqttgrid up: until ready' },
      ...TIME,
      measure: timeOfUp,
    },
  ];
}
