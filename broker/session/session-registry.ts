import type { Router } from '../routing/router.ts';
import type { SessionContext } from './session.ts';
import { Session } from './session.ts';

export interface OpenedSession {
  readonly session: Session;
  /** Told to the client in CONNACK [MQTT-3.2.2-2]. */
  readonly present: boolean;
}

/** The sessions of one MqttNamespace: one for each client, connected or not. */
export class SessionRegistry {
  readonly #sessions = new Map<string, Session>();
  readonly #context: SessionContext;
  readonly #router: Router;

  constructor(context: SessionContext, router: Router) {
    this.#context = context;
    this.#router = router;
  }

  /** The client's session: a new one if it has none or wants to start clean [MQTT-3.1.2-4]. */
  open(client: string, cleanStart: boolean): OpenedSession {
    const known = this.#sessions.get(client);
    if (known !== undefined && !cleanStart) return { session: known, present: true };
    if (known !== undefined) this.end(known);
    const session = new Session(client, this.#context);
    this.#sessions.set(client, session);
    return { session, present: false };
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
  }

  /** Ends sessions without a connection whose time is over. */
  endExpired(nowMs: number): void {
    for (const session of this.#sessions.values()) {
      if (session.receiver !== undefined || session.expiresAtMs > nowMs) continue;
      this.#context.metrics.sessionsExpired++;
      this.end(session);
    }
  }
}
