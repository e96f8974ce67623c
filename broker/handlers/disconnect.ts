import { SESSION_EXPIRY_SECONDS } from '../../domain/limits.ts';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { parseControlPacket } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';

export function handleDisconnect(connection: Connection, frame: Frame): void {
  const { version } = connection.connected!;
  if (frame.end === frame.body) {
    leave(connection, ReasonCode.Success);
    return;
  }
  const parsed = parseControlPacket(frame, version);
  if (!parsed.ok || parsed.value.cmd !== 'disconnect') {
    const fault = { code: ReasonCode.MalformedPacket, reason: 'DISCONNECT is malformed' };
    connection.close(parsed.ok ? fault : parsed.fault);
    return;
  }
  const { reasonCode, properties } = parsed.value;
  if (!changeExpiry(connection, properties?.sessionExpiryInterval)) return;
  leave(connection, reasonCode ?? ReasonCode.Success);
}

/** False: it was refused, and the connection is closed [MQTT-3.14.2-2]. */
function changeExpiry(connection: Connection, expirySeconds: number | undefined): boolean {
  if (expirySeconds === undefined) return true;
  if (expirySeconds !== 0 && connection.connected!.sessionExpirySeconds === 0) {
    const reason = 'a session that was to end with its connection cannot be kept on DISCONNECT';
    connection.close({ code: ReasonCode.ProtocolError, reason });
    return false;
  }
  connection.sessionExpirySeconds = expirySeconds === 0 ? 0 : SESSION_EXPIRY_SECONDS;
  return true;
}

function leave(connection: Connection, code: number): void {
  const reason = `the client sent DISCONNECT ${describeReasonCode(code)}`;
  connection.finish({ code: ReasonCode.Success, reason });
}
