import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { encodeControlPacket, parseControlPacket } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import type { BatchNumber } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';

interface Unsubscribed {
  readonly code: ReasonCode;
  readonly batch: BatchNumber;
}

export function handleUnsubscribe(connection: Connection, frame: Frame): void {
  const { version } = connection.connected!;
  const parsed = parseControlPacket(frame, version);
  if (!parsed.ok) {
    connection.close(parsed.fault);
    return;
  }
  const packet = parsed.value;
  if (packet.cmd !== 'unsubscribe' || !packet.messageId || packet.unsubscriptions.length === 0) {
    const reason = 'UNSUBSCRIBE needs a packet identifier and a topic filter';
    connection.close({ code: ReasonCode.ProtocolError, reason });
    return;
  }
  const outcomes = packet.unsubscriptions.map((filter) => unsubscribe(connection, filter));
  const granted = outcomes.map(({ code }) => code);
  const batch = Math.max(...outcomes.map((outcome) => outcome.batch));
  const unsuback = { cmd: 'unsuback', messageId: packet.messageId } as const;
  // MQTT 3.1.1 has no codes here, and mqtt-packet writes none for it [MQTT-3.10.4-4].
  connection.sendAfter(batch, encodeControlPacket({ ...unsuback, granted }, version));
}

/** Exactly this filter, whether or not the client may still use it [MQTT-3.10.4-1]. */
function unsubscribe({ core, connected }: Connection, filter: string): Unsubscribed {
  const { session } = connected!;
  const subscription = session.subscriptions.get(filter);
  if (subscription === undefined) return { code: ReasonCode.NoSubscriptionExisted, batch: NO_BATCH };
  if (subscription.permitted) core.router.remove(subscription);
  return { code: ReasonCode.Success, batch: session.unsubscribe(filter) };
}
