import { FanoutIndex } from '../../domain/fanout-index.ts';
import { splitLevels } from '../../domain/topic-filter.ts';
import type { Message } from '../packets/message.ts';
import type { Session, Subscription } from '../session/session.ts';
import { SubscriptionTrie } from './subscription-trie.ts';

/** Topics whose receivers are remembered; beyond it all are forgotten and found anew. */
const ROUTES_MAX = 16384;

interface Delivery {
  readonly session: Session;
  readonly qos: 0 | 1;
  /** What the session gets of its own messages; undefined: nothing [MQTT-3.8.3-3]. */
  readonly ownQos: 0 | 1 | undefined;
}

/** A topic and who receives what is published on it. */
export interface Route {
  readonly topic: string;
  /** The topic in UTF-8, in memory of its own. */
  readonly bytes: Buffer;
  readonly levels: readonly string[];
}

interface CachedRoute extends Route {
  deliveries: readonly Delivery[];
  epoch: number;
}

/** Who subscribed to what in this process, and the way of a message to all of them. */
export class Router {
  /** Who subscribed within LowFanout topic spaces. */
  readonly lowFanout = new FanoutIndex<Session>();
  readonly #trie = new SubscriptionTrie<Subscription>();
  readonly #routes = new Map<string, CachedRoute>();
  /** Grows with every change of a subscription; routes of an older one are found anew. */
  #epoch = 0;

  add(subscription: Subscription): void {
    const { levels, lowFanout, session } = subscription;
    this.#trie.add(levels, subscription);
    if (lowFanout) this.lowFanout.add(levels, session);
    this.#epoch++;
  }

  remove(subscription: Subscription): void {
    const { levels, lowFanout, session } = subscription;
    this.#trie.remove(levels, subscription);
    if (lowFanout) this.lowFanout.remove(levels, session);
    this.#epoch++;
  }

  route(topic: string): Route {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
      const levels = splitLevels(topic);
      route = { topic, bytes: Buffer.from(topic), levels, deliveries: [], epoch: -1 };
      this.#routes.set(topic, route);
    }
    return route;
  }

  /** Every session gets the message once, at the highest QoS that one of its filters grants. */
  publish(route: Route, message: Message, publisher: Session): void {
    const cached = route as CachedRoute;
    if (cached.epoch !== this.#epoch) this.#refresh(cached);
    const deliveries = cached.deliveries;
    for (let index = 0; index < deliveries.length; index++) {
      const { session, qos, ownQos } = deliveries[index]!;
      if (session !== publisher) session.deliver(message, qos);
      else if (ownQos !== undefined) session.deliver(message, ownQos);
    }
  }

  /** Whether a stored session would own a QoS 1 message. */
  reachesStored(route: Route, publisher: Session): boolean {
    const cached = route as CachedRoute;
    if (cached.epoch !== this.#epoch) this.#refresh(cached);
    return cached.deliveries.some(({ session, qos, ownQos }) => {
      const granted = session === publisher ? ownQos : qos;
      return granted === 1 && session.storedId !== undefined;
    });
  }

  #refresh(route: CachedRoute): void {
    const bySession = new Map<Session, Delivery>();
    for (const { session, qos, noLocal } of this.#trie.match(route.levels)) {
      const known = bySession.get(session);
      bySession.set(session, {
        session,
        qos: higher(known?.qos, qos),
        ownQos: noLocal ? known?.ownQos : higher(known?.ownQos, qos),
      });
    }
    route.deliveries = [...bySession.values()];
    route.epoch = this.#epoch;
  }
}

function higher(known: 0 | 1 | undefined, qos: 0 | 1): 0 | 1 {
  return known === 1 ? 1 : qos;
}
