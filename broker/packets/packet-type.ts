/** The high four bits of a packet's first byte [MQTT-2.1.2]. */
export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const;

/** 4 is MQTT 3.1.1, 5 is MQTT 5: the protocol level that CONNECT carries [MQTT-3.1.2.2]. */
export type ProtocolVersion = 4 | 5;

export function protocolName(version: ProtocolVersion | undefined): string {
  if (version === undefined) return 'MQTT';
  return version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
}
