import { Property } from '../../broker/packets/properties.ts';
import type { RoutedMessage } from '../../broker/events/routed-message.ts';

export interface GivenProperties {
  readonly payloadFormat?: 0 | 1;
  readonly messageExpirySeconds?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties?: readonly (readonly [string, string])[];
}

/** As MQTT 5 writes them, without the length that is in front of all. */
export function encodeMessageProperties(given: GivenProperties): Buffer {
  const { payloadFormat, messageExpirySeconds, contentType, responseTopic } = given;
  const parts: Uint8Array[] = [];
  const add = (identifier: number, ...values: readonly Uint8Array[]): void => {
    parts.push(Buffer.from([identifier]), ...values);
  };
  if (payloadFormat !== undefined) {
    add(Property.PayloadFormatIndicator, Buffer.from([payloadFormat]));
  }
  if (messageExpirySeconds !== undefined) {
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(messageExpirySeconds);
    add(Property.MessageExpiryInterval, seconds);
  }
  if (contentType !== undefined) add(Property.ContentType, prefixed(contentType));
  if (responseTopic !== undefined) add(Property.ResponseTopic, prefixed(responseTopic));
  if (given.correlationData !== undefined) {
    add(Property.CorrelationData, prefixed(given.correlationData));
  }
  for (const [name, value] of given.userProperties ?? []) {
    add(Property.UserProperty, prefixed(name), prefixed(value));
  }
  return Buffer.concat(parts);
}

function prefixed(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** 2019-11-18T15:13:39.458Z, as in the specification's samples. */
export const RECEIVED_AT_MS = 1574090019458;

export function routedMessage(
  payload: string | Uint8Array,
  properties: GivenProperties = {},
  parts: Partial<RoutedMessage> = {},
): RoutedMessage {
  return {
    number: 1,
    qos: 1,
    topic: 'campus/buildings/building17',
    payload: Buffer.from(payload as string),
    properties: encodeMessageProperties(properties),
    receivedAtMs: RECEIVED_AT_MS,
    ...parts,
  };
}
