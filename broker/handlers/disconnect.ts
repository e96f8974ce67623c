import { SESSION_EXPIRY_SECONDS } from '../../domain/limits.ts';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { parseControlPacket } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';

export function handleDisconnect(connection: Connection, frame: Frame): void {
  const { version, sessionExpirySeconds } = connection.connected!;
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
  const expirySeconds = parsed.value.properties?.sessionExpiryInterval;
  if (expirySeconds !== undefined && expirySeconds !== 0 && sessionExpirySeconds === 0) {
    // [MQTT-3.14.2-2]
    const reason = 'a session that was to end with its connection cannot be kept on DISCONNECT';
    connection.close({ code: ReasonCode.ProtocolError, reason });
    return;
  }
  if (expirySeconds !== undefined) {
    connection.sessionExpirySeconds = expirySeconds === 0 ? 0 : SESSION_EXPIRY_SECONDS;
  }
  leave(connection, parsed.value.reasonCode ?? ReasonCode.Success);
}

function leave(connection: Connection, code: number): void {
  const reason = `the client sent DISCONNECT ${describeReasonCode(code)}`;
  connection.finish({ code: ReasonCode.Success, reason });
}
