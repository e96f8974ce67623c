/** One thread with a broker's code and policy, and every client known. */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import type { Snapshot } from '../../../domain/snapshot.ts';

function heapBytes(): number {
  globalThis.gc!();
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

const given = once(parentPort!, 'message') as Promise<[Snapshot]>;
await import('../../../broker/broker.ts');
const { buildPolicy } = await import('../../../domain/access.ts');
const withCode = heapBytes();
parentPort!.postMessage('loaded');
const [snapshot] = await given;
const withSnapshot = heapBytes();
const policy = buildPolicy(snapshot);
for (const { name } of snapshot.clients) policy.clientAccess(name);
const withPolicy = heapBytes();
parentPort!.postMessage([withCode, withSnapshot - withCode, withPolicy - withSnapshot]);
// Keeps the thread, and what it holds, until the process ends.
parentPort!.on('message', () => policy.known.size);
