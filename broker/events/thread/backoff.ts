/** How long to wait before an event is tried again, and before a destination is. */

/** Doubles from attempt to attempt, up to the bound. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Of one event. With the 30 attempts of the default policy the last is about 17 hours after the
 * first, within the day that an event has.
 */
export const EVENT_BACKOFF: Backoff = { firstMs: 1000, maxMs: 3_600_000 };

/** Of a destination that takes nothing: it is found within a minute when it is back. */
export const DESTINATION_BACKOFF: Backoff = { firstMs: 1000, maxMs: 60_000 };

/** What a destination may ask for (Retry-After): beyond it, it is asked again. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * Milliseconds to wait after so many failures in a row, 1 or more. Half of it is left to chance, so
 * that brokers that lost a destination at the same moment do not come back at the same moment.
 */
export function backoffMs(
  { firstMs, maxMs }: Backoff,
  failures: number,
  random: () => number,
): number {
  // Beyond 2^40 every bound is reached, and a larger power would be no number.
  const wholeMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 40));
  return Math.round(wholeMs * (0.5 + random() / 2));
}
