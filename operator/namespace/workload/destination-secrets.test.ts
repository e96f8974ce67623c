import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Destination } from '../../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import { printViolation } from '../../../domain/violation.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import { destinationSecrets, secretUses } from './destination-secrets.ts';

function subscription(
  name: string,
  destination: Destination,
  deadLetter?: Destination,
): SnapshotEventSubscription {
  const policy = { maxDeliveryAttempts: 1, eventTimeToLiveMs: 1 };
  return { name, filter: {}, destination, ...policy, ...(deadLetter && { deadLetter }) };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function secretsOf(contents: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  return new Map(
    Object.entries(contents).map(([name, texts]): [string, Secret] => {
      const entries = Object.entries(texts).map(([key, text]) => [key, base64(text)]);
      const data = Object.fromEntries(entries) as Record<string, string>;
      return [name, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data }];
    }),
  );
}

const WEBHOOK = { webhook: { url: 'https://a.example', authSecretName: 'auth' } };
const KAFKA = {
  kafka: { brokers: ['a:1'], topic: 't', tls: { caSecretName: 'ca' }, saslSecretName: 'sasl' },
};

function of(
  subscriptions: readonly SnapshotEventSubscription[],
  contents: Readonly<Record<string, Readonly<Record<string, string>>>>,
) {
  const { file, violations } = destinationSecrets(secretUses(subscriptions), secretsOf(contents));
  const words = [...violations].map(([name, all]) => [name, all.map(printViolation)]);
  return { file: JSON.parse(file) as unknown, words: Object.fromEntries(words) as unknown };
}

suite('the Secrets of destinations', () => {
  test('are read for what destinations and dead letters use, and nothing else of them', () => {
    const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' };
    const { file, words } = of([subscription('a', WEBHOOK, KAFKA)], {
      auth: { token: 't', other: 'private' },
      ca: { 'ca.crt': 'pem', 'tls.key': 'private' },
      sasl,
    });
    assert.deepEqual(words, {});
    assert.deepEqual(file, {
      auth: { token: base64('t') },
      ca: { 'ca.crt': base64('pem') },
      sasl: { mechanism: base64('PLAIN'), username: base64('u'), password: base64('p') },
    });
  });

  test('are one text, whoever names them first', () => {
    const contents = secretsOf({ auth: { token: 't' }, ca: { 'ca.crt': 'x' }, sasl: {} });
    const both = [subscription('a', WEBHOOK), subscription('b', KAFKA)];
    const one = destinationSecrets(secretUses(both), contents);
    const other = destinationSecrets(secretUses(both.toReversed()), contents);
    assert.equal(one.file, other.file);
  });

  test('that are missing, or lack a key, are named; no word of their content', () => {
    const { words } = of([subscription('a', WEBHOOK), subscription('b', KAFKA)], {
      auth: { password: 'private' },
      sasl: { mechanism: 'PLAIN', username: 'u', password: '' },
    });
    assert.deepEqual(words, {
      a: [
        'spec.destination.webhook.authSecretName: names the Secret "auth", which has no key ' +
          'authorization, token or hmacKey; add it to the Secret',
      ],
      b: [
        'spec.destination.kafka.tls.caSecretName: names the Secret "ca", which does not exist ' +
          'in this Kubernetes namespace; create it, or name one that exists',
        'spec.destination.kafka.saslSecretName: names the Secret "sasl", which has no key ' +
          'password; add it to the Secret',
      ],
    });
  });

  test('that do not fit into one Secret are refused one by one', () => {
    const ca = (caSecretName: string): Destination => {
      return { webhook: { url: 'https://a.example', caSecretName } };
    };
    const large = { 'ca.crt': 'x'.repeat(500_000) };
    const subscriptions = [subscription('a', ca('one')), subscription('b', ca('two'))];
    const { file, words } = of(subscriptions, { one: large, two: large });
    assert.deepEqual(Object.keys(file as object), ['one']);
    assert.match(JSON.stringify(words), /"b":.*more than the 1048576 bytes/);
    assert.ok(JSON.stringify(file).length <= 1024 * 1024);
  });
});
