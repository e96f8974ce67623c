/**
 * A folder with a store, the brokers that run on it one after the other, and their clients' keys.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientTlsOptions } from '../support/certificates.ts';
import { testAuthority } from '../support/certificates.ts';
import type { SnapshotSketch } from '../support/snapshots.ts';
import { aClient, aSnapshot } from '../support/snapshots.ts';
import { ChildBroker } from './child-broker.ts';

/** Nothing but the store shall hold anybody up. */
const limits = {
  connectsPerSecond: 100000,
  inboundMessagesPerSecond: 1000000,
  inboundMessagesPerSecondPerConnection: 1000000,
  outboundMessagesPerSecond: 1000000,
  outboundMessagesPerSecondPerConnection: 1000000,
  sessionQueueMessages: 1000000,
  sessionQueueBytes: 1073741824,
};

export interface FaultWorld {
  readonly broker: ChildBroker;
  readonly folder: string;
  readonly storePath: string;
  readonly credentials: (client: string) => ClientTlsOptions;
  readonly dispose: () => Promise<void>;
}

export interface FaultWorldOptions {
  readonly hasty?: boolean;
  readonly folder?: string;
  /** Of routing; limits beside those that are none. */
  readonly sketch?: Pick<SnapshotSketch, 'route' | 'eventSubscriptions' | 'limits'>;
}

export function aFaultFolder(): string {
  return mkdtempSync(join(tmpdir(), 'mqttgrid-faults-'));
}

export async function aFaultWorld(
  clients: readonly string[],
  { hasty = false, folder = aFaultFolder(), sketch = {} }: FaultWorldOptions = {},
): Promise<FaultWorld> {
  const authority = await testAuthority();
  const credentials = new Map<string, ClientTlsOptions>();
  for (const name of clients) credentials.set(name, await authority.clientOptions(name));
  const storePath = join(folder, 'sessions.db');
  const { chainPem, privateKeyPem } = authority.server;
  const broker = new ChildBroker({
    tls: { certificatePem: chainPem, privateKeyPem },
    snapshot: aSnapshot({
      caCertificates: [authority.root.certificatePem],
      clients: clients.map((name) => aClient(name)),
      spaces: { all: { templates: ['t/#', 'u/#'] } },
      ...sketch,
      limits: { ...limits, ...sketch.limits },
    }),
    storePath,
    hasty,
  });
  return {
    broker,
    folder,
    storePath,
    credentials: (client) => credentials.get(client)!,
    async dispose() {
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
