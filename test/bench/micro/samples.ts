/** One message, so that what different benchmarks say of it belongs together. */
import type { IPublishPacket } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import type { MessageParts } from '../../../broker/packets/message.ts';
import { Message } from '../../../broker/packets/message.ts';
import { decodePublish, emptyPublishParts } from '../../../broker/packets/publish-decoder.ts';

export const TOPIC = 'plant/3/line/2/press-17/temperature';
export const PAYLOAD = Buffer.alloc(128, 'x');
export const PACKET_IDENTIFIER = 7;
export const RECEIVED_AT_MS = Date.UTC(2026, 10, 27);
export const EXPIRY_SECONDS = 3600;

/** Five of them: a user property is one for each of its values. */
export const PROPERTIES: NonNullable<IPublishPacket['properties']> = {
  messageExpiryInterval: EXPIRY_SECONDS,
  contentType: 'application/json',
  payloadFormatIndicator: true,
  userProperties: { shift: 'late', batch: '4711' },
};

export function aPublish(
  qos: 0 | 1,
  properties: IPublishPacket['properties'] = {},
): IPublishPacket {
  return {
    cmd: 'publish',
    topic: TOPIC,
    payload: PAYLOAD,
    qos,
    dup: false,
    retain: false,
    ...(qos === 1 && { messageId: PACKET_IDENTIFIER }),
    properties,
  };
}

/** Its properties as they stand in the packet, and where its expiry is in them. */
function encodedProperties(): Pick<MessageParts, 'properties' | 'messageExpiryStart'> {
  const packet = { cmd: 'publish', topic: 't', payload: '', qos: 0, dup: false } as const;
  const bytes = mqttPacket.generate(
    { ...packet, retain: false, properties: PROPERTIES },
    { protocolVersion: 5 },
  );
  const parts = emptyPublishParts();
  decodePublish({ bytes, start: 0, body: 2, end: bytes.length }, 5, parts);
  const { propertiesStart, propertiesEnd, messageExpiryStart } = parts;
  return {
    properties: bytes.subarray(propertiesStart, propertiesEnd),
    messageExpiryStart: messageExpiryStart - propertiesStart,
  };
}

const NO_PROPERTIES = { properties: Buffer.alloc(0), messageExpiryStart: -1 };
const ENCODED_PROPERTIES = encodedProperties();

export function partsOf(qos: 0 | 1, withProperties = false): MessageParts {
  return {
    topic: Buffer.from(TOPIC),
    qos,
    payload: PAYLOAD,
    receivedAtMs: RECEIVED_AT_MS,
    ...(withProperties ? ENCODED_PROPERTIES : NO_PROPERTIES),
  };
}

export function aMessage(qos: 0 | 1, withProperties = false): Message {
  return Message.of(partsOf(qos, withProperties));
}
