import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { DEVELOPMENT_CLIENTS_MAX, developmentClientsOf } from './development-clients.ts';

function names(howMany: number): string[] {
  return Array.from({ length: howMany }, (_, index) => `client-${index}`);
}

test('clients that authenticate by subject get a certificate, up to a bound', () => {
  const all = names(DEVELOPMENT_CLIENTS_MAX + 3);
  const { clients, leftOut } = developmentClientsOf(
    aSnapshot({ clients: all.map((name) => aClient(name)), spaces: {} }),
  );
  assert.deepEqual(
    clients.map(({ name }) => name),
    all.slice(0, DEVELOPMENT_CLIENTS_MAX),
  );
  assert.equal(leftOut, 3);
});

test('clients that authenticate by thumbprint have their certificate already', () => {
  const credential = { type: 'CertificateThumbprint', thumbprints: ['00'.repeat(20)] } as const;
  const clients = [aClient('by-thumbprint', { credential }), aClient('by-subject')];
  const found = developmentClientsOf(aSnapshot({ clients, spaces: {} }));
  assert.deepEqual(found, {
    clients: [{ name: 'by-subject', subject: { commonName: 'by-subject' } }],
    leftOut: 0,
  });
});
