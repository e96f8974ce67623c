import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { authorityAt, newAuthority, trustPem } from './authority-state.ts';
import type { AuthorityState } from './authority-state.ts';
import { splitPem } from '../../certificates/issued.ts';
import { issueLeaf, renewalTimeMs, stillServing } from './leaf.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.parse('2026-01-01T00:00:00Z');

/** A step of time, and every state that it leads to. */
async function live(state: AuthorityState, fromDay: number, toDay: number, stepDays: number) {
  const states: { readonly day: number; readonly state: AuthorityState }[] = [];
  let current = state;
  for (let day = fromDay; day <= toDay; day += stepDays) {
    const next = await authorityAt(current, START_MS + day * DAY_MS);
    if (next !== current) states.push({ day, state: next });
    current = next;
  }
  return states;
}

test('it is the same object for as long as nothing is due', async () => {
  const state = await newAuthority(START_MS);
  assert.deepEqual(await live(state, 0, 2432, 1), []);
});

test('the next one is trusted for years before it signs, and the last one until it expires', async () => {
  const first = await newAuthority(START_MS);
  const states = await live(first, 0, 3700, 1);
  const [announced, promoted, retired] = states;
  assert.equal(states.length, 3);
  assert.equal(announced?.day, 2434);
  assert.equal(announced?.state.current, first.current);
  const next = announced?.state.next;
  assert.ok(next);
  assert.equal(trustPem(announced.state), first.current.certificatePem + next.certificatePem);
  assert.equal(promoted?.day, 3042);
  assert.equal(promoted?.state.current, next);
  assert.equal(promoted?.state.next, undefined);
  assert.equal(trustPem(promoted.state), next.certificatePem + first.current.certificatePem);
  assert.equal(retired?.day, 3650);
  assert.equal(trustPem(retired.state), next.certificatePem);
});

test('what was signed last before a change is trusted until it expires', async () => {
  const first = await newAuthority(START_MS);
  const states = await live(first, 2400, 3700, 1);
  const [, promoted, retired] = states;
  assert.ok(promoted !== undefined && retired !== undefined);
  const signedMs = START_MS + (promoted.day - 1) * DAY_MS;
  const leaf = await issueLeaf(REQUEST, first.current, signedMs);
  const expiresMs = new X509Certificate(leaf.certificatePem).validToDate.getTime();
  assert.ok(expiresMs <= START_MS + retired.day * DAY_MS);
  const trusted = splitPem(trustPem(promoted.state)).map((pem) => new X509Certificate(pem));
  const x509 = new X509Certificate(leaf.certificatePem);
  assert.ok(trusted.some((authority) => x509.verify(authority.publicKey)));
});

test('an operator that was away when it was due lets the next one spread before it signs', async () => {
  const first = await newAuthority(START_MS);
  const states = await live(first, 3600, 3649, 0.5);
  assert.deepEqual(
    states.map(({ day }) => day),
    // Certificates start five minutes back, so a day is over a little early.
    [3600, 3601],
  );
});

test('one that expired while nobody was here is replaced at once', async () => {
  const first = await newAuthority(START_MS);
  const [replaced] = await live(first, 4000, 4000, 1);
  assert.ok(replaced !== undefined);
  assert.notEqual(replaced.state.current.certificatePem, first.current.certificatePem);
  assert.equal(trustPem(replaced.state), replaced.state.current.certificatePem);
});

test('one that expires before the next one has spread hands over all the same', async () => {
  const first = await newAuthority(START_MS);
  const announced = await authorityAt(first, START_MS + 3649.5 * DAY_MS);
  assert.ok(announced.next);
  const promoted = await authorityAt(announced, START_MS + 3650 * DAY_MS);
  assert.equal(promoted.current, announced.next);
});

const REQUEST = {
  purpose: 'server',
  commonName: 'grid',
  hosts: ['grid.default.svc', '10.96.0.7', 'fd00::7'],
} as const;

test('a certificate serves for two thirds of its time', async () => {
  const { current } = await newAuthority(START_MS);
  const leaf = await issueLeaf(REQUEST, current, START_MS);
  const kept = { certificatePem: leaf.chainPem, privateKeyPem: leaf.privateKeyPem };
  const dueMs = renewalTimeMs(leaf);
  assert.ok(Math.abs(dueMs - START_MS - 60 * DAY_MS) < DAY_MS);
  assert.ok(stillServing(kept, REQUEST, current, dueMs - 1000));
  assert.equal(stillServing(kept, REQUEST, current, dueMs), undefined);
});

test('a certificate serves no more when it states too little, or was signed by another', async () => {
  const { current } = await newAuthority(START_MS);
  const other = await newAuthority(START_MS);
  const leaf = await issueLeaf(REQUEST, current, START_MS);
  const kept = { certificatePem: leaf.chainPem, privateKeyPem: leaf.privateKeyPem };
  const serves = (request: Parameters<typeof stillServing>[1], issuer = current): boolean =>
    stillServing(kept, request, issuer, START_MS) !== undefined;
  assert.ok(serves(REQUEST));
  assert.ok(serves({ ...REQUEST, hosts: ['fd00:0:0::7'] }), 'it may state more');
  assert.ok(!serves({ ...REQUEST, hosts: [...REQUEST.hosts, 'broker.example.com'] }));
  assert.ok(!serves({ ...REQUEST, hosts: ['10.96.0.8'] }));
  assert.ok(!serves({ ...REQUEST, commonName: 'other' }));
  assert.ok(!serves(REQUEST, other.current));
  const broken = { ...kept, privateKeyPem: other.current.privateKeyPem };
  assert.equal(stillServing(broken, REQUEST, current, START_MS), undefined);
});

test("a client's certificate says whose broker it is", async () => {
  const { current } = await newAuthority(START_MS);
  const request = { purpose: 'client', commonName: 'a-uid', organization: 'default' } as const;
  const leaf = await issueLeaf(request, current, START_MS);
  const x509 = new X509Certificate(leaf.certificatePem);
  assert.deepEqual(x509.subject.split('\n').sort(), ['CN=a-uid', 'O=default']);
  const kept = { certificatePem: leaf.chainPem, privateKeyPem: leaf.privateKeyPem };
  assert.ok(stillServing(kept, request, current, START_MS));
  const elsewhere = { ...request, organization: 'other' };
  assert.equal(stillServing(kept, elsewhere, current, START_MS), undefined);
});
