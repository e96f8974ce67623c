/** The client's side of SCRAM (RFC 5802, RFC 7677), without channel binding. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramHash = 'sha256' | 'sha512';

/** What a server said breaks SCRAM; the message names no secret. */
export class ScramError extends Error {}

const GS2_HEADER = 'n,,';
/** RFC 7677, 4. */
const ITERATIONS_MIN = 4096;
/** A quarter of a second of a core: a server that asks for more wants to keep us busy. */
const ITERATIONS_MAX = 1_000_000;
const NONCE_BYTES = 18;

const derive = promisify(pbkdf2);

/** Sends a message and answers what came back. */
export type Exchange = (message: Buffer) => Promise<Buffer>;

/** @throws ScramError, and whatever `exchange` rejects with: the password was wrong */
export async function authenticateByScram(
  hash: ScramHash,
  user: { readonly name: string; readonly password: string },
  exchange: Exchange,
): Promise<void> {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  const clientFirst = `n=${escaped(user.name)},r=${nonce}`;
  const serverFirst = (await exchange(Buffer.from(GS2_HEADER + clientFirst))).toString('utf8');
  const { serverNonce, salt, iterations } = readServerFirst(serverFirst, nonce);
  const bytes = createHash(hash).digest().length;
  const salted = await derive(user.password, salt, iterations, bytes, hash);
  const clientKey = hmac(hash, salted, 'Client Key');
  const storedKey = createHash(hash).update(clientKey).digest();
  const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${serverNonce}`;
  const authMessage = `${clientFirst},${serverFirst},${withoutProof}`;
  const signature = hmac(hash, storedKey, authMessage);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
  const clientFinal = `${withoutProof},p=${proof.toString('base64')}`;
  const serverFinal = (await exchange(Buffer.from(clientFinal))).toString('utf8');
  const verifier = Buffer.from(attributesOf(serverFinal).get('v') ?? '', 'base64');
  const expected = hmac(hash, hmac(hash, salted, 'Server Key'), authMessage);
  if (verifier.length !== expected.length || !timingSafeEqual(verifier, expected)) {
    throw new ScramError('it does not know the password itself: it is not who it says it is');
  }
}

function readServerFirst(
  message: string,
  nonce: string,
): { serverNonce: string; salt: Buffer; iterations: number } {
  const attributes = attributesOf(message);
  const serverNonce = attributes.get('r') ?? '';
  const salt = Buffer.from(attributes.get('s') ?? '', 'base64');
  const iterations = Number(attributes.get('i'));
  if (!serverNonce.startsWith(nonce) || serverNonce === nonce || salt.length === 0) {
    throw new ScramError('its first message is not of SCRAM');
  }
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)) {
    throw new ScramError(`it asks for other than ${ITERATIONS_MIN} to ${ITERATIONS_MAX} rounds`);
  }
  return { serverNonce, salt, iterations: Math.floor(iterations) };
}

function attributesOf(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** RFC 5802, 5.1: of a saslname. */
function escaped(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}
