import type { X509Certificate } from 'node:crypto';
import type { ClientAccess } from '../../domain/access.ts';
import { connectReturnCode, ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { refuseCertificate } from '../access/authentication.ts';
import type { PresentedCertificate } from '../access/presented-certificates.ts';
import type { Connection } from '../connection.ts';
import type { Ending } from '../ending.ts';
import { legible } from '../diagnostics/diagnostics.ts';
import type { ConnectPacket } from '../packets/connect-decoder.ts';
import { decodeConnect, readProtocol } from '../packets/connect-decoder.ts';
import { encodeConnack4, encodeExplained } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { malformed } from '../packets/packet-fault.ts';
import type { ProtocolVersion } from '../packets/packet-type.ts';
import { acceptConnect } from './accept-connect.ts';

/** What refused clients are told: the cause is in the log, for those who may know it. */
const NOT_AUTHORIZED =
  'the client identifier and the certificate are not accepted together; the log of the broker ' +
  'says why';

/** A CONNECT while it is judged. */
export interface ConnectAttempt {
  readonly connection: Connection;
  readonly packet: ConnectPacket;
}

/** What is known of a refused CONNECT; `packet` once it could be read. */
interface Refusal {
  readonly ending: Ending;
  readonly version: ProtocolVersion;
  readonly packet?: ConnectPacket;
}

export function handleConnect(connection: Connection, frame: Frame): void {
  const protocol = readProtocol(frame);
  if (protocol === 'none') {
    // Nothing says that it would understand a CONNACK [MQTT-3.1.2-1].
    connection.finish(malformed('the first packet is no CONNECT of MQTT'));
    return;
  }
  if (protocol === 'unsupported') {
    const reason = 'this broker speaks MQTT 3.1.1 and MQTT 5';
    const ending = { code: ReasonCode.UnsupportedProtocolVersion, reason };
    refuse(connection, { ending, version: 4 }); // [MQTT-3.1.2-2]
    return;
  }
  const decoded = decodeConnect(frame, protocol);
  if (decoded.ok) judge({ connection, packet: decoded.value });
  else refuse(connection, { ending: decoded.fault, version: protocol });
}

function judge(attempt: ConnectAttempt): void {
  const { connection, packet } = attempt;
  const { version } = packet;
  const unsupported = connection.core.rates.refuseConnect() ?? refuseRequest(packet);
  if (unsupported !== undefined) {
    refuse(connection, { ending: unsupported, version, packet });
    return;
  }
  const access = connection.core.policy.clientAccess(packet.clientIdentifier);
  const presented = present(connection);
  const cause = refuseIdentity(packet, access) ?? refusePresented(connection, access!, presented);
  if (cause !== undefined) {
    const ending = { code: ReasonCode.NotAuthorized, reason: NOT_AUTHORIZED, cause };
    refuse(connection, { ending, version, packet });
    return;
  }
  const refusal =
    refuseFlapping(attempt) ?? acceptConnect(attempt, access!, presented!.certificate);
  if (refusal !== undefined) refuse(connection, { ending: refusal, version, packet });
}

/** What the profile excludes: specification, "Level of Support and Limitations". */
function refuseRequest(packet: ConnectPacket): Ending | undefined {
  if (packet.hasWill) {
    const reason = 'a Will Message is not supported';
    return { code: ReasonCode.ImplementationSpecificError, reason };
  }
  if (packet.hasAuthenticationMethod) {
    const reason = 'Authentication Method is not supported: clients authenticate by certificate';
    return { code: ReasonCode.BadAuthenticationMethod, reason };
  }
  if (packet.hasAuthenticationData) {
    const reason = 'Authentication Data is not supported: clients authenticate by certificate';
    return { code: ReasonCode.NotAuthorized, reason };
  }
  if (packet.clientIdentifier === '') {
    const reason = 'client identifiers are not assigned: send the name of a declared Client';
    return { code: ReasonCode.ClientIdentifierNotValid, reason };
  }
  return undefined;
}

/** ADR 6: the MQTT client identifier is the Client's name. */
function refuseIdentity(
  packet: ConnectPacket,
  access: ClientAccess | undefined,
): string | undefined {
  if (access === undefined) return `no Client is named ${quote(packet.clientIdentifier)}`;
  if (access.client.state !== 'Enabled') return 'the Client is disabled';
  if (packet.username !== undefined && packet.username !== packet.clientIdentifier) {
    return "a username was sent that is not the Client's name";
  }
  return undefined;
}

/** Asked only once the client has proved who it is: nobody holds off somebody else. */
function refuseFlapping({ connection, packet }: ConnectAttempt): Ending | undefined {
  const { flapping, metrics } = connection.core;
  const reason = flapping.connecting(packet.clientIdentifier);
  if (reason === undefined) return undefined;
  metrics.flappingConnectionsRefused++;
  return { code: ReasonCode.ConnectionRateExceeded, reason };
}

interface Presented {
  readonly leaf: X509Certificate;
  readonly certificate: PresentedCertificate;
}

/** Undefined: no certificate was presented. */
function present({ socket, core }: Connection): Presented | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  return { leaf, certificate: core.certificates.present(leaf, socket.isSessionReused()) };
}

function refusePresented(
  { core }: Connection,
  { client }: ClientAccess,
  presented: Presented | undefined,
): string | undefined {
  if (presented === undefined) return 'no client certificate was presented';
  const { leaf, certificate } = presented;
  const judgement = { authorities: core.authorities, nowMs: core.clock.nowMs() };
  return refuseCertificate(client, leaf, certificate, judgement);
}

/** CONNACK with the reason, then the connection closes [MQTT-3.2.2-7]. */
function refuse(connection: Connection, refusal: Refusal): void {
  const { ending, version, packet } = refusal;
  connection.core.metrics.connectionsRefused++;
  const client = packet === undefined ? undefined : legible(packet.clientIdentifier);
  connection.claimed = { client, version };
  const connack = encodeRefusal(refusal);
  if (connack !== undefined) connection.send(connack);
  connection.finish(ending);
}

/** Undefined: nothing that the client could take says it, so the connection just closes. */
function encodeRefusal({ ending, version, packet }: Refusal): Buffer | undefined {
  const { code, reason } = ending;
  if (version === 5) {
    const connack = { cmd: 'connack', sessionPresent: false, reasonCode: code } as const;
    return encodeExplained(connack, reason, packet?.maximumPacketBytes ?? Infinity);
  }
  const returnCode = connectReturnCode(code); // [MQTT-3.2.2-6]
  if (returnCode === undefined) return undefined;
  return encodeConnack4(false, returnCode);
}
