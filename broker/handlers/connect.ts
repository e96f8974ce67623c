import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import type { ClientAccess } from '../../domain/access.ts';
import { connectReturnCode, describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { refuseCertificate } from '../access/authentication.ts';
import type { Connection, Ending } from '../connection.ts';
import { encodeControlPacket, parseControlPacket } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import type { ProtocolVersion } from '../packets/packet-type.ts';
import { protocolName } from '../packets/packet-type.ts';
import { acceptConnect } from './accept-connect.ts';

/** What refused clients are told: the cause is in the log, for those who may know it. */
const NOT_AUTHORIZED =
  'the client identifier and the certificate are not accepted together; the log of the broker ' +
  'says why';

/** A CONNECT while it is judged. */
export interface ConnectAttempt {
  readonly connection: Connection;
  readonly version: ProtocolVersion;
  readonly packet: IConnectPacket;
}

export function handleConnect(connection: Connection, frame: Frame): void {
  const version = readProtocolVersion(frame);
  if (version === undefined) {
    const reason = 'this broker speaks MQTT 3.1.1 and MQTT 5';
    refuse(connection, 4, { code: ReasonCode.UnsupportedProtocolVersion, reason });
    return;
  }
  const parsed = parseControlPacket(frame, version);
  if (!parsed.ok || parsed.value.cmd !== 'connect') {
    const fault = { code: ReasonCode.MalformedPacket, reason: 'CONNECT is malformed' };
    refuse(connection, version, parsed.ok ? fault : parsed.fault);
    return;
  }
  judge({ connection, version, packet: parsed.value });
}

function judge(attempt: ConnectAttempt): void {
  const { connection, version, packet } = attempt;
  const unsupported = refuseRequest(packet);
  if (unsupported !== undefined) {
    refuse(connection, version, unsupported, { client: packet.clientId });
    return;
  }
  const access = connection.core.policy.clientAccess(packet.clientId);
  const chain = presentedChain(connection);
  const cause = refuseIdentity(packet, access) ?? refuseChain(connection, access!, chain);
  if (cause === undefined) {
    acceptConnect(attempt, access!, chain);
    return;
  }
  const ending = { code: ReasonCode.NotAuthorized, reason: NOT_AUTHORIZED };
  refuse(connection, version, ending, { client: packet.clientId, cause });
}

const PROTOCOL_NAME = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54]); // "MQTT" [MQTT-3.1.2-1]

/** Undefined: another protocol, or a version of MQTT that is not spoken here [MQTT-3.1.2-2]. */
function readProtocolVersion(frame: Frame): ProtocolVersion | undefined {
  const { bytes, body, end } = frame;
  const levelAt = body + PROTOCOL_NAME.length;
  if (levelAt >= end || !PROTOCOL_NAME.equals(bytes.subarray(body, levelAt))) return undefined;
  const level = bytes[levelAt];
  return level === 4 || level === 5 ? level : undefined;
}

/** What the profile excludes: specification, "Level of Support and Limitations". */
function refuseRequest(packet: IConnectPacket): Ending | undefined {
  const properties = packet.properties ?? {};
  if (packet.will !== undefined) {
    const reason = 'a Will Message is not supported';
    return { code: ReasonCode.ImplementationSpecificError, reason };
  }
  if (properties.authenticationMethod !== undefined) {
    const reason = 'Authentication Method is not supported: clients authenticate by certificate';
    return { code: ReasonCode.BadAuthenticationMethod, reason };
  }
  if (properties.authenticationData !== undefined) {
    const reason = 'Authentication Data is not supported: clients authenticate by certificate';
    return { code: ReasonCode.NotAuthorized, reason };
  }
  if (packet.clientId === '') {
    const reason = 'client identifiers are not assigned: send the name of a declared Client';
    return { code: ReasonCode.ClientIdentifierNotValid, reason };
  }
  if (properties.receiveMaximum === 0 || properties.maximumPacketSize === 0) {
    const reason = 'Receive Maximum and Maximum Packet Size are at least 1';
    return { code: ReasonCode.ProtocolError, reason };
  }
  return undefined;
}

/** DESIGN, "identity": the MQTT client identifier is the Client's name. */
function refuseIdentity(
  packet: IConnectPacket,
  access: ClientAccess | undefined,
): string | undefined {
  if (access === undefined) return `no Client is named ${quote(packet.clientId)}`;
  if (access.client.state !== 'Enabled') return 'the Client is disabled';
  if (packet.username !== undefined && packet.username !== packet.clientId) {
    return "a username was sent that is not the Client's name";
  }
  return undefined;
}

function presentedChain({ socket, core }: Connection): readonly X509Certificate[] {
  const leaf = socket.getPeerX509Certificate();
  return leaf === undefined ? [] : core.chains.chainOf(leaf, socket.isSessionReused());
}

function refuseChain(
  { core }: Connection,
  { client }: ClientAccess,
  chain: readonly X509Certificate[],
): string | undefined {
  if (chain.length === 0) return 'no client certificate was presented';
  return refuseCertificate(client, chain, core.authorities, core.clock.nowMs());
}

/** CONNACK with the reason, then the connection closes [MQTT-3.2.2-7]. */
function refuse(
  connection: Connection,
  version: ProtocolVersion,
  ending: Ending,
  details: { readonly client?: string; readonly cause?: string } = {},
): void {
  const { core, socket } = connection;
  const { code, reason } = ending;
  const cause = details.cause ?? reason;
  core.metrics.connectionsRefused++;
  core.logger.warn(
    {
      client: details.client,
      protocol: protocolName(version),
      operation: 'connect',
      reasonCode: describeReasonCode(code),
      cause,
      remoteAddress: socket.remoteAddress,
    },
    `CONNECT refused: ${cause}`,
  );
  const connack = encodeRefusal(version, ending);
  if (connack !== undefined) connection.send(connack);
  connection.finish({ code, reason: `CONNECT refused: ${cause}` });
}

/** Undefined: MQTT 3.1.1 has no return code for it, so the connection just closes. */
function encodeRefusal(version: ProtocolVersion, { code, reason }: Ending): Buffer | undefined {
  if (version === 5) {
    const properties = { reasonString: reason };
    return encodeControlPacket(
      { cmd: 'connack', sessionPresent: false, reasonCode: code, properties },
      5,
    );
  }
  const returnCode = connectReturnCode(code);
  if (returnCode === undefined) return undefined;
  return encodeControlPacket({ cmd: 'connack', sessionPresent: false, returnCode }, 4);
}
