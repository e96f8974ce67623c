/**
 * What a broker and the thread that delivers its events say to each other. Messages are packed as
 * in `message-pack.ts`, so that they cross in one piece without being copied.
 */
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';
import type { SecretsSource } from './secrets.ts';

export interface EventsThreadData {
  /** Undefined: there are none. */
  readonly secrets?: SecretsSource;
  /** Part of every event's id, random, and the same for as long as message numbers go on. */
  readonly storeId: number;
}

export interface ConfiguredSubscription {
  readonly subscription: SnapshotEventSubscription;
  /** Messages up to this number are done; it matters where the thread does not know it yet. */
  readonly doneUpTo: number;
  /** What it counted before, likewise. */
  readonly counts: DeliveryCounts;
}

export type DeliveryCounts = Pick<
  DeliveryStanding,
  'matched' | 'delivered' | 'failed' | 'deadLettered' | 'dropped'
>;

export type ToEvents =
  /** All there are from now on; others are forgotten. */
  | {
      readonly type: 'configure';
      /** The events' source: the MqttNamespace's name. */
      readonly source: string;
      readonly subscriptions: readonly ConfiguredSubscription[];
      /**
       * The last number that was given to a message by now. What the thread does not hold of the
       * messages up to it is in the outbox, or gone.
       */
      readonly acceptedUpTo: number;
    }
  /**
   * Messages that were just accepted, in their order; maybe none. The thread answers `taken`.
   *
   * `skippedUpTo`: what it was not given of the messages up to this number is in the outbox, or
   * gone: there were too many that it had not taken. All above it are here.
   */
  | {
      readonly type: 'messages';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly skippedUpTo: number;
    }
  /**
   * What was read of the outbox: messages with numbers above the one that was asked for, in their
   * order. `upTo`: those that were accepted by then and are not here are QoS 0, or gone.
   */
  | {
      readonly type: 'page';
      readonly name: string;
      /** As asked: an answer may be to one who is not there any more. */
      readonly after: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly upTo: number;
    }
  /**
   * The outbox is at its bound: what has numbers up to this one and is not done is given up.
   * `messages`: so many of them waited; numbers are given to others too, or to none.
   */
  | { readonly type: 'giveUp'; readonly upTo: number; readonly messages: number }
  | { readonly type: 'close' };

export interface SubscriptionProgress {
  /** All messages up to this number were delivered, given up, or did not match. */
  readonly doneUpTo: number;
  readonly standing: DeliveryStanding;
}

export type FromEvents =
  /** So many bytes of `messages` wait for the thread no more; told for each of them, at once. */
  | { readonly type: 'taken'; readonly bytes: number }
  /** Of those that changed; at most a few times a second. */
  | {
      readonly type: 'progress';
      /** What was given up up to this number is counted in it. */
      readonly givenUpTo: number;
      readonly subscriptions: readonly SubscriptionProgress[];
    }
  /**
   * A subscription needs what is above `after`, and the thread does not hold it any more. There is
   * an answer to each, unless the subscription is gone by then.
   */
  | { readonly type: 'read'; readonly name: string; readonly after: number }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly type: 'closed' };
