import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import type { BatchNumber } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';

/**
 * Answers a client's packet once what it says is committed. `bytes` is undefined where the client's
 * Maximum Packet Size has no room for the answer: it would wait in vain, so its connection ends
 * [MQTT-3.1.2-24].
 */
export function sendAnswer(
  connection: Connection,
  batch: BatchNumber,
  bytes: Buffer | undefined,
): void {
  if (bytes !== undefined) {
    connection.sendAfter({ batch }, bytes);
    return;
  }
  const { maximumPacketBytes } = connection.connected!;
  const reason = `the answer does not fit the client's Maximum Packet Size, ${maximumPacketBytes}`;
  connection.close({ code: ReasonCode.PacketTooLarge, reason });
}

/** The one that is committed last. */
export function latestBatch(batches: readonly BatchNumber[]): BatchNumber {
  return batches.reduce((latest, batch) => Math.max(latest, batch), NO_BATCH);
}
