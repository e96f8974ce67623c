/** How EventSubscriptions fare with all brokers of this process, and what of it is news. */
import type { DeliveryStanding, DestinationFault } from '../domain/delivery-standing.ts';
import { resourceKey } from '../domain/resources.ts';

/**
 * A destination that fails now in this way and now in that, or an outbox that stays full, is told
 * of no more often. What begins or ends is told at once.
 */
const TELL_AGAIN_MS = 60_000;

/** Of one EventSubscription, over all MqttNamespaces that route to its topic. */
export interface Delivery extends DeliveryStanding {
  /** Its `resourceKey`. */
  readonly key: string;
}

export interface DeliveriesOptions {
  readonly nowMs: () => number;
  /** A destination began or ceased to take events, or more of them were given up. */
  readonly onNews: (delivery: Delivery) => void;
}

interface Told {
  readonly fault: DestinationFault | undefined;
  readonly faultAtMs: number;
  readonly dropped: number;
  readonly droppedAtMs: number;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** By key of the MqttNamespace whose broker says so. */
  readonly #standings = new Map<string, readonly DeliveryStanding[]>();
  /** By key of the EventSubscription. */
  readonly #told = new Map<string, Told>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** What a broker says of all its EventSubscriptions; undefined: there is no such broker now. */
  take(owner: string, standings: readonly DeliveryStanding[] | undefined): void {
    if (standings === undefined) this.#standings.delete(owner);
    else this.#standings.set(owner, standings);
    const all = this.#summed();
    for (const key of this.#told.keys()) if (!all.has(key)) this.#told.delete(key);
    for (const delivery of all.values()) this.#consider(delivery);
  }

  /** As it was told last; undefined: no broker says anything of it. */
  faultOf(key: string): DestinationFault | undefined {
    return this.#told.get(key)?.fault;
  }

  #summed(): Map<string, Delivery> {
    const all = new Map<string, Delivery>();
    for (const [owner, standings] of this.#standings) {
      const [, namespace = ''] = owner.split('/');
      for (const standing of standings) {
        const metadata = { namespace, name: standing.name };
        const key = resourceKey({ kind: 'EventSubscription', metadata });
        all.set(key, { key, ...sum(all.get(key), standing) });
      }
    }
    return all;
  }

  #consider(delivery: Delivery): void {
    const nowMs = this.#options.nowMs();
    const { key, fault, dropped } = delivery;
    // What was given up before this process began was told by the one before.
    const told = this.#told.get(key) ?? { ...NOTHING, dropped };
    const faultIsNews = isNewFault(told, fault, nowMs);
    const dropIsNews = dropped > told.dropped && isLongAgo(told.droppedAtMs, nowMs);
    this.#told.set(key, {
      ...told,
      ...(faultIsNews && { fault, faultAtMs: nowMs }),
      ...(dropIsNews && { dropped, droppedAtMs: nowMs }),
    });
    if (faultIsNews || dropIsNews) this.#options.onNews(delivery);
  }
}

const NOTHING: Omit<Told, 'dropped'> = {
  fault: undefined,
  faultAtMs: -Infinity,
  droppedAtMs: -Infinity,
};

function isLongAgo(atMs: number, nowMs: number): boolean {
  // A clock that was set back must not keep things silent.
  return Math.abs(nowMs - atMs) >= TELL_AGAIN_MS;
}

function isNewFault(told: Told, fault: DestinationFault | undefined, nowMs: number): boolean {
  if (fault?.reason !== told.fault?.reason) return true;
  return fault?.message !== told.fault?.message && isLongAgo(told.faultAtMs, nowMs);
}

/** The fault is the one that began first. */
function sum(one: DeliveryStanding | undefined, other: DeliveryStanding): DeliveryStanding {
  if (one === undefined) return other;
  const faults = [one.fault, other.fault].filter((fault) => fault !== undefined);
  const [fault] = faults.sort((left, right) => left.sinceMs - right.sinceMs);
  return {
    name: other.name,
    matched: one.matched + other.matched,
    delivered: one.delivered + other.delivered,
    failed: one.failed + other.failed,
    deadLettered: one.deadLettered + other.deadLettered,
    dropped: one.dropped + other.dropped,
    pending: one.pending + other.pending,
    ...(fault === undefined ? {} : { fault }),
  };
}
