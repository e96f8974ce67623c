/**
 * What operator and brokers say to each other on the stream that a broker opens. One message is
 * one line of JSON. A snapshot travels in parts, so that no message is large and neither side ever
 * holds its text as a whole:
 *
 *     broker                                operator
 *     Hello  pod, what it runs     ->
 *                                  <-   NotLeader: ask another replica; or
 *                                  <-   TryLater: and why; or
 *                                  <-   Current: it runs the newest already; or
 *                                  <-   UpdateBegin, UpdatePart ..., UpdateEnd
 *     Acknowledge, or Refuse       ->
 *
 * and from then on the same for each new version, one at a time. Ping and Pong tell a dead peer
 * from a quiet one.
 *
 *     Deliveries                   ->
 *
 * say how EventSubscriptions fare. A broker says it once it has acknowledged a snapshot with a
 * route on this very stream, so that no operator from before there was routing ever gets it.
 */
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import { EVENT_SUBSCRIPTIONS_MAX, LIMIT_RULES } from '../domain/limits.ts';
import type { SnapshotChange } from '../domain/snapshot-changes.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/**
 * Orders snapshots of one MqttNamespace over all leaders: by epoch, then by counter. A broker goes
 * from a lower to a higher one, never back.
 */
export interface SnapshotVersion {
  /** How often the leadership changed hands (leaseTransitions of the Lease). */
  readonly epoch: number;
  /** Counts the versions of one leader. */
  readonly counter: number;
}

/** Negative: `left` is older. */
export function compareVersions(left: SnapshotVersion, right: SnapshotVersion): number {
  return left.epoch - right.epoch || left.counter - right.counter;
}

export function versionText({ epoch, counter }: SnapshotVersion): string {
  return `${epoch}.${counter}`;
}

/** A version, and what its content hashes to: equal hashes are equal snapshots. */
export interface SnapshotStamp {
  readonly version: SnapshotVersion;
  readonly hash: string;
}

/** A snapshot under its version. */
export interface StampedSnapshot {
  readonly stamp: SnapshotStamp;
  readonly snapshot: Snapshot;
}

export function isEqualStamp(left: SnapshotStamp, right: SnapshotStamp): boolean {
  return left.hash === right.hash && compareVersions(left.version, right.version) === 0;
}

/** Raised whenever a message changes its meaning; peers that differ do not talk. */
export const PROTOCOL_VERSION = 1;

/** A Lease counts in 32 bits, one of them for the sign (leaseTransitions). */
export const EPOCH_MAX = 2 ** 31 - 1;
/** A version a microsecond for three centuries. */
export const COUNTER_MAX = Number.MAX_SAFE_INTEGER;
/** Characters of a hash: SHA-256 in base64url. */
export const HASH_LENGTH = 43;
/** Characters of a pod's name: a DNS subdomain (RFC 1123). */
export const POD_NAME_LENGTH_MAX = 253;
/** What a Date can hold (ECMAScript, 21.4.1.1): later times cannot be printed. */
export const TIME_MS_MAX = 8.64e15;
/** Characters of what one side tells the other in words; it ends up in a condition's message. */
export const REASON_LENGTH_MAX = 1024;

/**
 * Bytes of a line from an operator. A part holds `PART_BYTES` and at most one change more. The
 * largest is a topic space of 100 templates of 1 KiB, of which JSON makes six times as much at
 * worst: 600 KiB. An EventSubscription has 370 KiB at most, with all that its filter and two lists
 * of Kafka brokers may hold.
 */
export const OPERATOR_LINE_BYTES_MAX = 1024 * 1024;
/**
 * Bytes of a line from a broker: the longest are Deliveries, which hold `DELIVERIES_BYTES` and at
 * most one standing more, of which a fault's message of 1 KiB in JSON is the most.
 */
