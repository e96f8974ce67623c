import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestAuthority, testAuthority } from '../test/support/certificates.ts';
import { issuedFromPem } from './issued.ts';

describe('issuedFromPem', () => {
  it('reads back what was issued, whichever line breaks it has', async () => {
    const { server, root } = await testAuthority();
    assert.deepEqual(issuedFromPem(server.chainPem, server.privateKeyPem), server);
    assert.deepEqual(issuedFromPem(root.chainPem, root.privateKeyPem), root);
    const dos = server.chainPem.replaceAll('\n', '\r\n');
    assert.equal(
      issuedFromPem(dos, server.privateKeyPem).thumbprintSha256,
      server.thumbprintSha256,
    );
  });

  it('refuses a key that is not the one of the certificate', async () => {
    const { server, root } = await testAuthority();
    assert.throws(
      () => issuedFromPem(server.chainPem, root.privateKeyPem),
      /the private key is not the one of the certificate/,
    );
    const other = await createTestAuthority();
    assert.throws(() => issuedFromPem(server.chainPem, other.server.privateKeyPem));
  });

  it('refuses a text without a certificate', async () => {
    const { server } = await testAuthority();
    assert.throws(() => issuedFromPem('', server.privateKeyPem), /no PEM certificate/);
    assert.throws(() => issuedFromPem(server.privateKeyPem, server.privateKeyPem), /no PEM/);
  });
});
