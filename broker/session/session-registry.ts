import type { Router } from '../routing/router.ts';
import type { BatchNumber, SessionStore, StoredSession } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';
import type { SessionContext } from './session.ts';
import { Session } from './session.ts';
import { StoredQueue } from './stored-queue.ts';

export interface OpenedSession {
  readonly session: Session;
  /** What must be committed before the client may rely on it. */
  readonly batch: BatchNumber;
  /** Told to the client in CONNACK [MQTT-3.2.2-2]. */
  readonly present: boolean;
}

export interface SessionRequest {
  readonly cleanStart: boolean;
  /** Whether the Session Expiry Interval is not 0. */
  readonly outlivesConnection: boolean;
}

/** The sessions of one MqttNamespace: one for each client, connected or not. */
export class SessionRegistry {
  readonly #sessions = new Map<string, Session>();
  readonly #stored = new Map<number, Session>();
  readonly #context: SessionContext;
  readonly #router: Router;

  constructor(context: SessionContext, router: Router) {
    this.#context = context;
    this.#router = router;
  }

  /** The client's session: a new one if it has none or wants to start clean [MQTT-3.1.2-4]. */
  open(client: string, request: SessionRequest): OpenedSession {
    const known = this.#unexpired(client);
    if (known !== undefined && !request.cleanStart) {
      return { session: known, present: true, batch: NO_BATCH };
    }
    if (known !== undefined) this.end(known);
    const { store } = this.#context;
    if (store === undefined || !request.outlivesConnection) {
      return { session: this.#add(client), present: false, batch: NO_BATCH };
    }
    const id = store.newSessionId();
    const batch = store.putSession(id, client);
    return { session: this.#add(client, new StoredQueue(id, store)), present: false, batch };
  }

  /** A session as it was found in the store. */
  restore(found: StoredSession, store: SessionStore): Session {
    return this.#add(found.client, new StoredQueue(found.id, store, found));
  }

  getStored(id: number): Session | undefined {
    return this.#stored.get(id);
  }

  get(client: string): Session | undefined {
    return this.#sessions.get(client);
  }

  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** The session with all it holds is gone. */
  end(session: Session): void {
    for (const subscription of session.subscriptions.values()) {
      if (subscription.permitted) this.#router.remove(subscription);
    }
    session.subscriptions.clear();
    session.end();
    if (this.#sessions.get(session.client) === session) this.#sessions.delete(session.client);
    if (session.storedId !== undefined) this.#stored.delete(session.storedId);
  }

  /** Ends sessions without a connection whose time is over. */
  endAllExpired(nowMs: number): void {
    for (const session of this.#sessions.values()) this.#endIfExpired(session, nowMs);
  }

  #unexpired(client: string): Session | undefined {
    const session = this.#sessions.get(client);
    if (session !== undefined) this.#endIfExpired(session, this.#context.clock.nowMs());
    return this.#sessions.get(client);
  }

  #endIfExpired(session: Session, nowMs: number): void {
    if (session.receiver !== undefined || session.expiresAtMs > nowMs) return;
    this.#context.metrics.sessionsExpired++;
    this.end(session);
  }

  #add(client: string, stored?: StoredQueue): Session {
    const session = new Session(client, this.#context, stored);
    this.#sessions.set(client, session);
    if (stored !== undefined) this.#stored.set(stored.session, session);
    return session;
  }
}
