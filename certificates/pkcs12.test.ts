import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { testAuthority } from '../test/support/certificates.ts';
import { handshake } from '../test/support/tls-handshake.ts';
import type { Issued, KeyAlgorithm } from './issue.ts';
import { splitPem } from './issued.ts';
import { toPkcs12 } from './pkcs12.ts';

const ALGORITHMS: readonly KeyAlgorithm[] = ['ecdsa-p256', 'rsa-2048'];

const devices = new Map<KeyAlgorithm, Promise<Issued>>();

async function issueDevice(keyAlgorithm: KeyAlgorithm): Promise<Issued> {
  const { client } = await testAuthority();
  return client('device', { keyAlgorithm });
}

/** Always of the same certificate: RSA keys take their time. */
async function bundle(keyAlgorithm: KeyAlgorithm, password: string): Promise<Buffer> {
  const device = devices.get(keyAlgorithm) ?? issueDevice(keyAlgorithm);
  devices.set(keyAlgorithm, device);
  return toPkcs12({ ...(await device), password, friendlyName: 'Gerät 1' });
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('toPkcs12', () => {
  for (const keyAlgorithm of ALGORITHMS) {
    it(`makes what Node loads and shakes hands with (${keyAlgorithm})`, async () => {
      const { server, tlsOptions, root } = await testAuthority();
      const pfx = await bundle(keyAlgorithm, 'secret');
      const result = await handshake('TLSv1.3', tlsOptions(server), {
        pfx,
        passphrase: 'secret',
        ca: root.certificatePem,
      });
      assert.equal(result.clientCommonName, 'device');
    });

    it(`makes what node-forge reads: leaf, chain and friendly name (${keyAlgorithm})`, async () => {
      const { intermediate } = await testAuthority();
      const pfx = await bundle(keyAlgorithm, 'secret');
      const asn1 = forge.asn1.fromDer(pfx.toString('latin1'));
      const read = forge.pkcs12.pkcs12FromAsn1(asn1, true, 'secret');
      const named = read.getBags({ friendlyName: 'Gerät 1' }).friendlyName ?? [];
      assert.deepEqual(
        named.map((bag) => bag.type),
        [forge.pki.oids.certBag, forge.pki.oids.pkcs8ShroudedKeyBag],
      );
      const bagType = forge.pki.oids.certBag ?? '';
      const certificates = read.getBags({ bagType })[bagType] ?? [];
      assert.equal(certificates.length, 2);
      const second = forge.asn1.toDer(certificates[1]?.asn1 ?? assert.fail()).getBytes();
      assert.deepEqual(
        Buffer.from(second, 'latin1'),
        new X509Certificate(splitPem(intermediate.chainPem)[0] ?? '').raw,
      );
    });

    it(`makes what the openssl tool reads (${keyAlgorithm})`, { skip: !hasOpenssl() }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mqttgrid-pkcs12-'));
      try {
        const file = join(folder, 'device.p12');
        await writeFile(file, await bundle(keyAlgorithm, 'sécret'));
        const options = ['-in', file, '-passin', 'pass:sécret', '-nodes', '-info'];
        const { stdout, stderr } = await promisify(execFile)('openssl', ['pkcs12', ...options]);
        assert.match(stdout, /BEGIN PRIVATE KEY/);
        assert.equal(splitPem(stdout).length, 2);
        assert.match(stderr, /MAC: sha256, Iteration 2048/);
        assert.match(stderr, /PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256/);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }

  for (const password of ['', 'mqttgrid', 'pä€😀']) {
    it(`opens with the password ${JSON.stringify(password)}, and with no other`, async () => {
      const pfx = await bundle('ecdsa-p256', password);
      createSecureContext({ pfx, passphrase: password });
      assert.throws(() => createSecureContext({ pfx, passphrase: 'wrong' }), /mac verify failure/);
    });
  }

  it('notices one changed byte in what it holds', async () => {
    const pfx = await bundle('ecdsa-p256', 'secret');
    const index = pfx.indexOf('device');
    assert.ok(index > 0);
    pfx[index] = 'D'.charCodeAt(0);
    assert.throws(() => createSecureContext({ pfx, passphrase: 'secret' }), /mac verify failure/);
  });

  it('holds the key in no readable form', async () => {
    const { client } = await testAuthority();
    const issued = await client('device');
    const pfx = toPkcs12({ ...issued, password: 'secret', friendlyName: 'device' });
    const { d = '' } = createPrivateKey(issued.privateKeyPem).export({ format: 'jwk' });
    const scalar = Buffer.from(d, 'base64url');
    assert.equal(scalar.length, 32);
    assert.ok(!pfx.includes(scalar));
  });
});
