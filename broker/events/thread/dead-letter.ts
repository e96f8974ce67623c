/** What a dead letter is told beside the event itself, as attributes of the CloudEvent. */
import type { GivenUp } from './delivery-queue.ts';
import type { QueuedEvent } from './lanes.ts';

/**
 * How long a dead letter that does not answer is waited for, from when it got the event: Event
 * Grid's own bound ("dead-letter": 4 hours).
 */
export const DEAD_LETTER_TIME_TO_LIVE_MS = 4 * 60 * 60 * 1000;

/** Characters of what came of the last attempt: it is for people, and goes with every event. */
const CAUSE_LENGTH_MAX = 1024;

/**
 * The names are Event Grid's, in the letters that CloudEvents allows an attribute ("Naming
 * conventions": a to z and 0 to 9).
 */
export function deadLetterOf(
  event: QueuedEvent,
  subscription: string,
  { reason, attempts, cause, lastAttemptAtMs }: GivenUp,
): QueuedEvent {
  const extra = {
    deadletterreason: reason,
    deliveryattempts: attempts,
    eventsubscription: subscription,
    ...(cause !== '' && { lastdeliveryoutcome: cause.slice(0, CAUSE_LENGTH_MAX).toWellFormed() }),
    ...(lastAttemptAtMs !== undefined && {
      lastdeliveryattempt: new Date(lastAttemptAtMs).toISOString(),
    }),
  };
  return { ...event, json: withAttributes(event.json, extra) };
}

/** The last of two members with one name counts, as for most who read JSON (RFC 8259, 4). */
function withAttributes(json: Buffer, extra: Readonly<Record<string, string | number>>): Buffer {
  const members = JSON.stringify(extra).slice(1);
  return Buffer.concat([json.subarray(0, json.length - 1), Buffer.from(`,${members}`)]);
}
