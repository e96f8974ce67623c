/** The properties of MQTT 5, section 2.2.2: what each is called, holds, and where it may be. */
import { findTextFault } from './encoded-text.ts';
import type { PacketFault } from './packet-fault.ts';
import { malformed, protocolError } from './packet-fault.ts';

export const Property = {
  PayloadFormatIndicator: 0x01,
  MessageExpiryInterval: 0x02,
  ContentType: 0x03,
  ResponseTopic: 0x08,
  CorrelationData: 0x09,
  SubscriptionIdentifier: 0x0b,
  SessionExpiryInterval: 0x11,
  AuthenticationMethod: 0x15,
  AuthenticationData: 0x16,
  RequestProblemInformation: 0x17,
  WillDelayInterval: 0x18,
  RequestResponseInformation: 0x19,
  ServerReference: 0x1c,
  ReasonString: 0x1f,
  ReceiveMaximum: 0x21,
  TopicAliasMaximum: 0x22,
  TopicAlias: 0x23,
  UserProperty: 0x26,
  MaximumPacketSize: 0x27,
} as const;

/** What properties belong to: a packet that clients send, or the will inside CONNECT. */
export const Owner = {
  CONNECT: 1,
  WILL: 2,
  PUBLISH: 4,
  PUBACK: 8,
  SUBSCRIBE: 16,
  UNSUBSCRIBE: 32,
  DISCONNECT: 64,
  AUTH: 128,
} as const;
export type Owner = (typeof Owner)[keyof typeof Owner];

/** `flag` is a byte that is 0 or 1, `topic` a text without wildcards, `pair` two texts. */
type DataType = 'flag' | 'uint16' | 'uint32' | 'variable' | 'text' | 'topic' | 'binary' | 'pair';

interface Definition {
  readonly name: string;
  readonly type: DataType;
  /** Bits of `Owner`. */
  readonly owners: number;
  readonly minimum: number;
}

const { CONNECT, WILL, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH } = Owner;
const MESSAGE = PUBLISH | WILL;
const ANY = CONNECT | MESSAGE | PUBACK | SUBSCRIBE | UNSUBSCRIBE | DISCONNECT | AUTH;

/** Identifier, name, type, owners, and the minimum where it is not 0. */
type Row = readonly [number, string, DataType, number, number?];

const ROWS: readonly Row[] = [
  [Property.PayloadFormatIndicator, 'Payload Format Indicator', 'flag', MESSAGE],
  [Property.MessageExpiryInterval, 'Message Expiry Interval', 'uint32', MESSAGE],
  [Property.ContentType, 'Content Type', 'text', MESSAGE],
  [Property.ResponseTopic, 'Response Topic', 'topic', MESSAGE],
  [Property.CorrelationData, 'Correlation Data', 'binary', MESSAGE],
  [Property.SubscriptionIdentifier, 'Subscription Identifier', 'variable', SUBSCRIBE, 1],
  [Property.SessionExpiryInterval, 'Session Expiry Interval', 'uint32', CONNECT | DISCONNECT],
  [0x12, 'Assigned Client Identifier', 'text', 0],
  [0x13, 'Server Keep Alive', 'uint16', 0],
  [Property.AuthenticationMethod, 'Authentication Method', 'text', CONNECT | AUTH],
  [Property.AuthenticationData, 'Authentication Data', 'binary', CONNECT | AUTH],
  [Property.RequestProblemInformation, 'Request Problem Information', 'flag', CONNECT],
  [Property.WillDelayInterval, 'Will Delay Interval', 'uint32', WILL],
  [Property.RequestResponseInformation, 'Request Response Information', 'flag', CONNECT],
  [0x1a, 'Response Information', 'text', 0],
  [Property.ServerReference, 'Server Reference', 'text', 0],
  [Property.ReasonString, 'Reason String', 'text', PUBACK | DISCONNECT | AUTH],
  [Property.ReceiveMaximum, 'Receive Maximum', 'uint16', CONNECT, 1],
  [Property.TopicAliasMaximum, 'Topic Alias Maximum', 'uint16', CONNECT],
  [Property.TopicAlias, 'Topic Alias', 'uint16', PUBLISH],
  [0x24, 'Maximum QoS', 'flag', 0],
  [0x25, 'Retain Available', 'flag', 0],
  [Property.UserProperty, 'User Property', 'pair', ANY],
  [Property.MaximumPacketSize, 'Maximum Packet Size', 'uint32', CONNECT, 1],
  [0x28, 'Wildcard Subscription Available', 'flag', 0],
  [0x29, 'Subscription Identifier Available', 'flag', 0],
  [0x2a, 'Shared Subscription Available', 'flag', 0],
];

