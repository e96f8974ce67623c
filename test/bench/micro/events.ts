/** What a routed message costs the thread that delivers. */
import { envelope } from '../../../broker/events/envelope/envelope.ts';
import type { RoutedMessage } from '../../../broker/events/routed-message.ts';
import { compileFilter } from '../../../domain/event-filter/compile-filter.ts';
import { RECEIVED_AT_MS, routedMessage } from '../../support/routed-messages.ts';
import type { Benchmark, Prepared } from './benchmark.ts';
import { EXPIRY_SECONDS, TOPIC } from './samples.ts';

const CONTEXT = { source: 'plants', storeId: 1 };
const CONTENT_TYPE = 'application/json';
const DATA = { temperature: 71.5, humidity: 40, unit: 'C', state: 'running' };

function aReading(): RoutedMessage {
  const properties = {
    contentType: CONTENT_TYPE,
    messageExpirySeconds: EXPIRY_SECONDS,
    userProperties: [['shift', 'late']],
  } as const;
  return routedMessage(JSON.stringify(DATA), properties, { topic: TOPIC });
}

/** The envelope as someone writes it who knows what it will hold; the payload is parsed too. */
function plainEvent({ topic, payload, receivedAtMs }: RoutedMessage, id: string): Buffer {
  const event = {
    specversion: '1.0',
    id,
    time: new Date(receivedAtMs).toISOString(),
    type: 'MQTT.EventPublished',
    source: CONTEXT.source,
    subject: topic,
    datacontenttype: CONTENT_TYPE,
    mqtttopic: topic,
    mqttmessageexpiry: new Date(receivedAtMs + EXPIRY_SECONDS * 1000).toISOString(),
    shift: 'late',
    data: JSON.parse(payload.toString()) as unknown,
  };
  return Buffer.from(JSON.stringify(event));
}

function envelopePrepared(): Prepared {
  const message = aReading();
  const { id } = envelope(message, CONTEXT);
  return {
    operate: () => envelope(message, CONTEXT).json().length,
    plain: {
      what: 'JSON.stringify of an object',
      operate: () => plainEvent(message, id).length,
    },
    yields: plainEvent({ ...message, receivedAtMs: RECEIVED_AT_MS }, id).length,
  };
}

/** The event is there, and its data were parsed before. */
function filterPrepared(): Prepared {
  const event = envelope(aReading(), CONTEXT);
  const matches = compileFilter({
    subjectBeginsWith: 'plant/3/',
    subjectEndsWith: '/temperature',
    includedEventTypes: ['MQTT.EventPublished'],
    advancedFilters: [
      { operatorType: 'NumberGreaterThan', key: 'data.temperature', value: 70 },
      { operatorType: 'StringIn', key: 'data.state', values: ['running', 'starting'] },
    ],
  });
  return {
    operate: () => Number(matches(event)),
    plain: {
      what: 'a predicate by hand',
      operate() {
        const subject = event.subject!.toLowerCase();
        const { temperature, state } = event.data() as typeof DATA;
        const isMatch =
          subject.startsWith('plant/3/') &&
          subject.endsWith('/temperature') &&
          event.type === 'MQTT.EventPublished' &&
          temperature > 70 &&
          (state === 'running' || state === 'starting');
        return Number(isMatch);
      },
    },
    yields: 1,
  };
}

export const EVENTS: readonly Benchmark[] = [
  { group: 'events', name: 'CloudEvent of a message, as JSON', prepare: envelopePrepared },
  { group: 'events', name: 'event filter of five conditions', prepare: filterPrepared },
];
