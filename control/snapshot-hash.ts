import { hash } from 'node:crypto';
import { snapshotHasher } from '../domain/snapshot-changes.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** What a stamp's hash is: one for each process, since it remembers the digests of values. */
export const hashOf: (snapshot: Snapshot) => string = snapshotHasher((text) => {
  return hash('sha256', text, 'base64url');
});
