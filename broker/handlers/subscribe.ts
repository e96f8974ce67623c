import type { ISubscribePacket, ISubscription } from 'mqtt-packet';
import { maySubscribe, refusalReason } from '../../domain/access.ts';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { checkTopicFilter, isSharedSubscription, splitLevels } from '../../domain/topic-filter.ts';
import type { Connection, Ending } from '../connection.ts';
import {
  encodeControlPacket,
  isWellFormedText,
  parseControlPacket,
} from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { protocolName } from '../packets/packet-type.ts';
import type { BatchNumber } from '../store/session-store.ts';

/** The only failure that MQTT 3.1.1 knows in SUBACK [MQTT-3.9.3]. */
const FAILURE = 0x80;

export function handleSubscribe(connection: Connection, frame: Frame): void {
  const { version, problemInformation } = connection.connected!;
  const parsed = parseControlPacket(frame, version);
  if (!parsed.ok) {
    connection.close(parsed.fault);
    return;
  }
  const packet = parsed.value;
  const fault = packet.cmd === 'subscribe' ? refusePacket(packet) : undefined;
  if (packet.cmd !== 'subscribe' || fault !== undefined) {
    connection.close(fault ?? { code: ReasonCode.MalformedPacket, reason: 'not a SUBSCRIBE' });
    return;
  }
  const outcomes = packet.subscriptions.map((request) => subscribe(connection, request));
  const refused = outcomes.find((outcome) => 'reason' in outcome);
  const granted = outcomes.map((outcome) => codeOf(outcome, version === 5));
  const batch = Math.max(...outcomes.map((outcome) => ('batch' in outcome ? outcome.batch : 0)));
  const told = version === 5 && problemInformation && refused !== undefined;
  const properties = told ? { reasonString: refused.reason } : {};
  connection.sendAfter(
    batch,
    encodeControlPacket(
      { cmd: 'suback', messageId: packet.messageId ?? 0, granted, properties },
      version,
    ),
  );
}

function refusePacket(packet: ISubscribePacket): Ending | undefined {
  if (packet.messageId === 0) {
    return { code: ReasonCode.ProtocolError, reason: 'SUBSCRIBE has the packet identifier 0' };
  }
  if (packet.subscriptions.length === 0) {
    return { code: ReasonCode.ProtocolError, reason: 'SUBSCRIBE has no topic filter' };
  }
  if (packet.properties?.subscriptionIdentifier !== undefined) {
    const reason = 'Subscription Identifiers are not supported';
    return { code: ReasonCode.SubscriptionIdentifiersNotSupported, reason };
  }
  const illFormed = packet.subscriptions.some(({ topic }) => !isWellFormedText(topic));
  if (!illFormed) return undefined;
  const reason = 'a topic filter is not well-formed UTF-8 or contains U+0000';
  return { code: ReasonCode.MalformedPacket, reason };
}

interface Granted {
  readonly qos: 0 | 1;
  readonly batch: BatchNumber;
}

/** What is granted, or why the filter is refused. Other filters of the packet go on. */
function subscribe(connection: Connection, request: ISubscription): Granted | Ending {
  const { core, connected } = connection;
  const { session } = connected!;
  const refusal = refuseFilter(connection, request.topic);
  if (refusal !== undefined) {
    logRefusal(connection, request.topic, refusal);
    return refusal;
  }
  const replaced = session.subscriptions.get(request.topic);
  if (replaced?.permitted === true) core.router.remove(replaced); // [MQTT-3.8.4-3]
  const subscription = {
    session,
    filter: request.topic,
    levels: splitLevels(request.topic),
    qos: request.qos === 0 ? 0 : 1, // [MQTT-3.8.4-7]
    noLocal: request.nl === true,
    permitted: true,
  } as const;
  core.router.add(subscription);
  core.metrics.subscriptionsGranted++;
  return { qos: subscription.qos, batch: session.subscribe(subscription) };
}

function refuseFilter(connection: Connection, filter: string): Ending | undefined {
  const { core, connected } = connection;
  const { access, session } = connected!;
  if (isSharedSubscription(filter)) {
    const reason = `${quote(filter)}: shared subscriptions are not supported`;
    return { code: ReasonCode.SharedSubscriptionsNotSupported, reason };
  }
  const fault = checkTopicFilter(filter, core.limits.topicBytes);
  if (fault !== undefined) {
    return { code: ReasonCode.TopicFilterInvalid, reason: `${fault.message}; ${fault.remedy}` };
  }
  if (maySubscribe(access, filter) === undefined) {
    const reason = refusalReason(access, 'subscribe', filter);
    return { code: ReasonCode.NotAuthorized, reason };
  }
  const maximum = core.limits.subscriptionsPerConnection;
  if (session.subscriptions.size < maximum || session.subscriptions.has(filter)) return undefined;
  const reason = `${quote(filter)}: a connection has at most ${maximum} subscriptions`;
  return { code: ReasonCode.QuotaExceeded, reason };
}

function logRefusal(connection: Connection, filter: string, { code, reason }: Ending): void {
  const { core, connected } = connection;
  core.metrics.subscriptionsRefused++;
  core.logger.warn(
    {
      client: connected!.session.client,
      protocol: protocolName(connected!.version),
      operation: 'subscribe',
      topicFilter: quote(filter),
      reasonCode: describeReasonCode(code),
    },
    `SUBSCRIBE refused: ${reason}`,
  );
}

function codeOf(outcome: Granted | Ending, hasReasonCodes: boolean): number {
  if ('qos' in outcome) return outcome.qos;
  return hasReasonCodes ? outcome.code : FAILURE;
}
