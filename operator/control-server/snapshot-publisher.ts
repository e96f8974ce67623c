import type { SnapshotVersion } from '../../control/messages.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

export interface Refusal {
  readonly version: SnapshotVersion;
  /** In the broker's words. */
  readonly message: string;
}

/** One broker pod that is connected. */
export interface BrokerStanding {
  readonly pod: string;
  /** The newest version that it runs; undefined: none of this leader's yet. */
  readonly runs: SnapshotVersion | undefined;
  /** Of the newest published version, where the broker would not take it. */
  readonly refused: Refusal | undefined;
  /** By EventSubscription, as the broker told it on this stream. */
  readonly deliveries: ReadonlyMap<string, DeliveryStanding>;
}

/** Tells brokers what to run, and what they answered. Keys are `namespace/name`. */
export interface SnapshotPublisher {
  /**
   * Makes `snapshot` what the brokers of the MqttNamespace run, and answers its version: the same
   * as before where nothing changed. `uid` is the MqttNamespace's: brokers of a namesake that was
   * deleted are told nothing.
   */
  publish(key: string, uid: string, snapshot: Snapshot): SnapshotVersion;
  /** The MqttNamespace is gone or not accepted: its brokers are told nothing more. */
  withdraw(key: string): void;
  standing(key: string): readonly BrokerStanding[];
}
