/** A destination that answers what it is told to, when it is told to. */
import type {
  Destination,
  OutboundEvent,
  Outcome,
} from '../../broker/events/destinations/destination.ts';

export const DELIVERED: Outcome = { type: 'Delivered' };
export const UNREACHABLE: Outcome = {
  type: 'Failed',
  scope: 'Destination',
  fault: 'Unreachable',
  cause: 'nobody answers',
};
export const NOT_THIS_ONE: Outcome = {
  type: 'Failed',
  scope: 'Event',
  fault: 'Refused',
  cause: 'it answered 500',
};
export const REJECTED: Outcome = { type: 'Rejected', cause: 'it answered 400' };

export interface Call {
  readonly events: readonly OutboundEvent[];
  readonly ids: readonly string[];
  answer(outcome: Outcome): void;
}

export class ScriptedDestination implements Destination {
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly concurrency: number;
  /** Calls that wait for an answer, the oldest first. */
  readonly open: Call[] = [];
  /** Ids of what was delivered, in order. */
  readonly delivered: string[] = [];
  /** Every call that there was. */
  readonly calls: (readonly string[])[] = [];
  isClosed = false;
  readonly #onDelivered: (ids: readonly string[]) => void;

  constructor({ events = 1, bytes = 65536, concurrency = 1 } = {}, onDelivered = ignore) {
    this.#onDelivered = onDelivered;
    this.batchEventsMax = events;
    this.batchBytesMax = bytes;
    this.concurrency = concurrency;
  }

  /** Undefined: the call waits for an answer. */
  script: (events: readonly OutboundEvent[]) => Outcome | undefined = () => DELIVERED;

  deliver(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    const ids = events.map(({ id }) => id);
    this.calls.push(ids);
    const outcome = this.script(events);
    if (outcome !== undefined) return Promise.resolve(this.#answered(ids, outcome));
    return new Promise((resolve) => {
      const answer = (given: Outcome): void => {
        this.open.splice(this.open.indexOf(call), 1);
        resolve(this.#answered(ids, given));
      };
      const call: Call = { events, ids, answer };
      this.open.push(call);
      signal.addEventListener('abort', () => answer(UNREACHABLE));
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #answered(ids: readonly string[], outcome: Outcome): Outcome {
    if (outcome.type !== 'Delivered') return outcome;
    this.delivered.push(...ids);
    this.#onDelivered(ids);
    return outcome;
  }
}

const ignore: (ids: readonly string[]) => void = () => undefined;
