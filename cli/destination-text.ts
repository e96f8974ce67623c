/** Where events go and how that goes, for people. */
import { printable } from '../domain/text.ts';
import type { Destination } from '../domain/resources.ts';
import type { Snapshot, SnapshotEventSubscription } from '../domain/snapshot.ts';
import type { Delivery } from '../standalone/deliveries.ts';
import { shownPath } from './connect-help.ts';
import { count, objectLabel } from './render.ts';

/** Nobody reads on. */
const LINES_MAX = 20;

/** Of a URL only the host: the rest often carries a token. */
function destinationText({ webhook, kafka, file }: Destination): string {
  if (file !== undefined) return `the file ${shownPath(file.path)}`;
  if (kafka !== undefined) return `the topic ${kafka.topic} of Kafka at ${kafka.brokers[0] ?? ''}`;
  return `the webhook at ${URL.parse(webhook?.url ?? '')?.host ?? ''}`;
}

function subscriptionLine({ name, destination }: SnapshotEventSubscription): string {
  return printable(`    ${name} -> ${destinationText(destination)}`);
}

/** None where nothing is routed. */
export function destinationLines({ route, eventSubscriptions }: Snapshot): readonly string[] {
  if (route === undefined) return [];
  const topic = printable(route.eventTopic);
  if (eventSubscriptions.length === 0) {
    return [`  events of ${topic} go nowhere: it has no EventSubscription`];
  }
  const lines = eventSubscriptions.slice(0, LINES_MAX).map(subscriptionLine);
  const rest = eventSubscriptions.length - lines.length;
  return [
    `  events of ${topic} go to`,
    ...lines,
    ...(rest === 0 ? [] : [`    and ${count(rest, 'destination')} more`]),
  ];
}

/** `EventSubscription/positions: 40 of 60 events delivered, 17 wait, 3 were given up`. */
export function deliveryLine(delivery: Delivery): string {
  const { key, matched, delivered, deadLettered, dropped, pending } = delivery;
  const rest = [
    ...(pending === 0 ? [] : [`${pending} wait`]),
    ...(deadLettered === 0 ? [] : [`${deadLettered} went to the dead letter`]),
    ...(dropped === 0 ? [] : [`${dropped} were given up`]),
  ];
  const of = count(matched, 'event');
  return `${objectLabel(key)}: ${[`${delivered} of ${of} delivered`, ...rest].join(', ')}`;
}
