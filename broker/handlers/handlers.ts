import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { PINGRESP } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { PacketType } from '../packets/packet-type.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePuback } from './puback.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

/** The one switch: a packet goes to the handler that is named after it. */
export function handlePacket(connection: Connection, frame: Frame): void {
  const type = frame.bytes[frame.start]! >> 4;
  if (connection.connected === undefined) {
    handleConnect(connection, frame);
    return;
  }
  switch (type) {
    case PacketType.PUBLISH:
      return handlePublish(connection, frame);
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
    default:
      return refusePacket(connection, type);
  }
}

function handlePingreq(connection: Connection, frame: Frame): void {
  if (frame.end === frame.body && frame.bytes[frame.start] === PacketType.PINGREQ << 4) {
    connection.send(PINGRESP); // [MQTT-3.12.4-1]
  } else {
    connection.close({ code: ReasonCode.MalformedPacket, reason: 'PINGREQ holds nothing' });
  }
}

const NAMES = new Map<number, string>(
  Object.entries(PacketType).map(([name, type]) => [type, name]),
);

/** A second CONNECT [MQTT-3.1.0-2], what only servers send, QoS 2, AUTH without a method. */
function refusePacket(connection: Connection, type: number): void {
  const name = NAMES.get(type) ?? 'the reserved packet type 0';
  connection.close({
    code: type === 0 ? ReasonCode.MalformedPacket : ReasonCode.ProtocolError,
    reason: `${name} is not expected from a connected client`,
  });
}
