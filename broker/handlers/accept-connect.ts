import type { X509Certificate } from 'node:crypto';
import type { IConnackPacket } from 'mqtt-packet';
import type { ClientAccess } from '../../domain/access.ts';
import { KEEP_ALIVE_SECONDS_MAX, SESSION_EXPIRY_SECONDS } from '../../domain/limits.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { encodeControlPacket } from '../packets/control-packets.ts';
import { protocolName } from '../packets/packet-type.ts';
import type { ConnectAttempt } from './connect.ts';

/** A client that says nothing takes as many as packet identifiers can number [MQTT-3.1.2.11.3]. */
const RECEIVE_MAXIMUM_DEFAULT = 65535;

/** The client is who it says: it takes over its session, and is told what the server allows. */
export function acceptConnect(
  attempt: ConnectAttempt,
  access: ClientAccess,
  chain: readonly X509Certificate[],
): void {
  const { connection, version, packet } = attempt;
  const { core } = connection;
  const properties = packet.properties ?? {};
  takeOver(connection, packet.clientId);
  const expirySeconds = sessionExpirySeconds(attempt);
  const { session, present, batch } = core.sessions.open(packet.clientId, {
    cleanStart: packet.clean === true,
    outlivesConnection: expirySeconds > 0,
  });
  connection.become({
    version,
    session,
    access,
    chain,
    keepAliveMs: 1000 * serverKeepAliveSeconds(attempt),
    sessionExpirySeconds: expirySeconds,
    receiveMaximum: properties.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT,
    maximumPacketBytes: properties.maximumPacketSize ?? Infinity,
    problemInformation: properties.requestProblemInformation !== false,
  });
  core.metrics.connectionsOpened++;
  core.logger.info(
    {
      client: session.client,
      protocol: protocolName(version),
      operation: 'connect',
      sessionPresent: present,
      resumed: connection.socket.isSessionReused(),
      remoteAddress: connection.socket.remoteAddress,
    },
    'connected',
  );
  connection.sendAfter(batch, encodeConnack(attempt, present));
  session.attach(connection);
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
function serverKeepAliveSeconds({ packet }: ConnectAttempt): number {
  const requested = packet.keepalive ?? 0;
  return requested === 0 ? KEEP_ALIVE_SECONDS_MAX : Math.min(requested, KEEP_ALIVE_SECONDS_MAX);
}

/** "The server will override any Session Expiry Interval value [...] (other than 0)". */
function sessionExpirySeconds({ version, packet }: ConnectAttempt): number {
  if (version === 4) return packet.clean === true ? 0 : SESSION_EXPIRY_SECONDS;
  return (packet.properties?.sessionExpiryInterval ?? 0) === 0 ? 0 : SESSION_EXPIRY_SECONDS;
}

function encodeConnack(attempt: ConnectAttempt, sessionPresent: boolean): Buffer {
  if (attempt.version === 4) {
    return encodeControlPacket({ cmd: 'connack', sessionPresent, returnCode: 0 }, 4);
  }
  const properties = connackProperties(attempt);
  return encodeControlPacket({ cmd: 'connack', sessionPresent, reasonCode: 0, properties }, 5);
}

function connackProperties(attempt: ConnectAttempt): NonNullable<IConnackPacket['properties']> {
  const { limits } = attempt.connection.core;
  const expirySeconds = sessionExpirySeconds(attempt);
  const keepAliveSeconds = serverKeepAliveSeconds(attempt);
  return {
    maximumQoS: 1,
    retainAvailable: false,
    maximumPacketSize: limits.messageBytes,
    topicAliasMaximum: limits.topicAliases,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    ...(expirySeconds !== 0 && { sessionExpiryInterval: expirySeconds }),
    ...(keepAliveSeconds !== attempt.packet.keepalive && { serverKeepAlive: keepAliveSeconds }),
  };
}