const IDENTIFIER_MAX = 0x2a;
const DEFINITIONS = new Array<Definition | undefined>(IDENTIFIER_MAX + 1).fill(undefined);
for (const [identifier, name, type, owners, minimum = 0] of ROWS) {
  DEFINITIONS[identifier] = { name, type, owners, minimum };
}

/** A variable byte integer takes at most four bytes [MQTT-1.5.5-1]. */
const VARIABLE_BYTES_MAX = 4;

/**
 * Goes through the properties of one packet, checking each. It may be used for packet after packet
 * and allocates nothing unless there is a fault.
 */
export class PropertyCursor {
  /** Of the property that `next` went to. */
  identifier = 0;
  /** Where it begins, with its identifier. */
  start = 0;
  /** Where its value begins, with the length that texts and binary data have in front. */
  valueStart = 0;
  valueEnd = 0;
  /** What it holds, where that is a number. */
  value = 0;
  /** Where all the properties begin and end; set by `begin`. */
  propertiesStart = 0;
  propertiesEnd = 0;
  fault: PacketFault | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #owner = 0;
  /** Bits of the identifiers below 32, and of those from 32 on. */
  #seenLow = 0;
  #seenHigh = 0;

  /** Reads the Property Length at `at`; false: there is a fault. */
  begin(bytes: Buffer, at: number, end: number, owner: Owner): boolean {
    this.#bytes = bytes;
    const start = this.#readVariable(at, end);
    if (start < 0 || start + this.value > end) {
      this.fault = malformed('the properties are cut off');
      return false;
    }
    this.beginWithin(bytes, start, start + this.value, owner);
    return true;
  }

  /** For properties whose length is known: they are all that is from `start` to `end`. */
  beginWithin(bytes: Buffer, start: number, end: number, owner: Owner): void {
    this.#bytes = bytes;
    this.#owner = owner;
    this.#seenLow = 0;
    this.#seenHigh = 0;
    this.fault = undefined;
    this.propertiesStart = start;
    this.valueEnd = start;
    this.propertiesEnd = end;
  }

  /** False: there are no more, or there is a fault. */
  next(): boolean {
    const at = this.valueEnd;
    if (at >= this.propertiesEnd) return false;
    const identifier = this.#bytes[at]!;
    const definition = DEFINITIONS[identifier];
    this.start = at;
    this.identifier = identifier;
    this.valueStart = at + 1;
    this.fault = definition === undefined ? unknown(identifier) : this.#read(definition);
    return this.fault === undefined;
  }

