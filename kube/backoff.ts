/** Waits that double with each failure, and differ between those that failed together. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param failures in a row, at least 1; the answer is within a half above or below the middle */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  // Beyond 2^30 it is the maximum for any that makes sense, and never infinite.
  const middleMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return middleMs * (0.5 + random);
}
