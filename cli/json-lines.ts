/** Events as JSON, one a line, for scripts: the names here are API. */
import { printFieldPath } from '../domain/violation.ts';
import type { Located } from '../manifests/located.ts';
import type { Delivery } from '../standalone/deliveries.ts';
import type { ObjectStatus, StandaloneEvent } from '../standalone/standalone-events.ts';

export type JsonLine = Readonly<Record<string, unknown>> & { readonly event: string };

export function writeJsonLine(line: JsonLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

export function violationJson(event: 'violation' | 'resolved', located: Located): JsonLine {
  const { file, line, column, object, violation } = located;
  const { reason, message, remedy } = violation;
  const field = printFieldPath(violation.field);
  return { event, file, line, column, object, field, reason, message, remedy };
}

function conditionJson({ key, conditions }: ObjectStatus): JsonLine {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return { event: 'condition', object: key, ready: ready?.status === 'True', conditions };
}

function deliveryJson({ key, fault, ...standing }: Delivery): JsonLine {
  const { matched, delivered, failed, deadLettered, dropped, pending } = standing;
  const counts = { matched, delivered, failed, deadLettered, dropped, pending };
  const { reason, message, sinceMs } = fault ?? {};
  const since = sinceMs === undefined ? undefined : new Date(sinceMs).toISOString();
  return {
    event: 'delivery',
    object: key,
    ...counts,
    ...(fault === undefined ? {} : { fault: { reason, message, since } }),
  };
}

export function eventJson(event: StandaloneEvent): JsonLine {
  switch (event.event) {
    case 'violation':
    case 'resolved':
      return violationJson(event.event, event.located);
    case 'condition':
      return conditionJson(event.status);
    case 'endpoints':
      return { event: event.event, endpoints: Object.fromEntries(event.endpoints) };
    case 'ready': {
      const { certificates, endpoints } = event;
      return { event: event.event, endpoints: Object.fromEntries(endpoints), certificates };
    }
    case 'delivery':
      return deliveryJson(event.delivery);
    case 'notice':
    case 'change':
      return event;
  }
}