  #read(definition: Definition): PacketFault | undefined {
    const { name, owners, minimum } = definition;
    const end = this.#findEnd(definition.type);
    if (end < 0 || end > this.propertiesEnd) return malformed(`the property ${name} is cut off`);
    this.valueEnd = end;
    if ((owners & this.#owner) === 0) return this.#misplaced(name);
    if (this.#isRepeated()) return protocolError(`the property ${name} is there twice`);
    if (this.value < minimum) return protocolError(`the property ${name} is 0`);
    return this.#checkValue(definition);
  }

  /** Past `propertiesEnd` or negative when it is cut off. */
  #findEnd(type: DataType): number {
    const at = this.valueStart;
    const bytes = this.#bytes;
    switch (type) {
      case 'flag':
        this.value = bytes[at] ?? 0;
        return at + 1;
      case 'uint16':
        this.value = at + 2 > this.propertiesEnd ? 0 : bytes.readUInt16BE(at);
        return at + 2;
      case 'uint32':
        this.value = at + 4 > this.propertiesEnd ? 0 : bytes.readUInt32BE(at);
        return at + 4;
      case 'variable':
        return this.#readVariable(at, this.propertiesEnd);
      case 'pair':
        return this.#lengthPrefixedEnd(this.#lengthPrefixedEnd(at));
      default:
        return this.#lengthPrefixedEnd(at);
    }
  }

  #checkValue({ name, type }: Definition): PacketFault | undefined {
    switch (type) {
      case 'flag':
        return this.value > 1
          ? protocolError(`the property ${name} is neither 0 nor 1`)
          : undefined;
      case 'text':
        return this.#checkText(name, this.valueStart + 2, this.valueEnd);
      case 'topic':
        return this.#checkTopic(name);
      case 'pair': {
        const nameEnd = this.#lengthPrefixedEnd(this.valueStart);
        return (
          this.#checkText(`the name of a ${name}`, this.valueStart + 2, nameEnd) ??
          this.#checkText(`the value of a ${name}`, nameEnd + 2, this.valueEnd)
        );
      }
      default:
        return undefined;
    }
  }

  #checkText(what: string, start: number, end: number): PacketFault | undefined {
    const fault = findTextFault(this.#bytes, start, end);
    return fault === undefined ? undefined : malformed(`${what} ${fault}`);
  }

  /** A topic to publish to: no wildcards [MQTT-3.3.2-14]. */
  #checkTopic(name: string): PacketFault | undefined {
    const topic = this.#bytes.subarray(this.valueStart + 2, this.valueEnd);
    if (topic.includes('+') || topic.includes('#')) {
      return protocolError(`the property ${name} contains a wildcard`);
    }
    return this.#checkText(name, this.valueStart + 2, this.valueEnd);
  }

  #misplaced(name: string): PacketFault {
    const { identifier } = this;
    // Servers send these in this very packet, so it is the direction that is wrong [MQTT-3.3.4-6].
    const isServers =
      (identifier === Property.SubscriptionIdentifier && this.#owner === Owner.PUBLISH) ||
      (identifier === Property.ServerReference && this.#owner === Owner.DISCONNECT);
    if (isServers) return protocolError(`only servers send the property ${name}`);
    return malformed(`the property ${name} does not belong in this packet`);
  }

  /** Only User Property may be there more than once. */
  #isRepeated(): boolean {
    const { identifier } = this;
    if (identifier === Property.UserProperty) return false;
    const bit = 1 << (identifier & 31);
    const seen = identifier < 32 ? this.#seenLow : this.#seenHigh;
    if (identifier < 32) this.#seenLow |= bit;
    else this.#seenHigh |= bit;
    return (seen & bit) !== 0;
  }

  /** Past the end when the length itself is cut off. */
  #lengthPrefixedEnd(at: number): number {
    if (at + 2 > this.propertiesEnd) return this.propertiesEnd + 1;
    return at + 2 + this.#bytes.readUInt16BE(at);
  }

  /** Sets `value`; answers where it ends, or -1: cut off, or longer than needed [MQTT-1.5.5-1]. */
  #readVariable(at: number, end: number): number {
    this.value = 0;
    for (let index = 0; index < VARIABLE_BYTES_MAX && at + index < end; index++) {
      const digit = this.#bytes[at + index]!;
      this.value |= (digit & 0x7f) << (7 * index);
      if ((digit & 0x80) !== 0) continue;
      return index > 0 && digit === 0 ? -1 : at + index + 1;
    }
    return -1;
  }
}

function unknown(identifier: number): PacketFault {
  return malformed(`0x${identifier.toString(16).padStart(2, '0')} is no property of MQTT 5`);
}
