import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { decodePuback, readShortPuback } from '../packets/answer-decoder.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { protocolError } from '../packets/packet-fault.ts';

/** Codes from here on say that the client did not take the message [MQTT-4.4.0-2]. */
const ERROR_CODE_MIN = 0x80;

export function handlePuback(connection: Connection, frame: Frame): void {
  const short = readShortPuback(frame);
  if (short !== 0) {
    acknowledge(connection, short);
    return;
  }
  const decoded = decodePuback(frame, connection.connected!.version);
  if (!decoded.ok) {
    const { code, reason } = decoded.fault;
    connection.close({ code, reason: `PUBACK: ${reason}` });
    return;
  }
  const { packetIdentifier, code } = decoded.value;
  if (!acknowledge(connection, packetIdentifier) || code < ERROR_CODE_MIN) return;
  // "PUBACK from a client with non-success response code, the connection will be terminated"
  const reason = `PUBACK with the error code ${describeReasonCode(code)}`;
  connection.close({ code: ReasonCode.UnspecifiedError, reason });
}

/** False: nothing in flight has this identifier, and the connection is closed. */
function acknowledge(connection: Connection, packetIdentifier: number): boolean {
  if (connection.connected!.session.acknowledge(packetIdentifier)) return true;
  connection.close(protocolError(`PUBACK: no message ${packetIdentifier} is in flight`));
  return false;
}
