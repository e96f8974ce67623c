import type { X509Certificate } from 'node:crypto';
import type { Policy } from '../domain/access.ts';
import { buildPolicy, isEqualList } from '../domain/access.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { parseAuthorities } from './access/authentication.ts';
import type { BrokerCore } from './broker-core.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';
import { refuseConnected } from './live-change.ts';
import type { Session, Subscription } from './session/session.ts';
import { currentStanding, standingOf, type Standing } from './standing.ts';
import { Turns } from './turns.ts';

/**
 * What a snapshot will change, with no effect yet. `prepare` works out ahead what takes long, in
 * turns; whoever comes, goes or subscribes meanwhile is judged when it is put in force.
 */
export class PreparedChange {
  readonly snapshot: Snapshot;
  /** In force when this was made: it is of no use once another is. */
  readonly base: Policy;
  readonly policy: Policy;
  readonly authorities: readonly X509Certificate[];
  readonly authoritiesChanged: boolean;
  /** The subscriptions of a session that will stand otherwise, where `preparedFor` says so. */
  readonly #changed = new Map<Session, Map<Subscription, Standing>>();
  readonly #refusals = new Map<Connection, Ending | undefined>();

  /** @throws where the snapshot cannot be run */
  constructor(core: BrokerCore, snapshot: Snapshot) {
    const { policy } = core;
    const { caCertificates } = policy.snapshot;
    this.snapshot = snapshot;
    this.base = policy;
    this.authoritiesChanged = !isEqualList(caCertificates, snapshot.caCertificates);
    this.authorities = this.authoritiesChanged ? parseAuthorities(snapshot) : core.authorities;
    this.policy = buildPolicy(snapshot, policy);
  }

  async prepare(core: BrokerCore): Promise<void> {
    const turns = new Turns();
    await turns.next();
    for (const session of [...core.sessions.values()]) {
      if (turns.isOver) await turns.next();
      await this.#prepareSession(session, turns);
    }
    for (const connection of [...core.connections]) {
      if (turns.isOver) await turns.next();
      if (this.concerns(connection)) {
        this.#refusals.set(connection, refuseConnected(core, connection, this));
      }
    }
  }

  /** Whether what a connection may do, or that it may be there, is to be judged anew. */
  concerns({ connected }: Connection): boolean {
    if (connected === undefined) return false;
    const access = this.policy.clientAccess(connected.session.client);
    return this.authoritiesChanged || access !== connected.access;
  }

  /** Why the connection must end, if so. */
  refusal(core: BrokerCore, connection: Connection): Ending | undefined {
    if (!this.#refusals.has(connection)) return refuseConnected(core, connection, this);
    return this.#refusals.get(connection);
  }

  /** How the session's subscriptions stand; undefined: it is not known yet, or not any more. */
  changedOf(session: Session): ReadonlyMap<Subscription, Standing> | undefined {
    const access = this.policy.clientAccess(session.client);
    return session.preparedFor === access ? this.#changed.get(session) : undefined;
  }

  async #prepareSession(session: Session, turns: Turns): Promise<void> {
    const access = this.policy.clientAccess(session.client);
    if (access === undefined || session.judgedBy === access) return;
    const changed = new Map<Subscription, Standing>();
    this.#changed.set(session, changed);
    // From here on, one more subscription is not among these: it takes the mark away.
    session.preparedFor = access;
    for (const subscription of [...session.subscriptions.values()]) {
      if (turns.isOver) await turns.next();
      const standing = standingOf(access, subscription);
      if (standing !== currentStanding(subscription)) changed.set(subscription, standing);
    }
  }
}
