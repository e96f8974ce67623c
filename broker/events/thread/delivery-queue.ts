/**
 * Events on their way to one destination: who goes when, and what becomes of those that do not get
 * through. While the destination takes nothing, one call at a time finds out when it does again.
 */
import type { DestinationFault } from '../../../domain/delivery-standing.ts';
import type { Clock } from '../../clock.ts';
import { after } from '../../clock.ts';
import type { Destination, Outcome } from '../destinations/destination.ts';
import { backoffMs, DESTINATION_BACKOFF, EVENT_BACKOFF, RETRY_AFTER_MS_MAX } from './backoff.ts';
import { Lanes, type Entry, type QueuedEvent } from './lanes.ts';

export type GiveUpReason = 'Rejected' | 'MaxDeliveryAttemptsExceeded' | 'TimeToLiveExceeded';

/** Why an event is not tried any more. */
export interface GivenUp {
  readonly reason: GiveUpReason;
  readonly attempts: number;
  /** What came of the last attempt; empty: there was none. */
  readonly cause: string;
  readonly lastAttemptAtMs: number | undefined;
}

export interface DeliveryPolicy {
  readonly maxAttempts: number;
  /** From when the broker received the message. */
  readonly timeToLiveMs: number;
}

export interface DeliveryQueueOptions {
  readonly destination: Destination;
  readonly policy: DeliveryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onDelivered: (event: QueuedEvent) => void;
  /** An attempt did not succeed; the event is tried again, or given up. */
  readonly onFailed: (event: QueuedEvent) => void;
  readonly onGivenUp: (event: QueuedEvent, why: GivenUp) => void;
  readonly onFault: (fault: DestinationFault | undefined) => void;
}

/** How often is looked for events whose time is over. */
const SWEEP_INTERVAL_MS = 1000;

/**
 * So many calls in a row that failed for what was in them are taken for the destination's fault:
 * one that answers 500 to everything is not called with everything.
 */
const FAILURES_TILL_FAULT = 8;

