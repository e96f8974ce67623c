/** What work takes of the event loop at once, before packets of all clients have their turn. */
const TURN_MS = 3;

/** Long work of the broker's thread, cut so that no message waits for the end of it. */
export class Turns {
  #endMs = performance.now() + TURN_MS;

  /** To be asked between any two small pieces of the work; then `next` is to be awaited. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /** Resolves when everybody else had a turn. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#endMs = performance.now() + TURN_MS;
  }
}
