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

const NAMES: readonly string[] = ['the reserved packet type 0', ...Object.keys(PacketType)];

/** `SUBSCRIBE`: for people. `type` is 0 to 15. */
export function packetName(type: number): string {
  return NAMES[type]!;
}

/** The low four bits that each type must have: MQTT 5, table 2-2; PUBLISH has its own. */
const FLAGS: ReadonlyMap<number, number> = new Map([
  [PacketType.PUBREL, 0b0010],
  [PacketType.SUBSCRIBE, 0b0010],
  [PacketType.UNSUBSCRIBE, 0b0010],
]);

/**
 * Whether the first byte of a packet that is no PUBLISH has the flags it must have [MQTT-2.1.3-1].
 */
export function hasValidFlags(firstByte: number): boolean {
  return (firstByte & 0x0f) === (FLAGS.get(firstByte >> 4) ?? 0);
}
