import type { Grant } from '../../domain/access.ts';
import { maySubscribe, refusalReason } from '../../domain/access.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { checkTopicFilter, isSharedSubscription, splitLevels } from '../../domain/topic-filter.ts';
import type { Connection } from '../connection.ts';
import { refuseFanout } from '../limits/low-fanout.ts';
import { encodeControlPacket, encodeExplained } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import type { ProtocolVersion } from '../packets/packet-type.ts';
import type { SubscriptionRequest } from '../packets/subscribe-decoder.ts';
import { decodeSubscribe } from '../packets/subscribe-decoder.ts';
import { HeldSubscription } from '../session/subscription.ts';
import type { BatchNumber } from '../store/session-store.ts';
import { NO_BATCH } from '../store/session-store.ts';
import { latestBatch, sendAnswer } from './answer.ts';

/** The only failure that MQTT 3.1.1 knows in SUBACK [MQTT-3.9.3-2]. */
const FAILURE = 0x80;
/** Refused filters of one packet that are explained; it may hold 100,000 of them. */
const EXPLAINED_REFUSALS_MAX = 3;

interface Granted {
  readonly qos: 0 | 1;
  readonly batch: BatchNumber;
}

interface Refused {
  readonly filter: string;
  readonly code: ReasonCode;
  /** Worked out for those alone that are told to somebody. */
  readonly explain: () => string;
  /** For the log, where it is more than the client may know. */
  readonly cause?: string;
}

export function handleSubscribe(connection: Connection, frame: Frame): void {
  const { version, problemInformation, maximumPacketBytes } = connection.connected!;
  const decoded = decodeSubscribe(frame, version);
  if (!decoded.ok) {
    const { code, reason } = decoded.fault;
    connection.close({ code, reason: `SUBSCRIBE: ${reason}` });
    return;
  }
  const { packetIdentifier, hasSubscriptionIdentifier, requests } = decoded.value;
  if (hasSubscriptionIdentifier) {
    const reason = 'SUBSCRIBE: Subscription Identifiers are not supported';
    connection.close({ code: ReasonCode.SubscriptionIdentifiersNotSupported, reason });
    return;
  }
  // No more can be granted than a connection may have, so no more are looked at: a packet has room
  // for 100,000, which would keep everybody else waiting.
  const maximum = connection.core.limits.subscriptionsPerConnection;
  const outcomes = requests.map((request, index) =>
    index < maximum ? subscribe(connection, request) : tooMany(connection, request.filter),
  );
  const reasons = tellRefusals(connection, outcomes);
  const granted = outcomes.map((outcome) => codeOf(outcome, version));
  const suback = { cmd: 'suback', messageId: packetIdentifier, granted } as const;
  // One Reason String has to do for all filters: the first refusal's.
  const reason = problemInformation ? reasons[0] : undefined; // [MQTT-3.1.2-29]
  sendAnswer(
    connection,
    latestBatch(outcomes.map((outcome) => ('batch' in outcome ? outcome.batch : NO_BATCH))),
    version === 5
      ? encodeExplained(suback, reason, maximumPacketBytes)
      : encodeControlPacket(suback, 4),
  );
}

/** What is granted, or why the filter is refused. Other filters of the packet go on. */
function subscribe(connection: Connection, request: SubscriptionRequest): Granted | Refused {
  const { core, connected } = connection;
  const { session } = connected!;
  const { filter, noLocal } = request;
  const grant = judgeFilter(connection, filter);
  if ('explain' in grant) return grant;
  const qos = request.qos === 0 ? 0 : 1; // [MQTT-3.8.4-7]
  const known = session.subscriptions.get(filter);
  core.metrics.subscriptionsGranted++;
  if (known?.permitted === true) {
    // A client that is back asks for what it has: nobody's routes change for it.
    if (known.qos === qos && known.noLocal === noLocal) {
      return { qos, batch: session.subscribe(known) };
    }
    core.router.remove(known); // [MQTT-3.8.4-3]
  }
  const lowFanout = grant.subscriptionSupport === 'LowFanout';
  const subscription = new HeldSubscription(session, { filter, qos, noLocal, lowFanout });
  core.router.add(subscription);
  return { qos, batch: session.subscribe(subscription) };
}

/** By what the filter is granted, or why it is refused. */
function judgeFilter(connection: Connection, filter: string): Refused | Grant {
  const { core, connected } = connection;
  const { access } = connected!;
  if (!core.rates.admitsSubscribe()) {
    const limit = core.rates.describe('subscribesPerSecond');
    const explain = (): string => `${quote(filter)}: ${limit} is exceeded; try again later`;
    return { filter, code: ReasonCode.QuotaExceeded, explain };
  }
  if (isSharedSubscription(filter)) {
    const code = ReasonCode.SharedSubscriptionsNotSupported;
    return {
      filter,
      code,
      explain: () => `${quote(filter)}: shared subscriptions are not supported`,
    };
  }
  const fault = checkTopicFilter(filter, core.limits.topicBytes);
  if (fault !== undefined) {
    if (Buffer.byteLength(filter) > core.limits.topicBytes) core.metrics.exceededTopicBytes++;
    const explain = (): string => `${fault.message}; ${fault.remedy}`;
    return { filter, code: ReasonCode.TopicFilterInvalid, explain };
  }
  const grant = maySubscribe(access, filter);
  if (grant === undefined) {
    const explain = (): string => refusalReason(access, 'subscribe', filter);
    return { filter, code: ReasonCode.NotAuthorized, explain };
  }
  return refuseOneMore(connection, filter, grant) ?? grant;
}

/** A filter that the client has already is none more. */
function refuseOneMore(connection: Connection, filter: string, grant: Grant): Refused | undefined {
  const { core, session } = connection;
  const { subscriptions } = session!;
  if (subscriptions.get(filter)?.permitted === true) return undefined;
  const maximum = core.limits.subscriptionsPerConnection;
  if (subscriptions.size >= maximum && !subscriptions.has(filter)) {
    return tooMany(connection, filter);
  }
  if (grant.subscriptionSupport !== 'LowFanout') return undefined;
  const refusal = refuseFanout(core, session!, { filter, levels: splitLevels(filter) });
  if (refusal === undefined) return undefined;
  const { reason, cause } = refusal;
  return { filter, code: ReasonCode.QuotaExceeded, explain: () => reason, cause };
}

function tooMany({ core }: Connection, filter: string): Refused {
  core.metrics.exceededSubscriptionsPerConnection++;
  const maximum = core.limits.subscriptionsPerConnection;
  const explain = (): string =>
    `${quote(filter)}: a connection has at most ${maximum} subscriptions`;
  return { filter, code: ReasonCode.QuotaExceeded, explain };
}

/** Tells the log of all of them at once; answers the reasons that it worked out. */
function tellRefusals(
  { core, peer }: Connection,
  outcomes: readonly (Granted | Refused)[],
): string[] {
  const refused = outcomes.filter((outcome) => 'explain' in outcome);
  const [first] = refused;
  if (first === undefined) return [];
  core.metrics.subscriptionsRefused += refused.length;
  const explained = refused.slice(0, EXPLAINED_REFUSALS_MAX);
  const reasons = explained.map(({ explain }) => explain());
  const causes = explained.map(({ cause }, index) => cause ?? reasons[index]!);
  const topicFilters = refused.map(({ filter }) => filter);
  core.diagnostics.subscribeRefused(peer, { topicFilters, code: first.code, causes });
  return reasons;
}

function codeOf(outcome: Granted | Refused, version: ProtocolVersion): number {
  if ('qos' in outcome) return outcome.qos;
  return version === 5 ? outcome.code : FAILURE;
}
