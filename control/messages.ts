/**
 * What operator and brokers say to each other on the stream that a broker opens. One message is
 * one line of JSON. A snapshot travels in parts, so that no message is large and neither side ever
 * holds its text as a whole:
 *
 *     broker                                operator
 *     Hello  pod, what it runs     ->
 *                                  <-   NotLeader: ask another replica; or
 *                                  <-   Current: it runs the newest already; or
 *                                  <-   UpdateBegin, UpdatePart ..., UpdateEnd
 *     Acknowledge, or Refuse       ->
 *
 * and from then on an update for each new version. Ping and Pong tell a dead peer from a quiet one.
 */
import type { SnapshotChange } from '../domain/snapshot-changes.ts';

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

/** A version, and what its content hashes to: equal hashes are equal snapshots. */
export interface SnapshotStamp {
  readonly version: SnapshotVersion;
  readonly hash: string;
}

/** Raised whenever a message changes its meaning; peers that differ do not talk. */
export const PROTOCOL_VERSION = 1;

export type BrokerMessage =
  | {
      readonly type: 'Hello';
      readonly protocol: number;
      /** The pod's name. */
      readonly pod: string;
      /** What it runs, from its disk or from the connection before. */
      readonly runs?: SnapshotStamp;
    }
  | { readonly type: 'Acknowledge'; readonly stamp: SnapshotStamp }
  | { readonly type: 'Refuse'; readonly version: SnapshotVersion; readonly message: string }
  | { readonly type: 'Pong' };

export type OperatorMessage =
  | { readonly type: 'NotLeader' }
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
