/** From a message to the bytes that a receiver is sent. */
import type { IPublishPacket } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import { encodePuback } from '../../../broker/packets/control-packets.ts';
import { Message } from '../../../broker/packets/message.ts';
import type { ProtocolVersion } from '../../../broker/packets/packet-type.ts';
import type { Benchmark, Plain, Prepared } from './benchmark.ts';
import {
  aMessage,
  PACKET_IDENTIFIER,
  partsOf,
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

function aPublish(qos: 0 | 1, properties?: IPublishPacket['properties']): IPublishPacket {
  return {
    cmd: 'publish',
    topic: TOPIC,
    payload: PAYLOAD,
    qos,
    dup: false,
    retain: false,
    ...(qos === 1 && { messageId: PACKET_IDENTIFIER }),
    ...(properties && { properties }),
  };
}

/** Fixed header with a Remaining Length of two bytes, topic, packet identifier, payload. */
const QOS_0_BYTES = 3 + 2 + TOPIC.length + PAYLOAD.length;
const QOS_1_BYTES = QOS_0_BYTES + 2;

function layout(): Prepared {
  const parts = partsOf(0);
  return {
    operate: () => new Message(parts).atMostOnce(4).length,
    plain: generating(aPublish(0), 4),
    yields: QOS_0_BYTES,
  };
}

function copyAndPatch(level: ProtocolVersion, withProperties: boolean): Prepared {
  const message = aMessage(1, withProperties);
  const plain = generating(aPublish(1, withProperties ? PROPERTIES : undefined), level);
  const propertyBytes = level === 4 ? 0 : 1 + message.parts.properties.length;
  return {
    operate: () => message.atLeastOnce(level, PACKET_IDENTIFIER, RECEIVED_AT_MS).length,
    plain,
    yields: QOS_1_BYTES + propertyBytes,
  };
}

function puback(): Prepared {
  const packet = { cmd: 'puback', messageId: PACKET_IDENTIFIER } as const;
  return {
    operate: () => encodePuback(PACKET_IDENTIFIER).length,
    plain: generating(packet, 4),
    yields: 4,
  };
}

export const ENCODE: readonly Benchmark[] = [
  { group: 'encode', name: 'a new message, QoS 0', prepare: layout },
  {
    group: 'encode',
    name: 'a copy for one more receiver, QoS 1',
    prepare: () => copyAndPatch(4, false),
  },
  {
    group: 'encode',
    name: 'a copy, QoS 1, level 5, five properties',
    prepare: () => copyAndPatch(5, true),
  },
  { group: 'encode', name: 'PUBACK', prepare: puback },
];
