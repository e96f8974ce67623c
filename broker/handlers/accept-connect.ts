import type { IConnackPacket } from 'mqtt-packet';
import type { ClientAccess } from '../../domain/access.ts';
import { KEEP_ALIVE_SECONDS_MAX, SESSION_EXPIRY_SECONDS } from '../../domain/limits.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { PresentedCertificate } from '../access/presented-certificates.ts';
import type { Connection } from '../connection.ts';
import type { Ending } from '../ending.ts';
import type { ConnectPacket } from '../packets/connect-decoder.ts';
import { encodeConnack4, encodeExplained, markSessionPresent } from '../packets/control-packets.ts';
import type { ConnectAttempt } from './connect.ts';

/** A client that says nothing takes what packet identifiers can number; section 3.1.2.11.3. */
const RECEIVE_MAXIMUM_DEFAULT = 65535;

/**
 * The client is who it says: it takes over its session, and is told what the server allows.
 * Answers why it cannot be told, or undefined.
 */
export function acceptConnect(
  attempt: ConnectAttempt,
  access: ClientAccess,
  certificate: PresentedCertificate,
): Ending | undefined {
  const { connection, packet } = attempt;
  const { version, clientIdentifier, cleanStart } = packet;
  const { core } = connection;
  const maximumPacketBytes = packet.maximumPacketBytes ?? Infinity;
  const connack = encodeConnack(attempt);
  if (connack === undefined) {
    const reason = `CONNACK does not fit a Maximum Packet Size of ${maximumPacketBytes}`;
    return { code: ReasonCode.PacketTooLarge, reason };
  }
  takeOver(connection, clientIdentifier);
  const expirySeconds = sessionExpirySeconds(packet);
  const opened = core.sessions.open(clientIdentifier, {
    cleanStart,
    outlivesConnection: expirySeconds > 0,
  });
  const { session, present } = opened;
  connection.become({
    version,
    session,
    access,
    certificate,
    keepAliveMs: 1000 * serverKeepAliveSeconds(packet),
    sessionExpirySeconds: expirySeconds,
    receiveMaximum: packet.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT,
    maximumPacketBytes,
    problemInformation: packet.requestProblemInformation,
  });
  core.metrics.connectionsOpened++;
  core.diagnostics.connected(connection.peer, {
    sessionPresent: present,
    resumed: connection.socket.isSessionReused(),
    credential: access.client.credential.type,
  });
  connection.sendAfter(opened, present ? markSessionPresent(connack) : connack);
  session.attach(connection, expirySeconds > 0);
  return undefined;
}

/** The newer connection wins [MQTT-3.1.4-3]. */
function takeOver(connection: Connection, client: string): void {
  const { core } = connection;
  const older = core.sessions.get(client)?.receiver as Connection | undefined;
  if (older === undefined) return;
  core.metrics.sessionsTakenOver++;
  const reason = 'another connection of this client took the session over';
  older.close({ code: ReasonCode.SessionTakenOver, reason });
}

/** "Keep Alive Maximum is 1160 seconds"; 0 would be none at all. */
function serverKeepAliveSeconds({ keepAliveSeconds }: ConnectPacket): number {
  if (keepAliveSeconds === 0) return KEEP_ALIVE_SECONDS_MAX;
  return Math.min(keepAliveSeconds, KEEP_ALIVE_SECONDS_MAX);
}

/** "The server will override any Session Expiry Interval value [...] (other than 0)". */
function sessionExpirySeconds(packet: ConnectPacket): number {
  if (packet.version === 4) return packet.cleanStart ? 0 : SESSION_EXPIRY_SECONDS;
  return (packet.sessionExpirySeconds ?? 0) === 0 ? 0 : SESSION_EXPIRY_SECONDS;
}

/** For a new session. Undefined: it does not fit the client's Maximum Packet Size. */
function encodeConnack(attempt: ConnectAttempt): Buffer | undefined {
  const { version, maximumPacketBytes } = attempt.packet;
  if (version === 4) return encodeConnack4(false, 0);
  const properties = connackProperties(attempt);
  const connack = { cmd: 'connack', sessionPresent: false, reasonCode: 0, properties } as const;
  return encodeExplained(connack, undefined, maximumPacketBytes ?? Infinity);
}

function connackProperties({
  connection,
  packet,
}: ConnectAttempt): NonNullable<IConnackPacket['properties']> {
  const { limits } = connection.core;
  const expirySeconds = sessionExpirySeconds(packet);
  const keepAliveSeconds = serverKeepAliveSeconds(packet);
  return {
    receiveMaximum: limits.inFlightMessages,
    maximumQoS: 1,
    retainAvailable: false,
    maximumPacketSize: limits.messageBytes,
    topicAliasMaximum: limits.topicAliases,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    ...(expirySeconds !== 0 && { sessionExpiryInterval: expirySeconds }),
    ...(keepAliveSeconds !== packet.keepAliveSeconds && { serverKeepAlive: keepAliveSeconds }),
  };
}
