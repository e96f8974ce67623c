import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import type { Ending } from '../ending.ts';
import { notAuthentic } from '../live-change.ts';

/**
 * How long a client may take none of what waits for it while that is at its bound. A client that
 * reads at all takes a packet in this time, be its network as slow as 150 kbit/s.
 */
const SLOW_CONSUMER_TIMEOUT_MS = 30000;

/** Why it is time to end the connection of a client, or undefined. */
export function findTimeOut(connection: Connection, nowMs: number): Ending | undefined {
  const { keepAliveMs, certificate } = connection.connected!;
  if (nowMs - connection.progressAtMs(nowMs) > SLOW_CONSUMER_TIMEOUT_MS) {
    connection.core.metrics.slowConsumersEnded++;
    const reason =
      `the client took nothing of what waits for it for ${SLOW_CONSUMER_TIMEOUT_MS / 1000} ` +
      'seconds, and no more of it is kept';
    return { code: ReasonCode.QuotaExceeded, reason };
  }
  if (connection.listening && nowMs - connection.lastReceivedAtMs > 1.5 * keepAliveMs) {
    // One and a half times the keep alive [MQTT-3.1.2-22].
    const reason = `nothing received for 1.5 times ${keepAliveMs / 1000} seconds`;
    return { code: ReasonCode.KeepAliveTimeout, reason };
  }
  if (nowMs > certificate.facts.validity.toMs) {
    return notAuthentic('the certificate of this Client expired');
  }
  return undefined;
}
