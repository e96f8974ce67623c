import { isUtf8 } from 'node:buffer';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Frame } from './frame-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';

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
    payloadStart: 0,
  };
}

/** Property identifiers that a PUBLISH may carry [MQTT-3.3.2.3]. */
const Property = {
  PayloadFormatIndicator: 0x01,
  MessageExpiryInterval: 0x02,
  ContentType: 0x03,
  ResponseTopic: 0x08,
  CorrelationData: 0x09,
  SubscriptionIdentifier: 0x0b,
  TopicAlias: 0x23,
  UserProperty: 0x26,
} as const;

export const TOPIC_ALIAS_PROPERTY_BYTES = 3;

/**
 * Reads a PUBLISH in place, without allocating: `parts` is overwritten. Whether the topic may be
 * used is not judged here. Answers Success, or the code to close the connection with.
 */
export function decodePublish(
  frame: Frame,
  version: ProtocolVersion,
  parts: PublishParts,
): ReasonCode {
  const { bytes, end } = frame;
  const flags = bytes[frame.start]!;
  parts.duplicate = (flags & 0x08) !== 0;
  parts.qos = (flags >> 1) & 0x03;
  parts.retain = (flags & 0x01) !== 0;
  if (parts.qos === 3) return ReasonCode.MalformedPacket; // [MQTT-3.3.1-4]
  if (parts.qos === 0 && parts.duplicate) return ReasonCode.MalformedPacket; // [MQTT-3.3.1-2]
  let at = frame.body + 2;
  if (at > end) return ReasonCode.MalformedPacket;
  parts.topicStart = at;
  at += bytes.readUInt16BE(frame.body);
  parts.topicEnd = at;
  parts.packetIdentifier = 0;
  if (parts.qos > 0) {
    if (at + 2 > end) return ReasonCode.MalformedPacket;
    parts.packetIdentifier = bytes.readUInt16BE(at);
    if (parts.packetIdentifier === 0) return ReasonCode.ProtocolError; // [MQTT-2.2.1-3]
    at += 2;
  }
  if (at > end) return ReasonCode.MalformedPacket;
  parts.payloadStart = at;
  if (version === 5) return decodeProperties(bytes, at, end, parts);
  parts.propertiesStart = at;
  parts.propertiesEnd = at;
  parts.topicAlias = 0;
  parts.topicAliasStart = -1;
  parts.messageExpiryStart = -1;
  return ReasonCode.Success;
}

function decodeProperties(bytes: Buffer, at: number, end: number, parts: PublishParts): ReasonCode {
  parts.topicAlias = 0;
  parts.topicAliasStart = -1;
  parts.messageExpiryStart = -1;
  let length = 0;
  let shift = 0;
  let digit: number;
  do {
    if (at >= end || shift > 21) return ReasonCode.MalformedPacket;
    digit = bytes[at++]!;
    length |= (digit & 0x7f) << shift;
    shift += 7;
  } while (digit & 0x80);
  if (at + length > end) return ReasonCode.MalformedPacket;
  parts.propertiesStart = at;
  parts.propertiesEnd = at + length;
  parts.payloadStart = at + length;
  return length === 0 ? ReasonCode.Success : scanProperties(bytes, parts);
}

/** Walks the properties once. All but User Property may appear once only [MQTT-3.3.2.3]. */
function scanProperties(bytes: Buffer, parts: PublishParts): ReasonCode {
  let seen = 0;
  let at = parts.propertiesStart;
  while (at < parts.propertiesEnd) {
    const identifier = bytes[at]!;
    const next = propertyEnd(bytes, at + 1, identifier);
    if (next < 0) return -next as ReasonCode;
    if (next > parts.propertiesEnd) return ReasonCode.MalformedPacket;
    if (identifier !== Property.UserProperty) {
      // Topic Alias is the only one of them beyond 0x1f.
      const bit = 1 << Math.min(identifier, 0x1f);
      if (seen & bit) return ReasonCode.ProtocolError;
      seen |= bit;
    }
    const fault = checkProperty(bytes, at, next, parts);
    if (fault !== ReasonCode.Success) return fault;
    at = next;
  }
  return ReasonCode.Success;
}

/** Where the property that begins at `at` (after its identifier) ends; negative: a reason code. */
function propertyEnd(bytes: Buffer, at: number, identifier: number): number {
  switch (identifier) {
    case Property.PayloadFormatIndicator:
      return at + 1;
    case Property.MessageExpiryInterval:
      return at + 4;
    case Property.TopicAlias:
      return at + 2;
    case Property.ContentType:
    case Property.ResponseTopic:
    case Property.CorrelationData:
      return lengthPrefixedEnd(bytes, at);
    case Property.UserProperty:
      return lengthPrefixedEnd(bytes, lengthPrefixedEnd(bytes, at));
    case Property.SubscriptionIdentifier:
      return -ReasonCode.ProtocolError; // [MQTT-3.3.4-6]
    default:
      return -ReasonCode.MalformedPacket;
  }
}

/** Past the end of `bytes` when the length itself is cut off, which the caller then refuses. */
function lengthPrefixedEnd(bytes: Buffer, at: number): number {
  return at + 2 > bytes.length ? bytes.length + 1 : at + 2 + bytes.readUInt16BE(at);
}

function checkProperty(bytes: Buffer, at: number, next: number, parts: PublishParts): ReasonCode {
  switch (bytes[at]) {
    case Property.PayloadFormatIndicator:
      return bytes[at + 1]! > 1 ? ReasonCode.ProtocolError : ReasonCode.Success;
    case Property.MessageExpiryInterval:
      parts.messageExpiryStart = at + 1;
      return ReasonCode.Success;
    case Property.TopicAlias:
      parts.topicAliasStart = at;
      parts.topicAlias = bytes.readUInt16BE(at + 1);
      // [MQTT-3.3.2-8]
      return parts.topicAlias === 0 ? ReasonCode.TopicAliasInvalid : ReasonCode.Success;
    case Property.ContentType:
      return checkText(bytes, at + 3, next);
    case Property.ResponseTopic:
      return checkResponseTopic(bytes, at + 3, next);
    case Property.UserProperty: {
      const keyEnd = lengthPrefixedEnd(bytes, at + 1);
      const key = checkText(bytes, at + 3, keyEnd);
      return key === ReasonCode.Success ? checkText(bytes, keyEnd + 2, next) : key;
    }
    default:
      return ReasonCode.Success;
  }
}

/** A UTF-8 string is well-formed and holds no NUL [MQTT-1.5.4-1] [MQTT-1.5.4-2]. */
export function checkText(bytes: Buffer, start: number, end: number): ReasonCode {
  const text = bytes.subarray(start, end);
  return isUtf8(text) && !text.includes(0) ? ReasonCode.Success : ReasonCode.MalformedPacket;
}

const PLUS = 0x2b;
const HASH = 0x23;

/** A Response Topic is a topic name: no wildcards [MQTT-3.3.2-14]. */
function checkResponseTopic(bytes: Buffer, start: number, end: number): ReasonCode {
  const topic = bytes.subarray(start, end);
  if (topic.includes(PLUS) || topic.includes(HASH)) return ReasonCode.ProtocolError;
  return checkText(bytes, start, end);
}
