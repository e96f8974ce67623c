import { remainingLengthBytes } from './frame-reader.ts';
import { PacketType, type ProtocolVersion } from './packet-type.ts';

export interface MessageParts {
  /** The topic in UTF-8. */
  readonly topic: Buffer;
  readonly qos: 0 | 1;
  readonly payload: Buffer;
  /** The properties to forward as they came, in their order [MQTT-3.3.2-18], no Topic Alias. */
  readonly properties: Buffer;
  /** Where in `properties` the four bytes of the Message Expiry Interval are; -1: none. */
  readonly messageExpiryStart: number;
  readonly receivedAtMs: number;
  /** Tells messages of one broker apart, and grows; 0: it will never wait in a store. */
  readonly number?: number;
}

/** Where a message is within bytes that may be part of a chunk that came from a socket. */
export interface MessageSource extends Pick<MessageParts, 'topic' | 'qos' | 'receivedAtMs'> {
  readonly number: number;
  readonly bytes: Buffer;
  /** Where a packet begins that can be sent as it is, and ends at `end`; -1: there is none. */
  readonly packetStart: number;
  /** The version that this packet is of. */
  readonly version: ProtocolVersion;
  readonly propertiesStart: number;
  /** Where the properties end and the payload begins. */
  readonly payloadStart: number;
  readonly end: number;
  /** Where the four bytes of the Message Expiry Interval are; -1: none. */
  readonly messageExpiryStart: number;
}

/** One object that is filled anew for one message after the other, none of which keeps it. */
export type Refilled<Description> = { -readonly [Name in keyof Description]: Description[Name] };

export function emptyMessageSource(): Refilled<MessageSource> {
  return {
    topic: NOTHING,
    qos: 0,
    receivedAtMs: 0,
    number: 0,
    bytes: NOTHING,
    packetStart: -1,
    version: 4,
    propertiesStart: 0,
    payloadStart: 0,
    end: 0,
    messageExpiryStart: -1,
  };
}

const NOTHING = Buffer.alloc(0);

/** Protocol version and QoS: the first bytes of a PUBLISH, and what is in it, depend on them. */
export type Layout = 0 | 1 | 2 | 3;

const NO_LAYOUT = -1;
/** Layouts from here on are those of MQTT 5. */
const LAYOUTS_5 = 2;

export function layoutOf(version: ProtocolVersion, qos: 0 | 1): Layout {
  return ((version === 5 ? LAYOUTS_5 : 0) | qos) as Layout;
}

/** What a packet says that is for one receiver. */
export interface Delivery {
  readonly layout: Layout;
  /** 0 at QoS 0. */
  readonly packetIdentifier: number;
  /** It may have been sent before [MQTT-3.3.1-1]. */
  readonly duplicate: boolean;
  /** To tell what is left of the expiry [MQTT-3.3.2-6]; 0: all of it, or it never expires. */
  readonly nowMs: number;
}

const AT_MOST_ONCE = { packetIdentifier: 0, duplicate: false, nowMs: 0 } as const;
const SHARED_4: Delivery = { layout: layoutOf(4, 0), ...AT_MOST_ONCE };
const SHARED_5: Delivery = { layout: layoutOf(5, 0), ...AT_MOST_ONCE };

/** At QoS 0, as all receivers of that version get it. */
export function sharedDelivery(version: ProtocolVersion): Delivery {
  return version === 5 ? SHARED_5 : SHARED_4;
}

/** What is kept may keep so much more in memory than its own length, and is not copied then. */
const KEPT_SHARE_MIN = 0.5;

/** Wants to know when nobody has to be given a message any more. */
export interface MessageAwaiter {
  settled(): void;
}

/**
 * One accepted application message, shared by all sessions it goes to. It is written into their
 * output from where it came, as it came where the layout is the same; what differs between
 * receivers, the packet identifier and the remaining expiry, is patched there.
 */
