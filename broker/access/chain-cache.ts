import type { X509Certificate } from 'node:crypto';

/** Clients whose chain is remembered; the one that connected longest ago is forgotten first. */
const CHAINS_MAX = 20000;
/** Certificates that a client may send: more is not a chain but an attempt to cost memory. */
const CHAIN_LENGTH_MAX = 10;

/**
 * The chain that each client certificate came with. A resumed TLS session brings the leaf alone,
 * and all checks are run again at each CONNECT. What is kept is unverified and grants nothing.
 */
export class ChainCache {
  readonly #chains = new Map<string, readonly X509Certificate[]>();

  /** The leaf with what the client sent above it, now or when the TLS session was made. */
  chainOf(leaf: X509Certificate, resumed: boolean): readonly X509Certificate[] {
    const key = leaf.fingerprint256;
    const known = this.#chains.get(key);
    const chain = resumed && known !== undefined ? known : sentChain(leaf);
    this.#chains.delete(key);
    if (this.#chains.size >= CHAINS_MAX) this.#forgetOldest();
    this.#chains.set(key, chain);
    return chain;
  }

  #forgetOldest(): void {
    const [oldest] = this.#chains.keys();
    if (oldest !== undefined) this.#chains.delete(oldest);
  }
}

function sentChain(leaf: X509Certificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: X509Certificate | undefined = leaf;
  while (next !== undefined && chain.length < CHAIN_LENGTH_MAX) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}
