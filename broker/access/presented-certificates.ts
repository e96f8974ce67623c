import type { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from './certificate-facts.ts';
import { readFacts } from './certificate-facts.ts';

/** Clients whose certificate is remembered; the one that connected longest ago is forgotten. */
const CERTIFICATES_MAX = 20000;
/** Above this, what was read of a certificate is read again: no honest one has 16 KiB. */
const REMEMBERED_BYTES_MAX = 16384;
/** Certificates above its own that a client may send: more is an attempt to cost memory. */
const INTERMEDIATES_MAX = 9;
/** Intermediates that are kept once for all clients; a namespace has a handful of them. */
const SHARED_INTERMEDIATES_MAX = 1000;

/** What a client presented. The certificate itself stays with its TLS connection. */
export interface PresentedCertificate {
  readonly facts: CertificateFacts;
  /** What was sent above it; not verified. */
  readonly intermediates: readonly X509Certificate[];
}

interface Remembered {
  /** Undefined: there is too much of it to be kept. */
  readonly facts: CertificateFacts | undefined;
  readonly intermediates: readonly X509Certificate[];
}

/**
 * What was read of each client certificate, and what it came with. A resumed TLS session brings the
 * leaf alone, and all checks are run again at each CONNECT: what is kept here grants nothing.
 */
export class PresentedCertificates {
  /** By the SHA-256 fingerprint of the client's certificate. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #shared = new Map<string, X509Certificate>();

  /** A client's certificate with what it sent above it, now or when the TLS session was made. */
  present(leaf: X509Certificate, resumed: boolean): PresentedCertificate {
    const key = leaf.fingerprint256;
    const known = this.#remembered.get(key);
    const facts = known?.facts ?? readFacts(leaf);
    const intermediates = this.#intermediatesOf(leaf, resumed, known?.intermediates);
    const presented = { facts, intermediates };
    const isNews = known?.facts !== facts || known.intermediates !== intermediates;
    // Who connected last matters only where some may have to be forgotten soon.
    if (!isNews && this.#remembered.size <= CERTIFICATES_MAX / 2) return presented;
    this.#remembered.delete(key);
    if (this.#remembered.size >= CERTIFICATES_MAX) forgetOldest(this.#remembered);
    const isKept = facts.bytes <= REMEMBERED_BYTES_MAX;
    this.#remembered.set(key, isKept ? presented : { facts: undefined, intermediates });
    return presented;
  }

  #intermediatesOf(
    leaf: X509Certificate,
    resumed: boolean,
    known: readonly X509Certificate[] | undefined,
  ): readonly X509Certificate[] {
    if (resumed && known !== undefined) return known;
    const sent = sentAbove(leaf).map((certificate) => this.#share(certificate));
    const isKnown = known?.length === sent.length && sent.every((each, at) => each === known[at]);
    return isKnown ? known : sent;
  }

  /** The same object for the same certificate: each holds some KiB outside of the heap. */
  #share(certificate: X509Certificate): X509Certificate {
    const key = certificate.fingerprint256;
    const shared = this.#shared.get(key);
    if (shared !== undefined) return shared;
    if (this.#shared.size >= SHARED_INTERMEDIATES_MAX) forgetOldest(this.#shared);
    this.#shared.set(key, certificate);
    return certificate;
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function sentAbove(leaf: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = [];
  let next = leaf.issuerCertificate;
  while (next !== undefined && sent.length < INTERMEDIATES_MAX) {
    sent.push(next);
    next = next.issuerCertificate;
  }
  return sent;
}
