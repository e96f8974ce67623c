/** Time as the broker sees it, so that tests can step it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Calls back at every interval until the answer is called. */
  every(intervalMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  every(intervalMs, callback) {
    const timer = setInterval(callback, intervalMs);
    return () => clearInterval(timer);
  },
};

/** Calls back once after `delayMs`; the answer cancels it. */
export function after(clock: Clock, delayMs: number, callback: () => void): () => void {
  const cancel = clock.every(Math.max(1, delayMs), () => {
    cancel();
    callback();
  });
  return cancel;
}
