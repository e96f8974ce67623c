/** A thread that appends events to a file, and fails where one is not delivered. */
import assert from 'node:assert/strict';
import { workerData } from 'node:worker_threads';
import { openFile } from '../../broker/events/destinations/file.ts';
import { outboundEvent } from './outbound-events.ts';

const { path, maxBytes, ids, name } = workerData as {
  readonly path: string;
  readonly maxBytes: number;
  /** From the first one on, before the second one. */
  readonly ids: readonly [number, number];
  readonly name: string;
};
const destination = openFile({ path, maxBytes });
for (let id = ids[0]; id < ids[1]; id++) {
  const signal = new AbortController().signal;
  const outcome = await destination.deliver([outboundEvent(`${name}-${id}`)], signal);
  assert.deepEqual(outcome, { type: 'Delivered' });
}
await destination.close();
