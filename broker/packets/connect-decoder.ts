import type { Result } from '../../domain/result.ts';
import { failure, success } from '../../domain/result.ts';
import type { Frame } from './frame-reader.ts';
import type { PacketFault } from './packet-fault.ts';
import { malformed } from './packet-fault.ts';
import type { ReadProperties } from './packet-reader.ts';
import { PacketReader } from './packet-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { Owner, Property } from './properties.ts';

/** A CONNECT that is well-formed: MQTT 5 and MQTT 3.1.1, section 3.1. */
export interface ConnectPacket {
  readonly version: ProtocolVersion;
  /** Clean Start, or Clean Session in MQTT 3.1.1. */
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly clientIdentifier: string;
  readonly username: string | undefined;
  readonly hasWill: boolean;
  /** Undefined: not given. */
  readonly sessionExpirySeconds: number | undefined;
  readonly receiveMaximum: number | undefined;
  readonly maximumPacketBytes: number | undefined;
  readonly requestProblemInformation: boolean;
  readonly hasAuthenticationMethod: boolean;
  readonly hasAuthenticationData: boolean;
}

/** The protocol that a CONNECT asks for. */
export type Protocol = ProtocolVersion | 'unsupported' | 'none';

const MQTT = 'MQTT'; // [MQTT-3.1.2-1]
/** What MQTT 3.1 called itself. */
const MQTT_3_1 = 'MQIsdp';

/**
 * Looks at the protocol's name and level alone, since all that follows depends on them
 * [MQTT-3.1.2-2]. 'unsupported' is MQTT of another version, 'none' something else.
 */
export function readProtocol(frame: Frame): Protocol {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  const name = reader.text('the protocol name');
  const level = reader.byte('the protocol version');
  if (reader.fault !== undefined) return 'none';
  if (name === MQTT && (level === 4 || level === 5)) return level;
  return name === MQTT || name === MQTT_3_1 ? 'unsupported' : 'none';
}

const Flag = {
  Reserved: 0x01,
  CleanStart: 0x02,
  Will: 0x04,
  WillQos: 0x18,
  WillRetain: 0x20,
  Password: 0x40,
  Username: 0x80,
} as const;

/** For a frame whose protocol `readProtocol` found to be `version`. */
export function decodeConnect(
  frame: Frame,
  version: ProtocolVersion,
): Result<ConnectPacket, PacketFault> {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  reader.text('the protocol name');
  reader.byte('the protocol version');
  const flags = reader.byte('the connect flags');
  const flagFault = findFlagFault(flags, version);
  if (flagFault !== undefined) reader.fail(malformed(flagFault));
  const keepAliveSeconds = reader.uint16('the keep alive');
  const properties: ReadProperties = version === 5 ? reader.properties(Owner.CONNECT) : new Map();
  const clientIdentifier = reader.text('the client identifier');
  const hasWill = (flags & Flag.Will) !== 0;
  if (hasWill) skipWill(reader, version);
  const username = (flags & Flag.Username) !== 0 ? reader.text('the username') : undefined;
  if ((flags & Flag.Password) !== 0) reader.skipBinary('the password');
  reader.finish();
  if (reader.fault !== undefined) return failure(reader.fault);
  return success({
    version,
    cleanStart: (flags & Flag.CleanStart) !== 0,
    keepAliveSeconds,
    clientIdentifier,
    username,
    hasWill,
    sessionExpirySeconds: properties.get(Property.SessionExpiryInterval),
    receiveMaximum: properties.get(Property.ReceiveMaximum),
    maximumPacketBytes: properties.get(Property.MaximumPacketSize),
    requestProblemInformation: properties.get(Property.RequestProblemInformation) !== 0,
    hasAuthenticationMethod: properties.has(Property.AuthenticationMethod),
    hasAuthenticationData: properties.has(Property.AuthenticationData),
  });
}

function findFlagFault(flags: number, version: ProtocolVersion): string | undefined {
  if ((flags & Flag.Reserved) !== 0) return 'the reserved connect flag is set'; // [MQTT-3.1.2-3]
  if ((flags & Flag.WillQos) === Flag.WillQos) return 'the will has QoS 3'; // [MQTT-3.1.2-12]
  if ((flags & Flag.Will) === 0 && (flags & (Flag.WillQos | Flag.WillRetain)) !== 0) {
    return 'QoS or retain of a will are set without a will'; // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  }
  // MQTT 5 lets go of this one; in MQTT 3.1.1 it is [MQTT-3.1.2-22].
  if (version === 4 && (flags & (Flag.Username | Flag.Password)) === Flag.Password) {
    return 'a password comes without a username';
  }
  return undefined;
}

/** Wills are not supported, yet one that is malformed is refused as malformed. */
function skipWill(reader: PacketReader, version: ProtocolVersion): void {
  if (version === 5) reader.properties(Owner.WILL);
  reader.text('the will topic');
  reader.skipBinary('the will payload');
}
