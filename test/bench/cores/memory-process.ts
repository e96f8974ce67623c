/** `node --expose-gc memory-process.ts THREADS CLIENTS ATTRIBUTES_BYTES` */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { limitsOf } from '../../../domain/limits.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';

export interface MemoryFigures {
  readonly residentBytes: number;
  /** Of the last thread's heap: code, then the snapshot, then the policy. */
  readonly heapBytes: readonly number[];
}

function snapshotOf(clients: number, attributesBytes: number): Snapshot {
  const filler = 'x'.repeat(Math.max(0, attributesBytes - 40));
  return {
    name: 'memory',
    limits: limitsOf({}),
    caCertificates: [],
    clients: Array.from({ length: clients }, (_, number) => ({
      name: `device-${number}`,
      state: 'Enabled',
      credential: { type: 'CertificateSubject', subject: { commonName: `device-${number}` } },
      attributes: { kind: `kind-${number % 10}`, number, filler: filler + String(number) },
    })),
    clientGroups: Array.from({ length: 10 }, (_, group) => ({
      name: `group-${group}`,
      query: `attributes.kind = 'kind-${group}'`,
    })),
    topicSpaces: Array.from({ length: 10 }, (_, space) => ({
      name: `space-${space}`,
      subscriptionSupport: 'HighFanout',
      topicTemplates: [`site/${space}/\${client.name}/+`, `site/${space}/all/#`],
    })),
    permissionBindings: Array.from({ length: 20 }, (_, binding) => ({
      name: `binding-${binding}`,
      clientGroupName: `group-${binding % 10}`,
      topicSpaceName: `space-${binding % 10}`,
      permission: binding < 10 ? 'Publisher' : 'Subscriber',
    })),
    eventSubscriptions: [],
  };
}

const [threads, clients, attributesBytes] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
];
let heapBytes: readonly number[] = [];
for (let thread = 0; thread < threads; thread++) {
  const worker = new Worker(new URL('./memory-thread.ts', import.meta.url));
  await once(worker, 'message');
  worker.postMessage(snapshotOf(clients, attributesBytes));
  [heapBytes] = (await once(worker, 'message')) as [readonly number[]];
}
globalThis.gc!();
const figures: MemoryFigures = { residentBytes: process.memoryUsage.rss(), heapBytes };
process.send!(figures, () => process.exit());
