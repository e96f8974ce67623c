/** An event on its way out. */
export interface OutboundEvent {
  readonly id: string;
  /** The CloudEvent's; where it has none, its MQTT topic. Events of one topic keep their order. */
  readonly subject: string;
  /** The MQTT topic. */
  readonly topic: string;
  /** The CloudEvent in the JSON event format, in UTF-8, on one line. */
  readonly json: Buffer;
}

export type Outcome =
  | { readonly type: 'Delivered' }
  /** It may succeed later. */
  | {
      readonly type: 'Failed';
      /** `Destination`: any other event would have failed likewise, so none is tried soon. */
      readonly scope: 'Destination' | 'Event';
      /**
       * `Unreachable`: nobody answered; `Refused`: somebody did, and did not take it, or a Secret
       * is missing without which nobody would.
       */
      readonly fault: 'Unreachable' | 'Refused';
      /** What was tried and what came of it, for people; it holds no secret. */
      readonly cause: string;
      /** The destination asks for this much time. */
      readonly retryAfterMs?: number;
    }
  /** The destination will never take it: not tried again. */
  | { readonly type: 'Rejected'; readonly cause: string };

/** Where events go. It keeps nothing between calls but connections. */
export interface Destination {
  /** How much one call takes at most; a single event that is larger comes alone. */
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  /** Calls at a time. Events of one MQTT topic are never in two of them. */
  readonly concurrency: number;
  /**
   * One outcome for all of the events, which are in their order. Never rejects, and takes a
   * bounded time; `signal` ends it early.
   */
  deliver(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome>;
  close(): Promise<void>;
}
