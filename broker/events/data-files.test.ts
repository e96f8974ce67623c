import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Destination } from '../../domain/resources.ts';
import { withFilesIn } from './data-files.ts';

function filed(destination: Destination, deadLetter?: Destination): readonly unknown[] {
  const subscription = {
    name: 'positions',
    filter: { subjectEndsWith: '/position' },
    destination,
    maxDeliveryAttempts: 3,
    eventTimeToLiveMs: 60_000,
    ...(deadLetter && { deadLetter }),
  };
  const [found, ...more] = withFilesIn('/data', [subscription]);
  assert.ok(found !== undefined && more.length === 0);
  assert.deepEqual({ ...found, destination, ...(deadLetter && { deadLetter }) }, subscription);
  return [found.destination, found.deadLetter];
}

test('a relative path is within the folder, and keeps all else that is said of the file', () => {
  assert.deepEqual(filed({ file: { path: 'events/a.ndjson', maxBytes: 4096 } }), [
    { file: { path: '/data/events/a.ndjson', maxBytes: 4096 } },
    undefined,
  ]);
});

test('an absolute path stays as it is', () => {
  const destination = { file: { path: '/var/log/a.ndjson' } };
  assert.deepEqual(filed(destination), [destination, undefined]);
});

test('a dead letter has its file there, too, and what is no file is left alone', () => {
  const webhook = { webhook: { url: 'https://events.example.com' } };
  assert.deepEqual(filed(webhook, { file: { path: 'dead.ndjson' } }), [
    webhook,
    { file: { path: '/data/dead.ndjson' } },
  ]);
});
