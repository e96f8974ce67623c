/** How each EventSubscription fares, under names that are API. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';

/** `mqttgrid_broker_events_<name>_total`, and what it counts, as in the status. */
const COUNTERS = {
  matched: ['matched', 'Events that satisfied the filter.'],
  delivered: ['delivered', 'Events that the destination took.'],
  failed: ['failed', 'Attempts to deliver an event that did not succeed.'],
  deadLettered: ['dead_lettered', 'Events that the dead letter took.'],
  dropped: ['dropped', 'Events that were given up.'],
} as const satisfies { readonly [Name in keyof DeliveryStanding]?: readonly [string, string] };

const labelNames = ['event_subscription'] as const;

/** There are as many series as EventSubscriptions, of which an EventTopic has a bounded number. */
export function addDeliveryMetrics(
  registry: Registry,
  observe: () => readonly DeliveryStanding[],
): void {
  const registers = [registry];
  for (const [field, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `mqttgrid_broker_events_${name}_total`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const standing of observe()) {
          this.inc({ event_subscription: standing.name }, standing[field as keyof typeof COUNTERS]);
        }
      },
    });
  }
  const gauge = (
    name: string,
    help: string,
    value: (standing: DeliveryStanding) => number,
  ): void => {
    new Gauge({
      name: `mqttgrid_broker_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const standing of observe()) {
          this.set({ event_subscription: standing.name }, value(standing));
        }
      },
    });
  };
  gauge(
    'events_pending',
    'Events in memory that are neither delivered nor given up.',
    (standing) => {
      return standing.pending;
    },
  );
  gauge('destination_available', '0: the destination does not take events.', ({ fault }) => {
    return Number(fault === undefined);
  });
}
