/**
 * The operator's own certificate authority. It signs what brokers and operator show each other and
 * what brokers show to clients, lives in one Secret, and is the same for all replicas.
 */
import type { Logger } from 'pino';
import type { Issued } from '../../certificates/issue.ts';
import type { Clock } from '../../control/clock.ts';
import { isAlreadyExists, isConflict } from '../../kube/kube-api.ts';
import type { KubeApi } from '../../kube/kube-api.ts';
import { AUTHORITY_SECRET, authoritySecret, readAuthority, SECRETS } from './authority-secret.ts';
import type { Secret } from './authority-secret.ts';
import { authorityAt, newAuthority, trustPem } from './authority-state.ts';
import type { AuthorityState } from './authority-state.ts';
import { issueLeaf, stillServing } from './leaf.ts';
import type { KeptLeaf, LeafRequest } from './leaf.ts';
import { repeat } from './repeat.ts';

/** What another replica or a person did is seen this late; rotation leaves a day. */
const CHECK_MS = 60_000;

/** Two replicas that write at once settle in one; more means that something is broken. */
const RACES_MAX = 5;

export interface AuthorityOptions {
  /** Of every replica, leading or not: it needs certificates before it leads. */
  readonly api: KubeApi;
  /** The Kubernetes namespace of the operator. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Authority {
  readonly #options: AuthorityOptions;
  readonly #listeners = new Set<() => void>();
  #state: AuthorityState | undefined;
  #trustPem = '';
  #endChecks: (() => void) | undefined;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  /**
   * Reads the authority, or makes it where there is none.
   * @throws where the Secret does not hold one, or the API server does not let us have it
   */
  async start(): Promise<void> {
    await this.#refresh();
    const { clock, log } = this.#options;
    // What we have serves for months: there is time to mend it.
    this.#endChecks = repeat(
      clock,
      CHECK_MS,
      () => this.#refresh(),
      (error) => log.error({ event: 'authority-check-failed', error: String(error) }),
    );
  }

  close(): void {
    this.#endChecks?.();
    this.#listeners.clear();
  }

  /** PEM of every certificate that peers are to trust, the one that signs first. */
  get trustPem(): string {
    this.#started();
    return this.#trustPem;
  }

  /** Calls back whenever another certificate signs, or others are trusted. The answer ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is kept, as long as it serves; else a new one. */
  async leaf(request: LeafRequest, kept: KeptLeaf | undefined): Promise<Issued> {
    const { current } = this.#started();
    const nowMs = this.#options.clock.nowMs();
    const serving = kept && stillServing(kept, request, current, nowMs);
    return serving ?? (await issueLeaf(request, current, nowMs));
  }

  #started(): AuthorityState {
    if (this.#state === undefined) throw new Error('the authority was not started');
    return this.#state;
  }

  async #refresh(): Promise<void> {
    for (let races = 0; races < RACES_MAX; races++) {
      const state = await this.#settle();
      if (state === undefined) continue;
      this.#take(state);
      return;
    }
    throw new Error(`the Secret ${this.#name()} changed ${RACES_MAX} times while it was written`);
  }

  /** Undefined: somebody else wrote it meanwhile. */
  async #settle(): Promise<AuthorityState | undefined> {
    const { api, namespace, clock } = this.#options;
    const found = await api.get<Secret>(SECRETS, { namespace, name: AUTHORITY_SECRET });
    const nowMs = clock.nowMs();
    // Where it was deleted, it is put back: clients trust its certificate.
    const known = found ? this.#read(found) : (this.#state ?? (await newAuthority(nowMs)));
    const state = await authorityAt(known, nowMs);
    if (found !== undefined && state === known) return state;
    try {
      await this.#write(authoritySecret(namespace, state), found?.metadata.resourceVersion);
      return state;
    } catch (error) {
      if (isAlreadyExists(error) || isConflict(error)) return undefined;
      throw error;
    }
  }

  async #write(secret: Secret, resourceVersion: string | undefined): Promise<void> {
    const { api } = this.#options;
    if (resourceVersion === undefined) await api.create(SECRETS, secret);
    else {
      const metadata = { ...secret.metadata, resourceVersion };
      await api.replace(SECRETS, { ...secret, metadata });
    }
  }

  #read(secret: Secret): AuthorityState {
    try {
      return readAuthority(secret);
    } catch (error) {
      throw new Error(
        `the Secret ${this.#name()} does not hold a certificate authority and its key: restore ` +
          'it, or stop the operator and delete it, and clients will have to trust a new one',
        { cause: error },
      );
    }
  }

  #name(): string {
    return `${this.#options.namespace}/${AUTHORITY_SECRET}`;
  }

  #take(state: AuthorityState): void {
    const trusted = trustPem(state);
    const isChange = this.#state !== undefined && trusted !== this.#trustPem;
    this.#state = state;
    this.#trustPem = trusted;
    if (!isChange) return;
    this.#options.log.info({ event: 'authority-changed' });
    for (const listener of this.#listeners) listener();
  }
}
