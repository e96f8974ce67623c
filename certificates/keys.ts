import { generateKeyPair, sign } from 'node:crypto';
import type { KeyObject, KeyPairKeyObjectResult } from 'node:crypto';
import { promisify } from 'node:util';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { IssueError } from './issue-error.ts';

/**
 * ECDSA is the default, because handshakes are the cost of a connection; RSA serves devices whose
 * TLS library knows nothing else.
 */
export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048';

const generate = promisify(generateKeyPair);

export function generateKeys(algorithm: KeyAlgorithm): Promise<KeyPairKeyObjectResult> {
  if (algorithm === 'rsa-2048') return generate('rsa', { modulusLength: 2048 });
  return generate('ec', { namedCurve: 'P-256' });
}

/** A TLS 1.2 cipher without forward secrecy makes the client encrypt with the server's RSA key. */
export function mayEncipherKeys(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa';
}

export interface Signer {
  /** What stands in the certificate, inside and outside of the part that is signed. */
  readonly algorithm: AlgorithmIdentifier;
  readonly sign: (data: Uint8Array) => ArrayBuffer;
}

/** @throws IssueError where the key is neither RSA nor on an elliptic curve */
export function signerWith(key: KeyObject): Signer {
  return {
    algorithm: signatureAlgorithm(key),
    sign: (data) => Uint8Array.from(sign('sha256', data, key)).buffer,
  };
}

function signatureAlgorithm(key: KeyObject): AlgorithmIdentifier {
  const type = key.asymmetricKeyType;
  // ecdsa-with-SHA256, whose parameters must be absent: RFC 5758, 3.2.
  if (type === 'ec') return new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });
  if (type === 'rsa') {
    // sha256WithRSAEncryption, whose parameters must be NULL: RFC 4055, 5.
    return new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null });
  }
  throw new IssueError(`an issuer's key must be RSA or on an elliptic curve, not ${type}`);
}
