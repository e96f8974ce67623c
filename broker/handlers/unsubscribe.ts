import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Connection } from '../connection.ts';
import { encodeControlPacket, parseControlPacket } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';

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
  const granted = packet.unsubscriptions.map((filter) => unsubscribe(connection, filter));
  const unsuback = { cmd: 'unsuback', messageId: packet.messageId } as const;
  // MQTT 3.1.1 has no codes here, and mqtt-packet writes none for it [MQTT-3.10.4-4].
  connection.send(encodeControlPacket({ ...unsuback, granted }, version));
}

/** Exactly this filter, whether or not the client may still use it [MQTT-3.10.4-1]. */
function unsubscribe({ core, connected }: Connection, filter: string): ReasonCode {
  const { subscriptions } = connected!.session;
  const subscription = subscriptions.get(filter);
  if (subscription === undefined) return ReasonCode.NoSubscriptionExisted;
  subscriptions.delete(filter);
  if (subscription.permitted) core.router.remove(subscription);
  return ReasonCode.Success;
}
