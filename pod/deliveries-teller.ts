/**
 * Tells the operator how EventSubscriptions fare: at once what people wait for, and counts now and
 * then.
 */
import type { Clock } from '../control/clock.ts';
import { deliveriesMessages, type BrokerMessage } from '../control/messages.ts';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import { isEqualJson } from '../domain/access.ts';

export interface DeliveriesTellerOptions {
  readonly clock: Clock;
  /** As they are now. */
  readonly standings: () => readonly DeliveryStanding[];
}

type Send = (message: BrokerMessage) => void;

/** Between two tellings of which nothing but counts is new. */
export const COUNTS_AFTER_MS = 10_000;
/** Between two tellings of anything: a destination may come and go many times a second. */
export const NEWS_AFTER_MS = 1_000;

export class DeliveriesTeller {
  readonly #options: DeliveriesTellerOptions;
  /** Undefined: no operator listens that would understand. */
  #send: Send | undefined;
  /** By name, on this stream; at most one for each EventSubscription of the snapshot. */
  #told = new Map<string, DeliveryStanding>();
  #toldMs = -Infinity;
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;

  constructor(options: DeliveriesTellerOptions) {
    this.#options = options;
  }

  /** On a new stream all of it is news. */
  begin(send: Send): void {
    this.end();
    this.#send = send;
    this.#toldMs = -Infinity;
    this.changed();
  }

  /** The stream is over. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#send = undefined;
    this.#told = new Map();
  }

  /** `standings` may answer something else now. */
  changed(): void {
    if (this.#send === undefined) return;
    const changes = this.#changes();
    if (changes.length === 0) return;
    const isNews = changes.some((standing) => isNewsAfter(this.#told.get(standing.name), standing));
    this.#tellAt(this.#toldMs + (isNews ? NEWS_AFTER_MS : COUNTS_AFTER_MS));
  }

  #changes(): DeliveryStanding[] {
    const standings = this.#options.standings();
    if (this.#told.size > standings.length) {
      const names = new Set(standings.map(({ name }) => name));
      for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
    }
    return standings.filter((standing) => {
      const told = this.#told.get(standing.name);
      return told === undefined || !isEqualJson(told, standing);
    });
  }

  #tellAt(dueMs: number): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const waitMs = dueMs - clock.nowMs();
    if (waitMs <= 0) return this.#tell();
    this.#timer = { dueMs, cancel: clock.after(waitMs, () => this.#tell()) };
  }

  #tell(): void {
    this.#timer = undefined;
    const send = this.#send;
    if (send === undefined) return;
    const changes = this.#changes();
    for (const standing of changes) this.#told.set(standing.name, standing);
    this.#toldMs = this.#options.clock.nowMs();
    for (const message of deliveriesMessages(changes)) send(message);
  }
}

function isNewsAfter(told: DeliveryStanding | undefined, now: DeliveryStanding): boolean {
  if (told === undefined || told.fault?.reason !== now.fault?.reason) return true;
  return told.delivered === 0 && now.delivered > 0;
}