export class Message {
  /** In UTF-8. */
  readonly topicBytes: Buffer;
  readonly qos: 0 | 1;
  readonly number: number;
  readonly receivedAtMs: number;
  /** Stored sessions that the message waits for until they acknowledge it. */
  readonly owners: number[] = [];
  /** How many of them have it in memory for a client that is here: they may acknowledge it soon. */
  takers = 0;
  /** The batch of the store that it is committed with; 0: none, and infinity: not yet known. */
  batch = 0;
  awaitedBy: MessageAwaiter | undefined;
  /** Bytes that a queue counts for it. */
  readonly bytes: number;
  /** Infinity: it never expires. */
  readonly expiresAtMs: number;
  /** Within the properties; -1: none. */
  readonly #messageExpiryStart: number;
  readonly #propertyBytes: number;
  /** The layout of the packet that can be sent as it is. */
  readonly #sourceLayout: Layout | typeof NO_LAYOUT;
  #source: Buffer;
  /** Where the packet begins if it has a layout, otherwise the properties. */
  #start: number;
  #end: number;
  #owned = false;
  /** Packets at QoS 0 that several receivers share, by version. */
  #shared4: Buffer | undefined;
  #shared5: Buffer | undefined;

  constructor(source: MessageSource) {
    const { topic, bytes, propertiesStart, payloadStart, end, messageExpiryStart } = source;
    const { qos, packetStart } = source;
    this.topicBytes = topic;
    this.qos = qos;
    this.number = source.number;
    this.receivedAtMs = source.receivedAtMs;
    this.bytes = topic.length + end - propertiesStart;
    this.expiresAtMs =
      messageExpiryStart < 0
        ? Infinity
        : source.receivedAtMs + bytes.readUInt32BE(messageExpiryStart) * 1000;
    this.#messageExpiryStart = messageExpiryStart < 0 ? -1 : messageExpiryStart - propertiesStart;
    this.#propertyBytes = payloadStart - propertiesStart;
    this.#sourceLayout = packetStart < 0 ? NO_LAYOUT : layoutOf(source.version, qos);
    this.#source = bytes;
    this.#start = packetStart < 0 ? propertiesStart : packetStart;
    this.#end = end;
  }

  static of(parts: MessageParts): Message {
    const { topic, qos, payload, properties, messageExpiryStart, receivedAtMs, number = 0 } = parts;
    const bytes = Buffer.concat([properties, payload]);
    return new Message({
      topic,
      qos,
      receivedAtMs,
      number,
      bytes,
      packetStart: -1,
      version: 4,
      propertiesStart: 0,
      payloadStart: properties.length,
      end: bytes.length,
      messageExpiryStart,
    });
  }

  /** Views, which may be of a chunk that came from a socket. */
  get parts(): MessageParts {
    return {
      topic: this.topicBytes,
      qos: this.qos,
      payload: this.payload,
      properties: this.#source.subarray(this.#propertiesStart, this.#payloadStart),
      messageExpiryStart: this.#messageExpiryStart,
      receivedAtMs: this.receivedAtMs,
      number: this.number,
    };
  }

  get topic(): string {
    return this.topicBytes.toString();
  }

