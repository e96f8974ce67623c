/** What publishers and subscribers saw of numbered messages, and what of it must not be. */

export type ViolationKind = 'lost' | 'out of order' | 'duplicate' | 'invented' | 'another id';

export interface HistoryViolation {
  readonly kind: ViolationKind;
  readonly message: string;
}

/** So many are enough to see what went wrong. */
const VIOLATIONS_MAX = 20;

/** Whether a subscriber is owed that message. */
export type Matches = (topic: string, number: number) => boolean;

/** What one subscriber saw of one topic. */
class Reception {
  /** The highest number so far. */
  highest = -1;
  readonly received = new Set<number>();
  /** How often each number came without DUP since the last crash. */
  fresh = new Map<number, number>();
  crashes = 0;
}

/**
 * Messages of one topic come from one publisher and are numbered from 0.
 */
export class History {
  readonly violations: HistoryViolation[] = [];
  deliveries = 0;
  /** How often PUBLISH was sent, by number. */
  readonly #sent = new Map<string, number[]>();
  readonly #acknowledged = new Map<string, number[]>();
  readonly #receptions = new Map<string, Map<string, Reception>>();
  readonly #matches = new Map<string, Matches>();

  /** Messages that the broker took over. */
  get acknowledgedMessages(): number {
    return [...this.#acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Must be told of before anything is acknowledged that the subscriber should get. */
  subscribed(subscriber: string, matches: Matches = () => true): void {
    this.#receptions.set(subscriber, new Map());
    this.#matches.set(subscriber, matches);
  }

  /** A PUBLISH left the publisher, for the first time or again. */
  sent(topic: string, number: number): void {
    const counts = entryOf(this.#sent, topic, () => []);
    counts[number] = (counts[number] ?? 0) + 1;
  }

  /** How often PUBLISH was sent. */
  sends(topic: string, number: number): number {
    return this.#sent.get(topic)?.[number] ?? 0;
  }

  acknowledged(topic: string, number: number): void {
    entryOf(this.#acknowledged, topic, () => []).push(number);
  }

  /** `crashes`: of the broker, before the subscriber's connection was made. */
  delivered(
    subscriber: string,
    { topic, number }: { readonly topic: string; readonly number: number },
    { crashes, duplicate }: { readonly crashes: number; readonly duplicate: boolean },
  ): void {
    this.deliveries++;
    const what = `${topic} ${number} to ${subscriber} after crash ${crashes}`;
    const sends = this.sends(topic, number);
    if (sends === 0) this.found('invented', `${what} was never published`);
    if (!this.#matches.get(subscriber)!(topic, number)) {
      this.found('invented', `${what} is not what it subscribed to`);
    }
    const reception = entryOf(this.#receptions.get(subscriber)!, topic, () => new Reception());
    if (reception.received.has(number)) {
      if (!duplicate && freshCopies(reception, number, crashes) > sends) {
        this.found('duplicate', `${what} without DUP; it was published ${sends} times`);
      }
      return;
    }
    if (!duplicate) freshCopies(reception, number, crashes);
    reception.received.add(number);
    if (number < reception.highest) {
      this.found('out of order', `${what} after ${reception.highest}`);
    }
    reception.highest = Math.max(reception.highest, number);
  }

  /** How many messages were acknowledged to a publisher and did not reach all subscribers. */
  missing(subscriber?: string): number {
    return [...this.#missing(subscriber)].length;
  }

  /** Whether the newest of each topic that was acknowledged, and is owed, came. */
  isUpToDate(subscriber: string): boolean {
    const matches = this.#matches.get(subscriber)!;
    const receptions = this.#receptions.get(subscriber)!;
    return [...this.#acknowledged].every(([topic, numbers]) => {
      const newest = numbers.filter((number) => matches(topic, number)).at(-1) ?? -1;
      return newest === -1 || receptions.get(topic)?.received.has(newest) === true;
    });
  }

  /** To be asked when nothing more can come. */
  finish(): readonly HistoryViolation[] {
    for (const what of this.#missing()) {
      this.found('lost', `${what} was acknowledged and never came`);
    }
    return this.violations;
  }

  *#missing(only?: string): Generator<string> {
    for (const [subscriber, receptions] of this.#receptions) {
      if (only !== undefined && subscriber !== only) continue;
      const matches = this.#matches.get(subscriber)!;
      for (const [topic, numbers] of this.#acknowledged) {
        const received = receptions.get(topic)?.received ?? new Set();
        const missing = numbers.filter((number) => {
          return !received.has(number) && matches(topic, number);
        });
        yield* missing.map((number) => `${topic} ${number} to ${subscriber}`);
      }
    }
  }

  found(kind: ViolationKind, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ kind, message });
  }
}

/** Counts a delivery without DUP: a copy has one from one crash to the next at the most. */
function freshCopies(reception: Reception, number: number, crashes: number): number {
  if (crashes !== reception.crashes) {
    reception.crashes = crashes;
    reception.fresh = new Map();
  }
  const copies = (reception.fresh.get(number) ?? 0) + 1;
  reception.fresh.set(number, copies);
  return copies;
}

function entryOf<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}
