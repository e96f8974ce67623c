import { SESSION_EXPIRY_SECONDS } from '../../domain/limits.ts';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { decodeDisconnect } from '../packets/answer-decoder.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { protocolError } from '../packets/packet-fault.ts';

export function handleDisconnect(connection: Connection, frame: Frame): void {
  const decoded = decodeDisconnect(frame, connection.connected!.version);
  if (!decoded.ok) {
    const { code, reason } = decoded.fault;
    connection.close({ code, reason: `DISCONNECT: ${reason}` });
    return;
  }
  const { code, sessionExpirySeconds } = decoded.value;
  if (!changeExpiry(connection, sessionExpirySeconds)) return;
  leave(connection, code);
}

/** False: it was refused, and the connection is closed; MQTT 5, section 3.14.2.2.2. */
function changeExpiry(connection: Connection, expirySeconds: number | undefined): boolean {
  if (expirySeconds === undefined) return true;
  if (expirySeconds !== 0 && connection.connected!.sessionExpirySeconds === 0) {
    const reason = 'a session that was to end with its connection cannot be kept on DISCONNECT';
    connection.close(protocolError(reason));
    return false;
  }
  connection.sessionExpirySeconds = expirySeconds === 0 ? 0 : SESSION_EXPIRY_SECONDS;
  return true;
}

function leave(connection: Connection, code: number): void {
  const reason = `the client sent DISCONNECT ${describeReasonCode(code)}`;
  connection.finish({
    code: ReasonCode.Success,
    reason,
    disconnection: 'ClientInitiatedDisconnect',
  });
}
