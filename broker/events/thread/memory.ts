/** What the thread holds in memory; the rest waits in the outbox. */
export interface MemoryBounds {
  /** The newest messages, shared by all subscriptions. */
  readonly tailMessages: number;
  readonly tailBytes: number;
  /** Events of one subscription that matched and are not done. */
  readonly windowEvents: number;
  readonly windowBytes: number;
}

/**
 * The tail is a second or two of what one broker takes; a window is several batches of the largest
 * size, so that a destination that is quick never waits for what comes next.
 */
export const MEMORY_BOUNDS: MemoryBounds = {
  tailMessages: 8192,
  tailBytes: 33_554_432,
  windowEvents: 8192,
  windowBytes: 8_388_608,
};
