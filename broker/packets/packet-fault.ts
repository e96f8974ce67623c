import { ReasonCode } from '../../domain/reason-codes.ts';

/** Why a packet is not acceptable: what its sender is told before the connection closes. */
export interface PacketFault {
  readonly code: ReasonCode;
  readonly reason: string;
}

/** The packet cannot be read as MQTT; MQTT 5, section 1.2 "Malformed Packet". */
export function malformed(reason: string): PacketFault {
  return { code: ReasonCode.MalformedPacket, reason };
}

/** It can be read, and holds what is not allowed there; MQTT 5, section 1.2 "Protocol Error". */
export function protocolError(reason: string): PacketFault {
  return { code: ReasonCode.ProtocolError, reason };
}
