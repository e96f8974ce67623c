import mqttPacket from 'mqtt-packet';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Result } from '../../domain/result.ts';
import { failure, success } from '../../domain/result.ts';
import type { Frame } from './frame-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { checkText } from './publish-decoder.ts';

export interface PacketFault {
  readonly code: ReasonCode;
  readonly reason: string;
}

/**
 * Reads one of the packets that are too rare to need a reader of their own. mqtt-packet accepts
 * more than the standard does, so its result is checked here before anyone relies on its types.
 */
export function parseControlPacket(
  frame: Frame,
  protocolVersion: ProtocolVersion,
): Result<mqttPacket.Packet, PacketFault> {
  const parser = mqttPacket.parser({ protocolVersion });
  let packet: mqttPacket.Packet | undefined;
  let reason = 'the packet ends before its content does';
  parser.on('packet', (parsed: mqttPacket.Packet) => (packet = parsed));
  parser.on('error', (error: Error) => (reason = error.message));
  try {
    parser.parse(frame.bytes.subarray(frame.start, frame.end));
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  if (packet === undefined) return failure({ code: ReasonCode.MalformedPacket, reason });
  const fault = checkProperties(packet);
  return fault === undefined ? success(packet) : failure(fault);
}

function checkProperties(packet: mqttPacket.Packet): PacketFault | undefined {
  const properties: object = ('properties' in packet && packet.properties) || {};
  for (const [name, value] of Object.entries(properties) as [string, unknown][]) {
    if (name === 'userProperties') continue;
    // mqtt-packet gathers a property that is there twice in a list [MQTT-2.2.2.2].
    if (Array.isArray(value)) {
      return { code: ReasonCode.ProtocolError, reason: `the property ${name} is there twice` };
    }
    // What mqtt-packet leaves of a value that is cut off.
    if (value === null || value === undefined || value === -1 || Number.isNaN(value)) {
      return { code: ReasonCode.MalformedPacket, reason: `the property ${name} is cut off` };
    }
  }
  return undefined;
}

/** Whether the text that mqtt-packet decoded was well-formed and free of NUL [MQTT-1.5.4]. */
export function isWellFormedText(text: string): boolean {
  // U+FFFD may stand for bytes that were no UTF-8; as a character of its own it has no use here.
  return !text.includes('\0') && !text.includes('\ufffd');
}

export function encodeControlPacket(packet: mqttPacket.Packet, version: ProtocolVersion): Buffer {
  return mqttPacket.generate(packet, { protocolVersion: version });
}

export const PINGRESP = Buffer.from([0xd0, 0x00]);

/** PUBACK that says Success: the code and the properties may be left out [MQTT-3.4.2.1]. */
export function encodePuback(packetIdentifier: number): Buffer {
  const packet = Buffer.allocUnsafe(4);
  packet[0] = 0x40;
  packet[1] = 2;
  packet.writeUInt16BE(packetIdentifier, 2);
  return packet;
}

export interface PubackParts {
  readonly packetIdentifier: number;
  readonly code: number;
}

/** Reads a PUBACK in place; undefined: it is malformed. */
export function decodePuback(frame: Frame, version: ProtocolVersion): PubackParts | undefined {
  const { bytes, body, end } = frame;
  const length = end - body;
  // The low bits of the first byte are reserved and zero [MQTT-2.1.3-1].
  if (length < 2 || bytes[frame.start] !== 0x40) return undefined;
  const packetIdentifier = bytes.readUInt16BE(body);
  if (packetIdentifier === 0) return undefined; // [MQTT-2.2.1-3]
  if (length === 2) return { packetIdentifier, code: ReasonCode.Success };
  if (version === 4) return undefined;
  if (length === 3) return { packetIdentifier, code: bytes[body + 2]! };
  const parsed = parseControlPacket(frame, version);
  return parsed.ok ? { packetIdentifier, code: bytes[body + 2]! } : undefined;
}

/** The text of a topic in a frame, once for each topic that a connection uses. */
export function decodeText(bytes: Buffer, start: number, end: number): string | undefined {
  if (checkText(bytes, start, end) !== ReasonCode.Success) return undefined;
  return bytes.toString('utf8', start, end);
}