  /** Moves the bytes into memory of their own, unless they are most of the chunk they are in. */
  own(): this {
    if (this.#owned) return this;
    this.#owned = true;
    const length = this.#end - this.#start;
    if (length >= this.#source.length * KEPT_SHARE_MIN) return this;
    const owned = Buffer.allocUnsafe(length);
    this.#source.copy(owned, 0, this.#start, this.#end);
    this.#source = owned;
    this.#start = 0;
    this.#end = length;
    return this;
  }

  /** Bytes of the packet on the wire. */
  packetBytes(layout: Layout): number {
    if (layout === this.#sourceLayout) return this.#end - this.#start;
    const bodyBytes = this.#bodyBytes(layout);
    return 1 + remainingLengthBytes(bodyBytes) + bodyBytes;
  }

  /** Writes the packet, which takes `packetBytes`. */
  write(target: Buffer, at: number, delivery: Delivery): void {
    this.#write(target, at, delivery, this.#end);
  }

  /** Writes what `write` does, but for the payload, which follows it on the wire. */
  writeHead(target: Buffer, at: number, delivery: Delivery): void {
    this.#write(target, at, delivery, this.#payloadStart);
  }

  /** A view, which nobody may change. */
  get payload(): Buffer {
    return this.#source.subarray(this.#payloadStart, this.#end);
  }

  #write(target: Buffer, at: number, delivery: Delivery, end: number): void {
    const { layout } = delivery;
    if (layout === this.#sourceLayout) this.#source.copy(target, at, this.#start, end);
    else this.#encode(target, at, layout, end);
    // The publisher may have marked its own packet as sent before [MQTT-3.3.1-3].
    target[at] = firstByteOf(delivery);
    const isOwn = delivery.packetIdentifier > 0 || this.#tellsExpiry(delivery);
    if (isOwn) this.#patch(target, at, delivery);
  }

  #tellsExpiry({ layout, nowMs }: Delivery): boolean {
    return layout >= LAYOUTS_5 && nowMs > 0 && this.#messageExpiryStart >= 0;
  }

  /** The packet at QoS 0, shared by all receivers: nobody may change it. */
  shared(version: ProtocolVersion): Buffer {
    if (version === 4) return (this.#shared4 ??= this.#packet(SHARED_4));
    return (this.#shared5 ??= this.#packet(SHARED_5));
  }

  #packet(delivery: Delivery): Buffer {
    const { layout } = delivery;
    const bytes = this.packetBytes(layout);
    if (layout === this.#sourceLayout && bytes >= this.#source.length * KEPT_SHARE_MIN) {
      return this.#source.subarray(this.#start, this.#end);
    }
    const packet = Buffer.allocUnsafe(bytes);
    this.write(packet, 0, delivery);
    return packet;
  }

  get #payloadStart(): number {
    return this.#propertiesStart + this.#propertyBytes;
  }

  get #propertiesStart(): number {
    return this.#end - (this.bytes - this.topicBytes.length);
  }

  #bodyBytes(layout: Layout): number {
    const propertyBytes = this.#propertyBytes;
    const payloadBytes = this.#end - this.#payloadStart;
    const bytes = 2 + this.topicBytes.length + 2 * (layout & 1) + payloadBytes;
    return layout < LAYOUTS_5 ? bytes : bytes + remainingLengthBytes(propertyBytes) + propertyBytes;
  }

  #patch(packet: Buffer, at: number, delivery: Delivery): void {
    const { layout, packetIdentifier, nowMs } = delivery;
    let body = at + 1;
    while (packet[body]! >= 0x80) body++;
    let topicEnd = body + 3 + this.topicBytes.length;
    if ((layout & 1) !== 0) {
      packet[topicEnd++] = packetIdentifier >> 8;
      packet[topicEnd++] = packetIdentifier & 0xff;
    }
    if (!this.#tellsExpiry(delivery)) return;
    const propertiesStart = topicEnd + remainingLengthBytes(this.#propertyBytes);
    const leftSeconds = Math.max(0, Math.ceil((this.expiresAtMs - nowMs) / 1000));
    packet.writeUInt32BE(leftSeconds, propertiesStart + this.#messageExpiryStart);
  }

  #encode(target: Buffer, start: number, layout: Layout, end: number): void {
    const { topicBytes } = this;
    let at = writeVariableByteInteger(target, start + 1, this.#bodyBytes(layout));
    at = target.writeUInt16BE(topicBytes.length, at);
    at += topicBytes.copy(target, at);
    at += 2 * (layout & 1);
    if (layout >= LAYOUTS_5) at = writeVariableByteInteger(target, at, this.#propertyBytes);
    const from = layout < LAYOUTS_5 ? this.#payloadStart : this.#propertiesStart;
    this.#source.copy(target, at, from, end);
  }
}

const QOS_1 = 0x02;
const DUPLICATE_FLAG = 0x08;

function firstByteOf({ layout, duplicate }: Delivery): number {
  const flags = ((layout & 1) === 0 ? 0 : QOS_1) | (duplicate ? DUPLICATE_FLAG : 0);
  return (PacketType.PUBLISH << 4) | flags;
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
