import type { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import type { Policy } from '../domain/access.ts';
import { buildPolicy } from '../domain/access.ts';
import type { Limits } from '../domain/limits.ts';
import { SESSION_EXPIRY_SECONDS } from '../domain/limits.ts';
import { ReasonCode } from '../domain/reason-codes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { parseAuthorities } from './access/authentication.ts';
import { FlappingClients, isInterruption } from './admission/flapping.ts';
import { findTimeOut } from './admission/time-outs.ts';
import { UnsettledConnections } from './admission/unsettled-connections.ts';
import { PresentedCertificates } from './access/presented-certificates.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';
import { EventRoute, type EventRouteOptions } from './events/event-route.ts';
import { Diagnostics } from './diagnostics/diagnostics.ts';
import { RateLimits } from './limits/rate-limits.ts';
import { judgeAll, judgeSession } from './live-change.ts';
import type { Metrics } from './metrics.ts';
import { newMetrics } from './metrics.ts';
import { PreparedChange } from './prepared-change.ts';
import { Router } from './routing/router.ts';
import { SessionRegistry } from './session/session-registry.ts';
import type { Session, SessionContext } from './session/session.ts';
import { HeldSubscription } from './session/subscription.ts';
import type { BatchNumber, SessionStore, StoredSession } from './store/session-store.ts';
import { NO_BATCH } from './store/session-store.ts';

/** How often time-outs are looked after: each is told apart to about this much. */
const SWEEP_INTERVAL_MS = 500;

/** What a broker is made of beside its snapshot. */
export type CoreParts = Pick<BrokerCore, 'logger' | 'clock' | 'store'> &
  Pick<EventRouteOptions, 'secrets' | 'startThread' | 'onDeliveries'>;

/** Everything that the connections of one MqttNamespace share in this process. */
export class BrokerCore implements SessionContext {
  readonly metrics: Metrics = newMetrics();
  readonly clock: Clock;
  readonly logger: Logger;
  readonly diagnostics: Diagnostics;
  readonly store: SessionStore | undefined;
  readonly router = new Router();
  readonly sessions: SessionRegistry;
  readonly certificates = new PresentedCertificates();
  readonly unsettled: UnsettledConnections;
  readonly flapping: FlappingClients;
  readonly rates: RateLimits;
  readonly events: EventRoute;
  policy: Policy;
  authorities: readonly X509Certificate[];
  #prepared: PreparedChange | undefined;
  readonly #connections = new Set<Connection>();
  #connectionNumber = 0;
  #dirty: Connection[] = [];
  #taking: Connection[] = [];
  /** Those with answers that wait for a commit. */
  readonly #answering = new Set<Connection>();
  #settled: (() => void) | undefined;
  readonly #stopSweeping: () => void;

  constructor(snapshot: Snapshot, parts: CoreParts) {
    const { logger, clock, store } = parts;
    this.clock = clock;
    this.store = store;
    this.logger = logger;
    this.diagnostics = new Diagnostics(logger, clock);
    this.flapping = new FlappingClients(clock);
    this.unsettled = new UnsettledConnections(clock);
    this.policy = buildPolicy(snapshot);
    this.authorities = parseAuthorities(snapshot);
    this.rates = new RateLimits(snapshot.limits, clock, this.metrics);
    this.sessions = new SessionRegistry(this, this.router);
    if (store !== undefined) this.#restore(store);
    this.events = new EventRoute(snapshot, { ...parts, metrics: this.metrics });
    this.#stopSweeping = clock.every(SWEEP_INTERVAL_MS, () => this.#sweep());
  }

  get committedBatch(): BatchNumber {
    return this.store?.committed ?? NO_BATCH;
  }

  /** The connection has answers that wait for a commit. */
  answerLater(connection: Connection): void {
    this.#answering.add(connection);
  }

  /** No answer of the connection waits any more. */
  answered(connection: Connection): void {
    this.#answering.delete(connection);
    this.#tellSettled();
  }

  get limits(): Limits {
    return this.policy.snapshot.limits;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  nextConnectionNumber(): number {
    return ++this.#connectionNumber;
  }

  opened(connection: Connection): void {
    this.#connections.add(connection);
    this.unsettled.opened(connection);
  }

  /** The connection's output leaves when this turn of the event loop is over. */
  flushLater(connection: Connection): void {
    if (this.#dirty.length === 0) setImmediate(() => this.#flush());
    this.#dirty.push(connection);
  }

  /** The connection takes packets in this turn of the event loop, and may again in the next one. */
  takesTurn(connection: Connection): void {
    if (this.#taking.length === 0) setImmediate(() => this.#nextTurn());
    this.#taking.push(connection);
  }

  closed(connection: Connection, ending: Ending): void {
    this.#connections.delete(connection);
    this.#answering.delete(connection);
    this.#tellSettled();
    this.unsettled.closed(connection);
    const { connected } = connection;
    if (connected !== undefined) {
      this.#leave(connected.session, connection);
      if (isInterruption(ending)) this.flapping.interrupted(connected.session.client);
    }
    this.#tellClosed(connection, ending);
  }

  #tellClosed(connection: Connection, ending: Ending): void {
    const { peer, connected, claimed } = connection;
    if (connected !== undefined) this.diagnostics.disconnected(peer, ending);
    else if (claimed !== undefined) this.diagnostics.connectRefused(peer, ending);
    else this.diagnostics.neverConnected(peer, ending);
  }

  overflowed(session: Session): void {
    this.metrics.sessionsOverflowed++;
    const { sessionQueueMessages, sessionQueueBytes } = this.limits;
    const reason =
      `the session's queue reached its bound of ${sessionQueueMessages} messages or ` +
      `${sessionQueueBytes} bytes`;
    this.logger.warn({ client: session.client, queued: session.queuedMessages }, reason);
    const { receiver } = session;
    this.sessions.end(session);
    (receiver as Connection | undefined)?.close({
      code: ReasonCode.QuotaExceeded,
      reason,
      disconnection: 'SessionOverflow',
    });
  }

  /**
   * Works out, in turns of the event loop, what `apply` of this snapshot will take. Nothing of it
   * is in force before `apply`.
   * @throws where the snapshot cannot be run
   */
  async prepare(snapshot: Snapshot): Promise<void> {
    const change = new PreparedChange(this, snapshot);
    await change.prepare(this);
    this.#prepared = change;
  }

  /**
   * Takes effect at once, on open connections and stored sessions too. What was not prepared, or
   * for another policy than is in force, is worked out now.
   */
  apply(snapshot: Snapshot): void {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const isOfUse = prepared?.snapshot === snapshot && prepared.base === this.policy;
    // Whatever may throw comes first: a snapshot is in force as a whole or not at all.
    const change = isOfUse ? prepared : new PreparedChange(this, snapshot);
    this.authorities = change.authorities;
    this.policy = change.policy;
    judgeAll(this, change);
    this.rates.apply(snapshot.limits);
    this.events.apply(snapshot);
  }

  close(ending: Ending): void {
    this.stop();
    for (const connection of this.#connections) connection.close(ending);
  }

  stop(): void {
    this.#stopSweeping();
    this.rates.stop();
  }

  /**
   * Takes nothing more from clients; resolves once all that they were owed an answer for has it.
   */
  settle(): Promise<void> {
    for (const connection of this.#connections) connection.stopListening();
    return new Promise((resolve) => {
      this.#settled = resolve;
      this.#tellSettled();
    });
  }

  /** Whatever the clients still had to take is given up. */
  destroy(): void {
    this.unsettled.destroyClosing();
  }

  #restore(store: SessionStore): void {
    store.listen({
      committed: (batch) => this.#committed(batch),
      withdrawn: ({ session, messages, bytes }) => {
        this.metrics.messagesDroppedNotAuthorized += messages;
        this.sessions.getStored(session)?.withdrawn(messages, bytes);
      },
    });
    for (const found of store.takeFound()) this.#restoreSession(found, store);
    this.sessions.endAllExpired(this.clock.nowMs());
  }

  #restoreSession(found: StoredSession, store: SessionStore): void {
    const nowMs = this.clock.nowMs();
    const session = this.sessions.restore(found, store);
    // It was connected when the process ended: its time begins now.
    if (found.expiresAtMs !== undefined) session.expiresAtMs = found.expiresAtMs;
    else session.restore(nowMs + SESSION_EXPIRY_SECONDS * 1000);
    for (const { filter, qos, noLocal } of found.subscriptions) {
      const subscription = new HeldSubscription(session, { filter, qos, noLocal });
      session.subscriptions.set(filter, subscription);
      this.router.add(subscription);
    }
    // The declarations may have changed while the process was away.
    judgeSession(this, session);
  }

  #committed(batch: BatchNumber): void {
    for (const connection of this.#answering) {
      if (!connection.committed(batch)) this.#answering.delete(connection);
    }
    this.#tellSettled();
  }

  #tellSettled(): void {
    if (this.#answering.size === 0) this.#settled?.();
  }

  #nextTurn(): void {
    const taking = this.#taking;
    this.#taking = [];
    for (const connection of taking) connection.nextTurn();
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }

  #leave(session: Session, connection: Connection): void {
    if (session.receiver !== connection) return; // Taken over, or ended.
    if (connection.sessionExpirySeconds === 0) this.sessions.end(session);
    else session.detach(this.clock.nowMs() + connection.sessionExpirySeconds * 1000);
  }

  #sweep(): void {
    const nowMs = this.clock.nowMs();
    for (const connection of this.#connections) {
      if (connection.connected === undefined) continue;
      const ending = findTimeOut(connection, nowMs);
      if (ending !== undefined) connection.close(ending);
    }
    this.unsettled.sweep(nowMs);
    this.flapping.sweep();
    this.sessions.endAllExpired(nowMs);
    this.diagnostics.tellSuppressed();
  }
}
