/** What a webhook is called with, from its Secrets. */
import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { secretText } from '../secrets.ts';
import type { Secrets } from '../secrets.ts';
import { RequestFault } from './webhook-fault.ts';

export type Headers = Readonly<Record<string, string>>;

/** RFC 9110, 5.5, and no obsolete text: what goes into a header as it is. */
const HEADER_VALUE = /^[\x20-\x7e\t]+$/;
/** Everything in it is text, so that a line break at its end is, too. */
const TEXT_KEY = /^[\x20-\x7e\t]*\r?\n?$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** How Standard Webhooks marks a key that is written in base64. */
const KEY_PREFIX = 'whsec_';

/**
 * The headers that authenticate a request with this body.
 * @throws RequestFault where the Secret does not have them
 */
export function credentialHeaders(
  secrets: Secrets,
  secretName: string,
  body: Buffer,
  nowMs: number,
): Headers {
  const headers: Record<string, string> = {};
  const authorization = secrets.read(secretName, 'authorization');
  const token = secrets.read(secretName, 'token');
  const hmacKey = secrets.read(secretName, 'hmacKey');
  if (authorization !== undefined) {
    headers['authorization'] = headerValue(secretName, 'authorization', authorization);
  } else if (token !== undefined) {
    headers['authorization'] = `Bearer ${headerValue(secretName, 'token', token)}`;
  }
  if (hmacKey !== undefined) {
    Object.assign(headers, signatureHeaders(keyOf(secretName, hmacKey), body, nowMs));
  }
  if (Object.keys(headers).length === 0) {
    throw new RequestFault(
      `there is no Secret ${secretName} with authorization, token or hmacKey; create it, or add ` +
        'one of them',
      'Refused',
    );
  }
  return headers;
}

function headerValue(secretName: string, key: string, value: Buffer): string {
  const text = secretText(value);
  if (HEADER_VALUE.test(text)) return text;
  const wrong = text === '' ? 'is empty' : 'has characters that no header can have';
  throw new RequestFault(
    `${key} of Secret ${secretName} ${wrong}; it is one line of visible ASCII`,
    'Refused',
  );
}

/** `whsec_` and base64, as Standard Webhooks writes keys; anything else is the key itself. */
function keyOf(secretName: string, value: Buffer): Buffer {
  const text = value.toString('latin1');
  const key = TEXT_KEY.test(text) ? Buffer.from(secretText(value)) : value;
  const encoded = key.toString('latin1');
  if (key.length > 0 && !encoded.startsWith(KEY_PREFIX)) return key;
  const base64 = encoded.slice(KEY_PREFIX.length);
  if (BASE64.test(base64)) return Buffer.from(base64, 'base64');
  const wrong = key.length === 0 ? 'is empty' : `has no base64 after ${KEY_PREFIX}`;
  throw new RequestFault(`hmacKey of Secret ${secretName} ${wrong}`, 'Refused');
}

/**
 * Standard Webhooks 1.0, "Signature scheme". The id is the same whenever the same content is sent
 * again, and it is not the event's, which a client may have chosen: signed content is separated by
 * full stops.
 */
function signatureHeaders(key: Buffer, body: Buffer, nowMs: number): Headers {
  const id = `msg_${createHash('sha256').update(body).digest('base64url')}`;
  const timestamp = String(Math.floor(nowMs / 1000));
  const signature = createHmac('sha256', key)
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Trusts these authorities and no others.
 * @throws RequestFault where there are none
 */
export function trustOf(secretName: string, pem: Buffer | undefined): SecureContext {
  if (pem === undefined) {
    throw new RequestFault(
      `there is no Secret ${secretName} with ca.crt; create it, or add ca.crt`,
      'Refused',
    );
  }
  const certificates = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    throw new RequestFault(
      `ca.crt of Secret ${secretName} holds no certificate in PEM, or a broken one`,
      'Refused',
    );
  }
  return createSecureContext({ ca: [...certificates], minVersion: 'TLSv1.2' });
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
