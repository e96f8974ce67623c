import type { ProtocolVersion } from './packet-type.ts';
import { remainingLengthBytes } from './frame-reader.ts';
import { PacketType } from './packet-type.ts';

export interface MessageParts {
  /** The topic in UTF-8. */
  readonly topic: Buffer;
  readonly qos: 0 | 1;
  /** A view that may be part of a chunk that came from a socket; so may `properties`. */
  readonly payload: Buffer;
  /** The properties to forward as they came, in their order [MQTT-3.3.2-18], no Topic Alias. */
  readonly properties: Buffer;
  /** Where in `properties` the four bytes of the Message Expiry Interval are; -1: none. */
  readonly messageExpiryStart: number;
  readonly receivedAtMs: number;
  /** Tells messages of one broker apart, and grows; 0: it will never wait in a store. */
  readonly number?: number;
}

/**
 * One accepted application message, shared by all sessions it goes to. It is encoded at most once
 * for each layout (protocol version and QoS); what differs between receivers, the packet
 * identifier and the remaining expiry, is patched into a copy.
 */
export class Message {
  readonly qos: 0 | 1;
  readonly number: number;
  /** Stored sessions that the message waits for until they acknowledge it. */
  readonly owners: number[] = [];
  /** Bytes that a queue counts for it. */
  readonly bytes: number;
  /** Infinity: it never expires. */
  readonly expiresAtMs: number;
  #parts: MessageParts;
  #owned = false;
  readonly #layouts: (Buffer | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(parts: MessageParts) {
    this.#parts = parts;
    this.qos = parts.qos;
    this.number = parts.number ?? 0;
    this.bytes = parts.topic.length + parts.properties.length + parts.payload.length;
    const at = parts.messageExpiryStart;
    this.expiresAtMs =
      at < 0 ? Infinity : parts.receivedAtMs + parts.properties.readUInt32BE(at) * 1000;
  }

  get parts(): MessageParts {
    return this.#parts;
  }

  get topic(): string {
    return this.#parts.topic.toString();
  }

  /** Moves the bytes into memory of their own, so that waiting pins no chunk of a socket. */
  own(): this {
    if (this.#owned) return this;
    this.#owned = true;
    const { payload, properties } = this.#parts;
    this.#parts = {
      ...this.#parts,
      payload: Buffer.from(payload),
      properties: Buffer.from(properties),
    };
    return this;
  }

  /** The packet at QoS 0, shared by all receivers: nobody may change it. */
  atMostOnce(version: ProtocolVersion): Buffer {
    return this.#layout(version, 0);
  }

  /** One that waited, at QoS 0: the receiver is told what is left of its expiry [MQTT-3.3.2-6]. */
  atMostOnceLate(version: ProtocolVersion, nowMs: number): Buffer {
    const packet = this.#layout(version, 0);
    if (version === 4 || this.#parts.messageExpiryStart < 0) return packet;
    const own = Buffer.from(packet);
    this.#writeExpiry(own, this.#topicEnd(own), nowMs);
    return own;
  }

  /** A packet at QoS 1 of its own for one receiver. */
  atLeastOnce(version: ProtocolVersion, packetIdentifier: number, nowMs: number): Buffer {
    const packet = Buffer.from(this.#layout(version, 1));
    const identifierStart = this.#topicEnd(packet);
    packet.writeUInt16BE(packetIdentifier, identifierStart);
    if (version === 5 && this.#parts.messageExpiryStart >= 0) {
      this.#writeExpiry(packet, identifierStart + 2, nowMs);
    }
    return packet;
  }

  /** Bytes of the packet on the wire, to be held against the client's Maximum Packet Size. */
  packetBytes(version: ProtocolVersion, qos: 0 | 1): number {
    return this.#layout(version, qos).length;
  }

  /** What is left of the interval [MQTT-3.3.2-6]; `at` is where the properties' length is. */
  #writeExpiry(packet: Buffer, at: number, nowMs: number): void {
    const { properties, messageExpiryStart } = this.#parts;
    const leftSeconds = Math.max(0, Math.ceil((this.expiresAtMs - nowMs) / 1000));
    const propertiesStart = at + remainingLengthBytes(properties.length);
    packet.writeUInt32BE(leftSeconds, propertiesStart + messageExpiryStart);
  }

  #topicEnd(packet: Buffer): number {
    const headerBytes = 1 + lengthBytesOfPacket(packet.length);
    return headerBytes + 2 + this.#parts.topic.length;
  }

  #layout(version: ProtocolVersion, qos: 0 | 1): Buffer {
    const index = (version === 5 ? 2 : 0) + qos;
    return (this.#layouts[index] ??= encode(
      this.#parts,
      qos,
      version === 5 ? this.#parts.properties : undefined,
    ));
  }
}

/** How many bytes the Remaining Length takes in a packet of so many bytes in all. */
function lengthBytesOfPacket(packetBytes: number): number {
  for (let bytes = 1; bytes < 4; bytes++) {
    if (remainingLengthBytes(packetBytes - 1 - bytes) === bytes) return bytes;
  }
  return 4;
}

function encode(parts: MessageParts, qos: 0 | 1, properties: Buffer | undefined): Buffer {
  const { topic, payload } = parts;
  const propertyBytes =
    properties === undefined ? 0 : remainingLengthBytes(properties.length) + properties.length;
  const bodyBytes = 2 + topic.length + 2 * qos + propertyBytes + payload.length;
  const packet = Buffer.allocUnsafe(1 + remainingLengthBytes(bodyBytes) + bodyBytes);
  packet[0] = (PacketType.PUBLISH << 4) | (qos << 1);
  let at = writeVariableByteInteger(packet, 1, bodyBytes);
  at = packet.writeUInt16BE(topic.length, at);
  at += topic.copy(packet, at);
  at += 2 * qos;
  if (properties !== undefined) {
    at = writeVariableByteInteger(packet, at, properties.length);
    at += properties.copy(packet, at);
  }
  payload.copy(packet, at);
  return packet;
}

function writeVariableByteInteger(target: Buffer, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

const DUPLICATE_FLAG = 0x08;

/** Marks a PUBLISH as sent before [MQTT-3.3.1-1]. */
export function markDuplicate(packet: Buffer): Buffer {
  packet[0]! |= DUPLICATE_FLAG;
  return packet;
}
