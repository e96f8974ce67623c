/**
 * A thread that appends events to a file until it is sent a message, and fails where one is not
 * delivered. It posts how many it appended.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { openFile } from '../../broker/events/destinations/file.ts';
import { outboundEvent } from './outbound-events.ts';

const { path, maxBytes, ids, name } = workerData as {
  readonly path: string;
  readonly maxBytes: number;
  /** From the first one on, to the second one at least, and before the third one. */
  readonly ids: readonly [number, number, number];
  readonly name: string;
};
let isEnough = false;
parentPort!.once('message', () => (isEnough = true));
const destination = openFile({ path, maxBytes });
const [first, least, end] = ids;
let id = first;
for (; id < end && !(isEnough && id > least); id++) {
  const signal = new AbortController().signal;
  const outcome = await destination.deliver([outboundEvent(`${name}-${id}`)], signal);
  assert.deepEqual(outcome, { type: 'Delivered' });
}
await destination.close();
parentPort!.postMessage(id - first);
// Where it was never sent one.
parentPort!.close();
