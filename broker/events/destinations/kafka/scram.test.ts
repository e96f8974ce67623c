import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { ScramError, authenticateByScram } from './scram.ts';
import type { Exchange } from './scram.ts';

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

/** The server's side as RFC 5802 has it, and what it got. */
function server(password: string, iterations = 4096): { exchange: Exchange; got: string[] } {
  const got: string[] = [];
  let first = '';
  const exchange: Exchange = (message) => {
    got.push(message.toString());
    if (got.length === 1) {
      const nonce = /,r=([^,]*)$/.exec(got[0]!)![1]!;
      first = `r=${nonce}server,s=${SALT.toString('base64')},i=${iterations}`;
      return Promise.resolve(Buffer.from(first));
    }
    const [withoutProof, proof = ''] = got[1]!.split(',p=');
    const auth = `${got[0]!.slice(3)},${first},${withoutProof}`;
    const salted = pbkdf2Sync(password, SALT, iterations, 32, 'sha256');
    const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
    const signature = hmac(stored, auth);
    const key = Buffer.from(proof, 'base64').map((byte, index) => byte ^ signature[index]!);
    assert.deepEqual(createHash('sha256').update(key).digest(), stored, 'the proof');
    const verifier = hmac(hmac(salted, 'Server Key'), auth);
    return Promise.resolve(Buffer.from(`v=${verifier.toString('base64')}`));
  };
  return { exchange, got };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

test('both prove that they know the password, and nobody says it', async () => {
  const { exchange, got } = server('pencil,=');
  await authenticateByScram('sha256', { name: 'us,e=r', password: 'pencil,=' }, exchange);
  assert.match(got[0]!, /^n,,n=us=2Ce=3Dr,r=[\w-]{24}$/);
  assert.ok(!got.join('').includes('pencil'));
});

test('a server that breaks the rules is refused', async () => {
  const user = { name: 'u', password: 'p' };
  for (const first of ['', 'boom', 'e=other-error', 'r=x,s=QQ==,i=4096', 'r=,s=,i=', 'i', '\0']) {
    const exchange: Exchange = () => Promise.resolve(Buffer.from(first));
    await assert.rejects(authenticateByScram('sha256', user, exchange), ScramError, first);
  }
  for (const iterations of [1, 4095, 1_000_001, 2 ** 31]) {
    const { exchange } = server('p', iterations);
    await assert.rejects(authenticateByScram('sha512', user, exchange), /rounds/);
  }
  for (const last of ['', 'v=', 'v=QUJD', 'e=invalid-proof']) {
    const { exchange } = server('p');
    let calls = 0;
    const impostor: Exchange = (message) =>
      (calls += 1) === 1 ? exchange(message) : Promise.resolve(Buffer.from(last));
    await assert.rejects(authenticateByScram('sha256', user, impostor), /not who it says/);
  }
});
