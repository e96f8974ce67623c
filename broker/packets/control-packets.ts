/** Packets that a server sends, other than PUBLISH. */
import mqttPacket from 'mqtt-packet';
import type { PacketFault } from './packet-fault.ts';
import type { ProtocolVersion } from './packet-type.ts';

// Its cache holds a Buffer for each number of 16 bits: some 10 MiB, to encode little but SUBACK.
mqttPacket.writeToStream.cacheNumbers = false;

export function encodeControlPacket(packet: mqttPacket.Packet, version: ProtocolVersion): Buffer {
  return mqttPacket.generate(packet, { protocolVersion: version });
}

type ExplainedPacket =
  | mqttPacket.IConnackPacket
  | mqttPacket.IPubackPacket
  | mqttPacket.ISubackPacket
  | mqttPacket.IUnsubackPacket
  | mqttPacket.IDisconnectPacket;

/**
 * An MQTT 5 packet with a Reason String, or without it where that would exceed the client's Maximum
 * Packet Size [MQTT-3.2.2-19] [MQTT-3.4.2-2] [MQTT-3.9.2-1] [MQTT-3.11.2-1] [MQTT-3.14.2-3].
 * Undefined: it does not fit at all, so it may not be sent [MQTT-3.1.2-24].
 */
export function encodeExplained(
  packet: ExplainedPacket,
  reasonString: string | undefined,
  bytesMax: number,
): Buffer | undefined {
  if (reasonString !== undefined) {
    const explained = { ...packet, properties: { ...packet.properties, reasonString } };
    const bytes = encodeControlPacket(explained, 5);
    if (bytes.length <= bytesMax) return bytes;
  }
  const bytes = encodeControlPacket(packet, 5);
  return bytes.length <= bytesMax ? bytes : undefined;
}

/** DISCONNECT of a server, which only MQTT 5 knows; undefined as for `encodeExplained`. */
export function encodeDisconnect(
  { code, reason }: PacketFault,
  bytesMax: number,
): Buffer | undefined {
  return encodeExplained({ cmd: 'disconnect', reasonCode: code }, reason, bytesMax);
}

/** CONNACK of MQTT 3.1.1, section 3.2: a flag and a return code. */
export function encodeConnack4(sessionPresent: boolean, returnCode: number): Buffer {
  return Buffer.from([0x20, 2, Number(sessionPresent), returnCode]);
}

/** Says in a CONNACK that the session was there before [MQTT-3.2.2-2]; its length stays. */
export function markSessionPresent(connack: Buffer): Buffer {
  let at = 1;
  while (connack[at]! >= 0x80) at++;
  connack[at + 1] = 1;
  return connack;
}

export const PINGRESP = Buffer.from([0xd0, 0x00]);
