import type { Connection } from '../connection.ts';
import { findAuthFault } from '../packets/answer-decoder.ts';
import { PINGRESP } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { malformed, protocolError } from '../packets/packet-fault.ts';
import { hasValidFlags, packetName, PacketType } from '../packets/packet-type.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePuback } from './puback.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

/** The one switch: a packet goes to the handler that is named after it. */
export function handlePacket(connection: Connection, frame: Frame): void {
  const firstByte = frame.bytes[frame.start]!;
  const type = firstByte >> 4;
  if (connection.connected === undefined) {
    handleConnect(connection, frame);
    return;
  }
  if (type === PacketType.PUBLISH) {
    handlePublish(connection, frame);
    return;
  }
  if (!hasValidFlags(firstByte)) {
    // [MQTT-2.1.3-1], in MQTT 3.1.1 [MQTT-2.2.2-2]
    connection.close(malformed(`${packetName(type)}: reserved flags of its first byte are wrong`));
    return;
  }
  switch (type) {
    case PacketType.PUBACK:
      return handlePuback(connection, frame);
    case PacketType.PINGREQ:
      return handlePingreq(connection, frame);
    case PacketType.SUBSCRIBE:
      return handleSubscribe(connection, frame);
    case PacketType.UNSUBSCRIBE:
      return handleUnsubscribe(connection, frame);
    case PacketType.DISCONNECT:
      return handleDisconnect(connection, frame);
    case PacketType.AUTH:
      return refuseAuth(connection, frame);
    default:
      return refusePacket(connection, type);
  }
}

function handlePingreq(connection: Connection, frame: Frame): void {
  if (frame.end === frame.body)
    connection.send(PINGRESP); // [MQTT-3.12.4-1]
  else connection.close(malformed('PINGREQ: it holds bytes, and never does'));
}

/** Nobody gets here who named an Authentication Method in CONNECT [MQTT-4.12.0-7]. */
function refuseAuth(connection: Connection, frame: Frame): void {
  const { version } = connection.connected!;
  if (version === 4) {
    connection.close(malformed('AUTH: MQTT 3.1.1 knows no such packet'));
    return;
  }
  const fault = findAuthFault(frame);
  if (fault === undefined) {
    connection.close(protocolError('AUTH: CONNECT named no Authentication Method'));
  } else {
    connection.close({ ...fault, reason: `AUTH: ${fault.reason}` });
  }
}

/** A second CONNECT [MQTT-3.1.0-2], what only servers send, and what belongs to QoS 2. */
function refusePacket(connection: Connection, type: number): void {
  const reason = `${packetName(type)} is not expected from a connected client`;
  connection.close(type === 0 ? malformed(reason) : protocolError(reason));
}
