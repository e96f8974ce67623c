import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Frame } from './frame-reader.ts';
import type { PacketFault } from './packet-fault.ts';
import { malformed, protocolError } from './packet-fault.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { Owner, Property, PropertyCursor } from './properties.ts';

/** Where the parts of a PUBLISH are; offsets are within the frame's bytes. */
export interface PublishParts {
  duplicate: boolean;
  qos: number;
  retain: boolean;
  topicStart: number;
  topicEnd: number;
  /** 0 at QoS 0. */
  packetIdentifier: number;
  propertiesStart: number;
  propertiesEnd: number;
  /** 0: none given. */
  topicAlias: number;
  /** Where the Topic Alias property begins, its identifier included; -1: none given. */
  topicAliasStart: number;
  /** Where the four bytes of the Message Expiry Interval are; -1: none given. */
  messageExpiryStart: number;
  /** Whether the Payload Format Indicator says that the payload is UTF-8. */
  payloadIsText: boolean;
  payloadStart: number;
}

export function emptyPublishParts(): PublishParts {
  return {
    duplicate: false,
    qos: 0,
    retain: false,
    topicStart: 0,
    topicEnd: 0,
    packetIdentifier: 0,
    propertiesStart: 0,
    propertiesEnd: 0,
    topicAlias: 0,
    topicAliasStart: -1,
    messageExpiryStart: -1,
    payloadIsText: false,
    payloadStart: 0,
  };
}

export const TOPIC_ALIAS_PROPERTY_BYTES = 3;

/** For every PUBLISH in turn: nothing of it outlives the call. */
const cursor = new PropertyCursor();

/**
 * Reads a PUBLISH in place, without allocating: `parts` is overwritten. Whether the topic may be
 * used, and whether it is well-formed, is not judged here. Answers why the connection must close,
 * or undefined.
 */
export function decodePublish(
  frame: Frame,
  version: ProtocolVersion,
  parts: PublishParts,
): PacketFault | undefined {
  const { bytes, end } = frame;
  const flags = bytes[frame.start]!;
  parts.duplicate = (flags & 0x08) !== 0;
  parts.qos = (flags >> 1) & 0x03;
  parts.retain = (flags & 0x01) !== 0;
  if (parts.qos === 3) return malformed('the QoS is 3'); // [MQTT-3.3.1-4]
  if (parts.qos === 0 && parts.duplicate) return malformed('DUP is set at QoS 0'); // [MQTT-3.3.1-2]
  let at = frame.body + 2;
  if (at > end) return CUT_OFF;
  parts.topicStart = at;
  at += bytes.readUInt16BE(frame.body);
  parts.topicEnd = at;
  parts.packetIdentifier = 0;
  if (parts.qos > 0) {
    if (at + 2 > end) return CUT_OFF;
    parts.packetIdentifier = bytes.readUInt16BE(at);
    if (parts.packetIdentifier === 0) return IDENTIFIER_ZERO; // [MQTT-2.2.1-3]
    at += 2;
  }
  if (at > end) return CUT_OFF;
  parts.topicAlias = 0;
  parts.topicAliasStart = -1;
  parts.messageExpiryStart = -1;
  parts.payloadIsText = false;
  if (version === 5) return decodeProperties(bytes, at, end, parts);
  setPayload(parts, at);
  return undefined;
}

/** There are no properties: the payload begins at once. */
function setPayload(parts: PublishParts, at: number): void {
  parts.propertiesStart = at;
  parts.propertiesEnd = at;
  parts.payloadStart = at;
}

const CUT_OFF = malformed('the topic or the packet identifier is cut off');
const IDENTIFIER_ZERO = protocolError('the packet identifier is 0');

function decodeProperties(
  bytes: Buffer,
  at: number,
  end: number,
  parts: PublishParts,
): PacketFault | undefined {
  if (at < end && bytes[at] === 0) {
    // Of most packets the Property Length is all there is.
    setPayload(parts, at + 1);
    return undefined;
  }
  if (cursor.begin(bytes, at, end, Owner.PUBLISH)) {
    while (cursor.next()) {
      if (cursor.identifier === Property.TopicAlias && cursor.value === 0) return ALIAS_ZERO;
      take(parts);
    }
  }
  parts.propertiesStart = cursor.propertiesStart;
  parts.propertiesEnd = cursor.propertiesEnd;
  parts.payloadStart = cursor.propertiesEnd;
  return cursor.fault;
}

const ALIAS_ZERO: PacketFault = {
  code: ReasonCode.TopicAliasInvalid,
  reason: 'the Topic Alias is 0', // [MQTT-3.3.2-8]
};

/** What matters to a broker, of the property that the cursor is at; all else is forwarded. */
function take(parts: PublishParts): void {
  switch (cursor.identifier) {
    case Property.TopicAlias:
      parts.topicAliasStart = cursor.start;
      parts.topicAlias = cursor.value;
      return;
    case Property.MessageExpiryInterval:
      parts.messageExpiryStart = cursor.valueStart;
      return;
    case Property.PayloadFormatIndicator:
      parts.payloadIsText = cursor.value === 1;
  }
}
