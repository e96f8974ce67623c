import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { testAuthority } from '../test/support/certificates.ts';
import { issueCertificateAuthority } from './issue.ts';
import { readCertificate } from './read.ts';

function derOf(pem: string): Buffer {
  return new X509Certificate(pem).raw;
}

describe('readCertificate', () => {
  it('tells what the rules need to know of an authority', async () => {
    const root = await issueCertificateAuthority({
      commonName: 'Root',
      organization: 'Contoso',
      nowMs: 0,
      notBeforeMs: Date.UTC(2030, 1, 2, 3, 4, 5),
      notAfterMs: Date.UTC(2060, 1, 2, 3, 4, 5),
    });
    assert.deepEqual(readCertificate(derOf(root.certificatePem).toString('base64')), {
      subject: 'O=Contoso, CN=Root',
      certificateAuthority: true,
      validFromMs: Date.UTC(2030, 1, 2, 3, 4, 5),
      validToMs: Date.UTC(2060, 1, 2, 3, 4, 5),
    });
  });

  it('tells that a leaf is no authority', async () => {
    const { server } = await testAuthority();
    const facts = readCertificate(derOf(server.certificatePem).toString('base64'));
    assert.equal(facts?.certificateAuthority, false);
  });

  it('takes neither PEM, nor two certificates, nor one that is cut off', async () => {
    const { server, root } = await testAuthority();
    const der = derOf(server.certificatePem);
    const refused = [
      Buffer.from(server.certificatePem),
      Buffer.concat([der, derOf(root.certificatePem)]),
      Buffer.concat([der, Buffer.from([0])]),
      der.subarray(0, -1),
      Buffer.alloc(0),
    ];
    for (const bytes of refused) assert.equal(readCertificate(bytes.toString('base64')), undefined);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(readCertificate(text), undefined);
      }),
    );
  });

  it('never throws on a certificate with one byte changed', async () => {
    const { root } = await testAuthority();
    const der = derOf(root.certificatePem);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = Buffer.from(der);
        changed[index] = (changed[index] ?? 0) ^ flip;
        const facts = readCertificate(changed.toString('base64'));
        if (facts) assert.ok(Number.isFinite(facts.validToMs));
      }),
    );
  });
});
