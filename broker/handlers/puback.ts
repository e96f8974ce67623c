import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { decodePuback } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';

/** Codes from here on say that the client did not take the message [MQTT-4.13]. */
const ERROR_CODE_MIN = 0x80;

export function handlePuback(connection: Connection, frame: Frame): void {
  const { version, session } = connection.connected!;
  const puback = decodePuback(frame, version);
  if (puback === undefined) {
    connection.close({ code: ReasonCode.MalformedPacket, reason: 'PUBACK is malformed' });
    return;
  }
  // One that fits nothing in flight may be late: its message was taken back in the meantime.
  session.acknowledge(puback.packetIdentifier);
  if (puback.code >= ERROR_CODE_MIN) {
    // "PUBACK from a client with non-success response code, the connection will be terminated"
    const reason = `PUBACK with the error code ${describeReasonCode(puback.code)}`;
    connection.close({ code: ReasonCode.UnspecifiedError, reason });
  }
}