export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #lanes = new Lanes();
  readonly #closing = new AbortController();
  readonly #calls = new Set<Promise<void>>();
  readonly #stopSweeping: () => void;
  #fault: DestinationFault | undefined;
  /** Calls in a row that failed. */
  #failures = 0;
  /** No call before that time: the destination's own fault. */
  #notBeforeMs = 0;
  /** How often calls were stopped: those that had begun before fail for the same cause. */
  #stops = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#stopSweeping = options.clock.every(SWEEP_INTERVAL_MS, () => this.#sweep());
  }

  get fault(): DestinationFault | undefined {
    return this.#fault;
  }

  push(event: QueuedEvent): void {
    this.#lanes.push({
      event,
      attempts: 0,
      alone: false,
      lastAttemptAtMs: undefined,
      lastCause: '',
    });
  }

  /** Starts as many calls as there may be. */
  pump(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelTimer();
    const { destination, clock } = this.#options;
    const nowMs = clock.nowMs();
    const callsMax = this.#fault === undefined ? destination.concurrency : 1;
    const bounds = { events: destination.batchEventsMax, bytes: destination.batchBytesMax };
    while (this.#calls.size < callsMax && nowMs >= this.#notBeforeMs) {
      const entries = this.#lanes.take(bounds, nowMs);
      if (entries.length === 0) break;
      this.#call(entries);
    }
    if (this.#calls.size < callsMax) this.#wakeUpLater(nowMs);
  }

  /** What is on its way is cut off, and may have arrived. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelTimer();
    this.#stopSweeping();
    await Promise.all(this.#calls);
    await this.#options.destination.close();
  }

  #wakeUpLater(nowMs: number): void {
    const dueMs = Math.max(this.#lanes.nextMs(), this.#notBeforeMs);
    if (dueMs === Infinity) return;
    this.#cancelTimer = after(this.#options.clock, dueMs - nowMs, () => this.pump());
  }

  #call(entries: readonly Entry[]): void {
    const { destination } = this.#options;
    const events = entries.map(({ event }) => event);
    const stops = this.#stops;
    const call = destination.deliver(events, this.#closing.signal).then((outcome) => {
      this.#calls.delete(call);
      if (this.#closing.signal.aborted) return;
      this.#settle(entries, outcome, stops === this.#stops);
      this.#lanes.release(entries);
      this.pump();
    });
    this.#calls.add(call);
  }

  /** `isNews`: the call began after whatever the destination was last known to suffer from. */
  #settle(entries: readonly Entry[], outcome: Outcome, isNews: boolean): void {
    if (outcome.type === 'Delivered') return this.#delivered(entries);
    if (outcome.type === 'Rejected') return this.#rejected(entries, outcome.cause);
    if (isNews) this.#failures++;
    const isFault = outcome.scope === 'Destination' || this.#failures >= FAILURES_TILL_FAULT;
    if (isFault && isNews) this.#stop(outcome);
    this.#failed(entries, outcome, isFault);
  }

  #delivered(entries: readonly Entry[]): void {
    this.#failures = 0;
    this.#notBeforeMs = 0;
    if (this.#fault !== undefined) {
      this.#tellFault(undefined);
      this.#lanes.wakeUp();
    }
    for (const { event } of entries) this.#options.onDelivered(event);
  }

  /** Of several, it may be one that is not taken: each goes alone to find out. */
  #rejected(entries: readonly Entry[], cause: string): void {
    const [first] = entries;
    if (entries.length > 1) {
      for (const entry of entries) entry.alone = true;
      return this.#lanes.putBack(entries, 0, false);
    }
    this.#attempted(first!, cause);
    this.#giveUp(first!, 'Rejected');
  }

  /** Nothing is sent for a while, and then one call at a time. */
  #stop({ fault, cause, retryAfterMs }: Outcome & { type: 'Failed' }): void {
    const { clock, random } = this.#options;
    const nowMs = clock.nowMs();
    const waitMs = backoffMs(DESTINATION_BACKOFF, this.#failures, random);
    this.#notBeforeMs = nowMs + Math.max(waitMs, boundedMs(retryAfterMs));
    this.#stops++;
    const sinceMs = this.#fault?.sinceMs ?? nowMs;
    this.#tellFault({ reason: `Destination${fault}`, message: cause, sinceMs });
  }

  #failed(
    entries: readonly Entry[],
    { scope, cause, retryAfterMs }: Outcome & { type: 'Failed' },
    isFault: boolean,
  ): void {
    const { clock, random } = this.#options;
    for (const entry of entries) {
      this.#attempted(entry, cause);
      if (scope === 'Event' && entries.length > 1) entry.alone = true;
    }
    for (const entry of this.#giveUpLast(entries)) {
      const waitMs = backoffMs(EVENT_BACKOFF, entry.attempts, random);
      const notBeforeMs = clock.nowMs() + Math.max(waitMs, boundedMs(retryAfterMs));
      this.#lanes.putBack([entry], notBeforeMs, isFault);
    }
  }

  /** Gives up those that had their last attempt; answers the others, the youngest first. */
  #giveUpLast(entries: readonly Entry[]): Entry[] {
    const { maxAttempts } = this.#options.policy;
    const left: Entry[] = [];
    for (const entry of entries) {
      if (entry.attempts >= maxAttempts) this.#giveUp(entry, 'MaxDeliveryAttemptsExceeded');
      else left.unshift(entry);
    }
    return left;
  }

  #attempted(entry: Entry, cause: string): void {
    entry.attempts++;
    entry.lastAttemptAtMs = this.#options.clock.nowMs();
    entry.lastCause = cause;
    this.#options.onFailed(entry.event);
  }

  #giveUp({ event, attempts, lastCause, lastAttemptAtMs }: Entry, reason: GiveUpReason): void {
    this.#options.onGivenUp(event, { reason, attempts, cause: lastCause, lastAttemptAtMs });
  }

  #sweep(): void {
    if (this.#lanes.size === 0) return;
    const { clock, policy } = this.#options;
    const bornMs = clock.nowMs() - policy.timeToLiveMs;
    for (const entry of this.#lanes.remove(({ event }) => event.receivedAtMs < bornMs)) {
      this.#giveUp(entry, 'TimeToLiveExceeded');
    }
  }

  #tellFault(fault: DestinationFault | undefined): void {
    const before = this.#fault;
    this.#fault = fault;
    if (before?.reason === fault?.reason && before?.message === fault?.message) return;
    this.#options.onFault(fault);
  }
}

function boundedMs(retryAfterMs = 0): number {
  return Math.min(retryAfterMs, RETRY_AFTER_MS_MAX);
}
