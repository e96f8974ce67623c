/** How one EventSubscription fares with one broker: it becomes a status and metrics. */
export interface DeliveryStanding {
  /** `metadata.name` of the EventSubscription. */
  readonly name: string;
  /** Events that satisfied the filter. */
  readonly matched: number;
  readonly delivered: number;
  /** Attempts that did not succeed; one event may have several. */
  readonly failed: number;
  /** Events that the dead letter took. */
  readonly deadLettered: number;
  /** Events that were given up: no dead letter, the outbox at its bound, or best effort (QoS 0). */
  readonly dropped: number;
  /** Events that matched and are neither delivered nor given up yet. */
  readonly pending: number;
  /** Undefined: nothing says that the destination does not take events. */
  readonly fault?: DestinationFault;
}

export interface DestinationFault {
  readonly reason: 'DestinationUnreachable' | 'DestinationRefused';
  /** What was tried and what came of it, and what would mend it; it holds no secret. */
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}
