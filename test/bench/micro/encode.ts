/** From a message to the bytes that a receiver is sent. */
import mqttPacket from 'mqtt-packet';
import type { TLSSocket } from 'node:tls';
import { Output } from '../../../broker/output.ts';
import { layoutOf, Message, sharedDelivery } from '../../../broker/packets/message.ts';
import type { ProtocolVersion } from '../../../broker/packets/packet-type.ts';
import type { Benchmark, Plain, Prepared } from './benchmark.ts';
import {
  aMessage,
  aPublish,
  PACKET_IDENTIFIER,
  PAYLOAD,
  PROPERTIES,
  RECEIVED_AT_MS,
  TOPIC,
} from './samples.ts';

function generating(packet: mqttPacket.Packet, level: ProtocolVersion): Plain {
  const options = { protocolVersion: level };
  return {
    what: 'mqtt-packet',
    operate: () => mqttPacket.generate(packet, options).length,
  };
}

/** Fixed header with a Remaining Length of two bytes, topic, packet identifier, payload. */
const QOS_0_BYTES = 3 + 2 + TOPIC.length + PAYLOAD.length;
const QOS_1_BYTES = QOS_0_BYTES + 2;

/** As the broker makes it of a packet within a chunk: the packet is copied as it came. */
function forwarded(): Prepared {
  const bytes = mqttPacket.generate(aPublish(0), { protocolVersion: 4 });
  const topicEnd = QOS_0_BYTES - PAYLOAD.length;
  const source = {
    topic: Buffer.from(TOPIC),
    qos: 0,
    receivedAtMs: RECEIVED_AT_MS,
    number: 0,
    version: 4,
    bytes,
    packetStart: 0,
    propertiesStart: topicEnd,
    payloadStart: topicEnd,
    end: bytes.length,
    messageExpiryStart: -1,
  } as const;
  const target = Buffer.alloc(bytes.length);
  const delivery = sharedDelivery(4);
  return {
    operate() {
      const message = new Message(source);
      message.write(target, 0, delivery);
      return message.packetBytes(delivery.layout);
    },
    plain: generating(aPublish(0), 4),
    yields: QOS_0_BYTES,
  };
}

function encoded(level: ProtocolVersion, withProperties: boolean): Prepared {
  const message = aMessage(1, withProperties);
  const plain = generating(aPublish(1, withProperties ? PROPERTIES : undefined), level);
  const propertyBytes = level === 4 ? 0 : 1 + message.parts.properties.length;
  const layout = layoutOf(level, 1);
  const delivery = {
    layout,
    packetIdentifier: PACKET_IDENTIFIER,
    duplicate: false,
    nowMs: RECEIVED_AT_MS,
  };
  const target = Buffer.alloc(message.packetBytes(layout));
  return {
    operate() {
      message.write(target, 0, delivery);
      return message.packetBytes(layout);
    },
    plain,
    yields: QOS_1_BYTES + propertyBytes,
  };
}

/** Into the output of a turn that holds nothing else, which is then written. */
function puback(): Prepared {
  let written = 0;
  const socket = {
    writableLength: 0,
    destroyed: false,
    write(bytes: Buffer) {
      written = bytes.length;
      return true;
    },
  };
  const output = new Output(socket as unknown as TLSSocket);
  const packet = { cmd: 'puback', messageId: PACKET_IDENTIFIER } as const;
  return {
    operate() {
      output.pushPuback(PACKET_IDENTIFIER);
      output.flush();
      return written;
    },
    plain: generating(packet, 4),
    yields: 4,
  };
}

export const ENCODE: readonly Benchmark[] = [
  { group: 'encode', name: 'a new message as it came, QoS 0', prepare: forwarded },
  {
    group: 'encode',
    name: 'a packet for one receiver, QoS 1',
    prepare: () => encoded(4, false),
  },
  {
    group: 'encode',
    name: 'a packet, QoS 1, level 5, five properties',
    prepare: () => encoded(5, true),
  },
  { group: 'encode', name: 'PUBACK', prepare: puback },
];
