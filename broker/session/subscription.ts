import { splitLevels } from '../../domain/topic-filter.ts';
import type { Session } from './session.ts';

export interface Subscription {
  readonly session: Session;
  readonly filter: string;
  readonly levels: readonly string[];
  readonly qos: 0 | 1;
  /** Messages of the subscriber itself are not sent back to it [MQTT-3.8.3-3]. */
  readonly noLocal: boolean;
  /** False while the client lost the permission: it exists, and nothing comes through it. */
  permitted: boolean;
  /** Whether it is permitted through a LowFanout topic space. */
  lowFanout: boolean;
}

type SubscriptionOptions = Pick<Subscription, 'filter' | 'qos' | 'noLocal'> &
  Partial<Pick<Subscription, 'lowFanout'>>;

/** One that keeps no levels: they are hardly ever asked for, and there are very many of these. */
export class HeldSubscription implements Subscription {
  readonly session: Session;
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly noLocal: boolean;
  permitted = true;
  lowFanout: boolean;

  constructor(session: Session, { filter, qos, noLocal, lowFanout = false }: SubscriptionOptions) {
    this.session = session;
    this.filter = filter;
    this.qos = qos;
    this.noLocal = noLocal;
    this.lowFanout = lowFanout;
  }

  get levels(): readonly string[] {
    return splitLevels(this.filter);
  }
}

/** So few are found as quickly in a list, which takes far less memory than a map. */
const LISTED_MAX = 8;
const NOTHING: readonly Subscription[] = [];

/** The subscriptions of one session, by their filters. */
export class Subscriptions {
  #list: readonly Subscription[] = NOTHING;
  #map: Map<string, Subscription> | undefined;

  get size(): number {
    return this.#map?.size ?? this.#list.length;
  }

  get(filter: string): Subscription | undefined {
    return this.#map === undefined
      ? this.#list.find((subscription) => subscription.filter === filter)
      : this.#map.get(filter);
  }

  has(filter: string): boolean {
    return this.get(filter) !== undefined;
  }

  set(filter: string, subscription: Subscription): void {
    if (this.#map !== undefined) {
      this.#map.set(filter, subscription);
      return;
    }
    const index = this.#list.findIndex((known) => known.filter === filter);
    // Neither keeps room for more.
    this.#list = index < 0 ? this.#list.concat(subscription) : this.#list.with(index, subscription);
    if (this.#list.length <= LISTED_MAX) return;
    this.#map = new Map(this.#list.map((each) => [each.filter, each]));
    this.#list = NOTHING;
  }

  delete(filter: string): void {
    if (this.#map !== undefined) this.#map.delete(filter);
    else this.#list = this.#list.filter((subscription) => subscription.filter !== filter);
  }

  /** In the order in which their filters came. */
  values(): Iterable<Subscription> {
    return this.#map?.values() ?? this.#list;
  }

  clear(): void {
    this.#map = undefined;
    this.#list = NOTHING;
  }
}
