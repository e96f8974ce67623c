/** Events on their way out, as the envelope makes them. */
import type { OutboundEvent } from '../../broker/events/destinations/destination.ts';

export function outboundEvent(id: string, data: unknown = { Temp: 70 }): OutboundEvent {
  const topic = 'factory1/Area2/gps';
  const event = {
    specversion: '1.0',
    id,
    time: '2026-01-01T00:00:00.000Z',
    type: 'MQTT.EventPublished',
    source: 'testnamespace',
    subject: topic,
    mqtttopic: topic,
    datacontenttype: 'application/json',
    data,
  };
  return { id, subject: topic, topic, json: Buffer.from(JSON.stringify(event)) };
}

export function outboundEvents(...ids: readonly string[]): OutboundEvent[] {
  return ids.map((id) => outboundEvent(id));
}
