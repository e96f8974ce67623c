/** How an EventSubscription fares with all brokers together. */
import type { DeliveryStanding, DestinationFault } from '../../domain/delivery-standing.ts';

const COUNTERS = ['matched', 'delivered', 'failed', 'deadLettered', 'dropped', 'pending'] as const;

/** For the status, in the schema's names. */
export type DeliveryCounters = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Those that a status has. */
export function countersIn(status: Readonly<Record<string, unknown>>): Partial<DeliveryCounters> {
  const found = COUNTERS.flatMap((name) => {
    const count = status[name];
    return typeof count === 'number' ? [[name, count] as const] : [];
  });
  return Object.fromEntries(found);
}

export interface Sum {
  readonly counters: DeliveryCounters;
  /** The oldest there is. */
  readonly fault: DestinationFault | undefined;
}

export function sumOf(standings: readonly DeliveryStanding[]): Sum {
  const sums = COUNTERS.map((name) => {
    const sum = standings.reduce((total, standing) => total + standing[name], 0);
    return [name, Math.min(sum, Number.MAX_SAFE_INTEGER)] as const;
  });
  const faults = standings.flatMap(({ fault }) => fault ?? []);
  const [fault] = faults.sort((left, right) => left.sinceMs - right.sinceMs);
  return { counters: Object.fromEntries(sums) as DeliveryCounters, fault };
}
