/** What the runner and the broker processes that it starts say to each other. */

import type { Limits } from '../../../domain/limits.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';

/** What mqttgrid's own broker is told beyond its clients: where events go. */
export interface Route {
  readonly subscription: SnapshotEventSubscription;
  readonly limits?: Partial<Limits>;
}

export interface ToBroker {
  /** `collect`: to begin with an empty heap, with --expose-gc only. */
  readonly type: 'ask' | 'profile' | 'collect';
}

/** What a broker knows of itself and nobody sees from outside. */
export interface Insight {
  readonly commits: number;
  readonly publishesReceived: number;
  readonly messagesDelivered: number;
  /** Anything but 0 makes a measurement worthless: the load waits for its messages. */
  readonly messagesDropped: number;
  /** Bytes on the JavaScript heap, and in buffers outside of it. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
  /** Of the one EventSubscription, where there is one. */
  readonly events: EventsInsight | undefined;
  /** Counted with --expose-gc only: what was collected is not in the bytes any more. */
  readonly garbageCollections: number;
}

export interface EventsInsight {
  readonly matched: number;
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly pending: number;
}

export type FromBroker =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'insight'; readonly insight: Insight }
  | { readonly type: 'profile'; readonly profile: string };

export function tell(message: FromBroker): void {
  process.send?.(message);
}

/** The broker listens; from now on its end is the runner's to decide. */
export function tellReady(port: number): void {
  process.on('disconnect', () => process.exit());
  tell({ type: 'ready', port });
}
