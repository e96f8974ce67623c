import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Destination } from '../domain/resources.ts';
import { printFieldPath } from '../domain/violation.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { missingSecrets } from './secrets.ts';

const URL = 'https://events.example.com';
const HOOK: Destination = { webhook: { url: URL, authSecretName: 'hook' } };
const BROKERS = { brokers: ['kafka:9092'], topic: 'telemetry' };

function folderWith(t: TestContext, ...files: readonly string[]): string {
  const folder = temporaryFolder(t);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'x');
  }
  return folder;
}

/** Lines of field and remedy, with paths from the folder on. */
function missing(folder: string, destination: Destination, deadLetter?: Destination): string[] {
  const topicRef = { name: 'telemetry' };
  const spec = { topicRef, destination, ...(deadLetter && { deadLetter }) };
  return missingSecrets(folder, spec).map(({ field, reason, remedy }) => {
    assert.equal(reason, 'RefNotFound');
    return `${printFieldPath(field)}: ${remedy.replaceAll(`${folder}/`, '')}`;
  });
}

test('a destination that names no Secret needs none', (t) => {
  const folder = folderWith(t);
  assert.deepEqual(missing(folder, { webhook: { url: URL } }, { file: { path: 'dead' } }), []);
  assert.deepEqual(missing(folder, { kafka: { ...BROKERS, tls: {} } }), []);
});

test('a Secret that is not there is told with the field that names it and the file to write', (t) => {
  const folder = folderWith(t);
  assert.deepEqual(missing(folder, HOOK), [
    'spec.destination.webhook.authSecretName: write hook/token',
  ]);
  const kafka = { ...BROKERS, tls: { caSecretName: 'authorities' }, saslSecretName: 'sasl' };
  assert.deepEqual(missing(folder, { file: { path: 'events' } }, { kafka }), [
    'spec.deadLetter.kafka.tls.caSecretName: write authorities/ca.crt',
    'spec.deadLetter.kafka.saslSecretName: write sasl/mechanism, sasl/username, sasl/password',
  ]);
});

test('one of the keys that a webhook is authorized with is enough', (t) => {
  for (const key of ['token', 'authorization', 'hmacKey']) {
    assert.deepEqual(missing(folderWith(t, `hook/${key}`), HOOK), []);
  }
  assert.equal(missing(folderWith(t, 'hook/password'), HOOK).length, 1);
});

test('only the files that are still missing are asked for', (t) => {
  const folder = folderWith(t, 'sasl/mechanism', 'sasl/username');
  assert.deepEqual(missing(folder, { kafka: { ...BROKERS, saslSecretName: 'sasl' } }), [
    'spec.destination.kafka.saslSecretName: write sasl/password',
  ]);
});

test('a folder where a file should be, or a file where a folder should be, is no key', (t) => {
  assert.equal(missing(folderWith(t, 'hook/token/file'), HOOK).length, 1);
  assert.equal(missing(folderWith(t, 'hook'), HOOK).length, 1);
});
