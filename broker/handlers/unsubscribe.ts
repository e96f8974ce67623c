import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { encodeControlPacket, encodeExplained } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { decodeUnsubscribe } from '../packets/subscribe-decoder.ts';
import type { BatchNumber } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';
import { latestBatch, sendAnswer } from './answer.ts';

interface Unsubscribed {
  readonly code: ReasonCode;
  readonly batch: BatchNumber;
}

export function handleUnsubscribe(connection: Connection, frame: Frame): void {
  const { version, maximumPacketBytes } = connection.connected!;
  const decoded = decodeUnsubscribe(frame, version);
  if (!decoded.ok) {
    const { code, reason } = decoded.fault;
    connection.close({ code, reason: `UNSUBSCRIBE: ${reason}` });
    return;
  }
  const { packetIdentifier, filters } = decoded.value;
  const outcomes = filters.map((filter) => unsubscribe(connection, filter));
  const granted = outcomes.map(({ code }) => code);
  const unsuback = { cmd: 'unsuback', messageId: packetIdentifier, granted } as const;
  sendAnswer(
    connection,
    latestBatch(outcomes.map(({ batch }) => batch)),
    version === 5
      ? encodeExplained(unsuback, undefined, maximumPacketBytes)
      : encodeControlPacket(unsuback, 4), // Without codes, which MQTT 3.1.1 does not know here.
  );
}

/** Exactly this filter, whether or not the client may still use it [MQTT-3.10.4-1]. */
function unsubscribe({ core, connected }: Connection, filter: string): Unsubscribed {
  const { session } = connected!;
  const subscription = session.subscriptions.get(filter);
  if (subscription === undefined)
    return { code: ReasonCode.NoSubscriptionExisted, batch: NO_BATCH };
  if (subscription.permitted) core.router.remove(subscription);
  return { code: ReasonCode.Success, batch: session.unsubscribe(filter) };
}
