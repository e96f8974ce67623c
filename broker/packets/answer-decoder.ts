/** Packets that are a reason code and properties: PUBACK, DISCONNECT and AUTH. */
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Result } from '../../domain/result.ts';
import { failure, success } from '../../domain/result.ts';
import type { Frame } from './frame-reader.ts';
import type { PacketFault } from './packet-fault.ts';
import { protocolError } from './packet-fault.ts';
import { PacketReader } from './packet-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { Owner, Property } from './properties.ts';

export interface PubackPacket {
  readonly packetIdentifier: number;
  readonly code: number;
}

export interface DisconnectPacket {
  readonly code: number;
  /** Undefined: what CONNECT settled stays. */
  readonly sessionExpirySeconds: number | undefined;
}

/** MQTT 5, section 3.4.2.1. */
const PUBACK_CODES: ReadonlySet<number> = new Set([
  0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99,
]);
/** Those that clients send; MQTT 5, section 3.14.2.1. */
const DISCONNECT_CODES: ReadonlySet<number> = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);
/** MQTT 5, section 3.15.2.1. */
const AUTH_CODES: ReadonlySet<number> = new Set([0x00, 0x18, 0x19]);

/** The identifier of a PUBACK that says nothing but Success, as nearly all do; 0: another one. */
export function readShortPuback({ bytes, body, end }: Frame): number {
  return end - body === 2 ? bytes.readUInt16BE(body) : 0;
}

export function decodePuback(
  frame: Frame,
  version: ProtocolVersion,
): Result<PubackPacket, PacketFault> {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  const packetIdentifier = reader.uint16('the packet identifier');
  if (packetIdentifier === 0) reader.fail(protocolError('the packet identifier is 0'));
  // Success and no properties may be left out (section 3.4.2.1).
  const code = version === 5 && reader.more ? readCode(reader, PUBACK_CODES) : ReasonCode.Success;
  if (version === 5 && reader.more) reader.properties(Owner.PUBACK);
  reader.finish();
  return reader.fault === undefined ? success({ packetIdentifier, code }) : failure(reader.fault);
}

export function decodeDisconnect(
  frame: Frame,
  version: ProtocolVersion,
): Result<DisconnectPacket, PacketFault> {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  if (version === 4) {
    reader.finish();
    if (reader.fault !== undefined) return failure(reader.fault);
    return success({ code: ReasonCode.Success, sessionExpirySeconds: undefined });
  }
  // Normal disconnection and no properties may be left out (section 3.14.2.1).
  const code = reader.more ? readCode(reader, DISCONNECT_CODES) : ReasonCode.Success;
  const properties = reader.more ? reader.properties(Owner.DISCONNECT) : undefined;
  reader.finish();
  if (reader.fault !== undefined) return failure(reader.fault);
  const sessionExpirySeconds = properties?.get(Property.SessionExpiryInterval);
  return success({ code, sessionExpirySeconds });
}

/** Nothing of an AUTH matters here but whether it is well-formed. */
export function findAuthFault(frame: Frame): PacketFault | undefined {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  if (reader.more) readCode(reader, AUTH_CODES);
  if (reader.more) reader.properties(Owner.AUTH);
  reader.finish();
  return reader.fault;
}

function readCode(reader: PacketReader, codes: ReadonlySet<number>): number {
  const code = reader.byte('the reason code');
  if (!codes.has(code)) {
    const hex = code.toString(16).padStart(2, '0');
    reader.fail(protocolError(`0x${hex} is no reason code that clients send in this packet`));
  }
  return code;
}