export const BROKER_LINE_BYTES_MAX = 16 * 1024;
/** What Deliveries are filled up to. */
export const DELIVERIES_BYTES = 8 * 1024;
/** What a part is filled up to: there are few then, and none holds up anything for long. */
export const PART_BYTES = 64 * 1024;
/** Changes in one update: all that a MqttNamespace may hold at most, taken out and put in. */
export const UPDATE_CHANGES_MAX =
  2 *
  (LIMIT_RULES.clients.ceiling +
    LIMIT_RULES.caCertificates.ceiling +
    LIMIT_RULES.clientGroups.ceiling +
    LIMIT_RULES.topicSpaces.ceiling +
    LIMIT_RULES.permissionBindings.ceiling +
    EVENT_SUBSCRIPTIONS_MAX +
    1);

export type BrokerMessage =
  | {
      readonly type: 'Hello';
      readonly protocol: number;
      /** The pod's name. */
      readonly pod: string;
      /** What it runs, from its disk or from the connection before. */
      readonly runs?: SnapshotStamp;
      /** It wants no changes but all of it, since the last changes did not add up. */
      readonly whole?: boolean;
    }
  | { readonly type: 'Acknowledge'; readonly stamp: SnapshotStamp }
  | { readonly type: 'Refuse'; readonly version: SnapshotVersion; readonly message: string }
  /** Of those that changed since they were told last, or for the first time on this stream. */
  | { readonly type: 'Deliveries'; readonly standings: readonly DeliveryStanding[] }
  | { readonly type: 'Pong' };

export type OperatorMessage =
  | { readonly type: 'NotLeader' }
  /** There is nothing for this broker now; the operator closes. */
  | { readonly type: 'TryLater'; readonly reason: string }
  /** The broker's content is the newest; it runs it under this version from now on. */
  | { readonly type: 'Current'; readonly stamp: SnapshotStamp }
  | {
      readonly type: 'UpdateBegin';
      /** What the changes are based on; absent: on nothing, they are the whole snapshot. */
      readonly base?: SnapshotStamp;
      readonly stamp: SnapshotStamp;
    }
  | { readonly type: 'UpdatePart'; readonly changes: readonly SnapshotChange[] }
  | { readonly type: 'UpdateEnd' }
  | { readonly type: 'Ping' };

/** In as many messages as they need. */
export function* deliveriesMessages(
  standings: readonly DeliveryStanding[],
): Generator<BrokerMessage, void, undefined> {
  let part: DeliveryStanding[] = [];
  let partBytes = 0;
  for (const standing of standings) {
    const sent = withShortFault(standing);
    part.push(sent);
    partBytes += Buffer.byteLength(JSON.stringify(sent));
    if (partBytes < DELIVERIES_BYTES) continue;
    yield { type: 'Deliveries', standings: part };
    part = [];
    partBytes = 0;
  }
  if (part.length > 0) yield { type: 'Deliveries', standings: part };
}

function withShortFault(standing: DeliveryStanding): DeliveryStanding {
  const { fault } = standing;
  if (fault === undefined || fault.message.length <= REASON_LENGTH_MAX) return standing;
  const message = `${fault.message.slice(0, REASON_LENGTH_MAX - 1).toWellFormed()}…`;
  return { ...standing, fault: { ...fault, message } };
}

/** An update in its messages, each made when it is asked for. */
export function* updateMessages(
  base: SnapshotStamp | undefined,
  stamp: SnapshotStamp,
  changes: Iterable<SnapshotChange>,
): Generator<OperatorMessage, void, undefined> {
  yield base === undefined ? { type: 'UpdateBegin', stamp } : { type: 'UpdateBegin', base, stamp };
  let part: SnapshotChange[] = [];
  let partBytes = 0;
  for (const change of changes) {
    part.push(change);
    partBytes += Buffer.byteLength(JSON.stringify(change));
    if (partBytes < PART_BYTES) continue;
    yield { type: 'UpdatePart', changes: part };
    part = [];
    partBytes = 0;
  }
  if (part.length > 0) yield { type: 'UpdatePart', changes: part };
  yield { type: 'UpdateEnd' };
}
