import { hash } from 'node:crypto';
import { snapshotHasher } from '../domain/snapshot-changes.ts';

/** What a stamp's hash is: one for each process, since it remembers the digests of values. */
export const { hashOf, digestOf } = snapshotHasher((text) => hash('sha256', text, 'base64url'));
