import { Owner, Property, PropertyCursor } from '../../packets/properties.ts';

export interface MessageProperties {
  /** The Payload Format Indicator is 1. */
  payloadIsText: boolean;
  messageExpirySeconds: number | undefined;
  contentType: string | undefined;
  responseTopic: string | undefined;
  correlationData: Buffer | undefined;
  /** In their order; a name may recur. */
  readonly userProperties: (readonly [string, string])[];
}

/** For every message in turn: nothing of it outlives the call. */
const cursor = new PropertyCursor();

/**
 * Those of a PUBLISH that was accepted, so they are well-formed; were they damaged since, what is
 * before the damage counts.
 */
export function readMessageProperties(bytes: Buffer): MessageProperties {
  const properties: MessageProperties = {
    payloadIsText: false,
    messageExpirySeconds: undefined,
    contentType: undefined,
    responseTopic: undefined,
    correlationData: undefined,
    userProperties: [],
  };
  cursor.beginWithin(bytes, 0, bytes.length, Owner.PUBLISH);
  while (cursor.next()) take(bytes, properties);
  return properties;
}

function take(bytes: Buffer, properties: MessageProperties): void {
  const { identifier, value, valueStart, valueEnd } = cursor;
  switch (identifier) {
    case Property.PayloadFormatIndicator:
      properties.payloadIsText = value === 1;
      return;
    case Property.MessageExpiryInterval:
      properties.messageExpirySeconds = value;
      return;
    case Property.ContentType:
      properties.contentType = bytes.toString('utf8', valueStart + 2, valueEnd);
      return;
    case Property.ResponseTopic:
      properties.responseTopic = bytes.toString('utf8', valueStart + 2, valueEnd);
      return;
    case Property.CorrelationData:
      properties.correlationData = bytes.subarray(valueStart + 2, valueEnd);
      return;
    case Property.UserProperty: {
      const nameEnd = valueStart + 2 + bytes.readUInt16BE(valueStart);
      properties.userProperties.push([
        bytes.toString('utf8', valueStart + 2, nameEnd),
        bytes.toString('utf8', nameEnd + 2, valueEnd),
      ]);
    }
  }
}
