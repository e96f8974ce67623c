/**
 * Work by key: whatever happens to a key while it waits is one run, while it runs one more, and
 * never two at a time. What is queued says that there is something to look at, not what.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';

/** `Background` is for what nobody waits for: resyncs, and looking again by the clock. */
export type Priority = 'Normal' | 'Background';

/** What is told of the queue, for metrics. */
export interface WorkQueueObserver {
  added(): void;
  /** Milliseconds between becoming due and being taken up. */
  started(queuedMs: number): void;
  done(result: 'success' | 'requeue_after' | 'error', tookMs: number): void;
  retried(): void;
}

export interface WorkQueueOptions {
  /**
   * Answers after how many milliseconds to run again even if nothing happens. Each thing that it
   * waits for has a time-out of its own. A rejection is a failure: it is run again, later each
   * time.
   */
  readonly run: (key: string) => Promise<number | undefined>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly workersMax?: number | undefined;
  readonly observer?: WorkQueueObserver | undefined;
}

/** Keys at once: a run mostly waits for the API server, which has other clients too. */
export const WORKERS_MAX = 4;

/** The first wait after a failure, doubled each time. */
const BACKOFF_MIN_MS = 5;
/** A fault of the server's may last for hours: once a minute is neither a storm nor forgotten. */
const BACKOFF_MAX_MS = 60_000;

/** A key rests this many times what its run took, so that a storm of events takes no whole core. */
const REST_FACTOR = 4;
/** However long the run took: what waits for the next one is to be in force within a second. */
const REST_MAX_MS = 400;

/** Runs of Normal keys in a row, after which one in the background has its turn. */
const NORMAL_IN_A_ROW_MAX = 20;

interface Entry {
  readonly key: string;
  priority: Priority;
  /** It is in a line, since then. */
  readySinceMs: number | undefined;
  running: boolean;
  /** Something happened while it ran. */
  dirty: boolean;
  failures: number;
  /** When it is tried again by itself, after a failure. */
  retryAtMs: number;
  /** Not before this time, since it rests. */
  restUntilMs: number;
  timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  /** Keeps it in mind while it rests. */
  cancelRest: (() => void) | undefined;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #workersMax: number;
  /** One entry for each key that waits, runs, rests or failed. */
  readonly #entries = new Map<string, Entry>();
  readonly #lines = { Normal: new Set<Entry>(), Background: new Set<Entry>() } as const;
  readonly #running = new Set<Promise<void>>();
  #normalInARow = 0;
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#workersMax = options.workersMax ?? WORKERS_MAX;
  }

  /** Keys that are due and not taken up yet. */
  get depth(): number {
    return this.#lines.Normal.size + this.#lines.Background.size;
  }

  get active(): number {
    return this.#running.size;
  }

  /** Nothing is due and nothing runs; timers may wait. */
  get isIdle(): boolean {
    return this.depth === 0 && this.active === 0;
  }

  add(key: string, priority: Priority = 'Normal'): void {
    if (this.#stopped) return;
    const entry = this.#entryOf(key);
    if (priority === 'Normal') this.#prefer(entry);
    if (entry.running) entry.dirty = true;
    else this.#addAt(entry, this.#options.clock.nowMs());
  }

  /** Somebody waits for it now, also where it is in the other line already. */
  #prefer(entry: Entry): void {
    entry.priority = 'Normal';
    if (this.#lines.Background.delete(entry)) this.#lines.Normal.add(entry);
  }

  /** The earliest time of all that were asked for counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    const entry = this.#entryOf(key);
    if (entry.readySinceMs === undefined) this.#addAt(entry, this.#options.clock.nowMs() + delayMs);
  }

  /** Takes up nothing more; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer, cancelRest } of this.#entries.values()) {
      timer?.cancel();
      cancelRest?.();
    }
    this.#entries.clear();
    this.#lines.Normal.clear();
    this.#lines.Background.clear();
    await Promise.all(this.#running);
  }

  #entryOf(key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry = {
      key,
      priority: 'Background',
      readySinceMs: undefined,
      running: false,
      dirty: false,
      failures: 0,
      retryAtMs: 0,
      restUntilMs: 0,
      timer: undefined,
      cancelRest: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #addAt(entry: Entry, atMs: number): void {
    const { clock, observer } = this.#options;
    if (entry.readySinceMs !== undefined) return;
    const nowMs = clock.nowMs();
    const dueMs = Math.max(atMs, entry.restUntilMs);
    if (dueMs > nowMs) {
      if (entry.timer !== undefined && entry.timer.dueMs <= dueMs) return;
      entry.timer?.cancel();
      const cancel = clock.after(dueMs - nowMs, () => {
        entry.timer = undefined;
        if (entry.running) entry.dirty = true;
        else this.#addAt(entry, clock.nowMs());
      });
      entry.timer = { dueMs, cancel };
      return;
    }
    entry.timer?.cancel();
    entry.timer = undefined;
    entry.readySinceMs = nowMs;
    this.#lines[entry.priority].add(entry);
    observer?.added();
    this.#pump();
  }

  #pump(): void {
    while (this.#running.size < this.#workersMax) {
      const entry = this.#take();
      if (entry === undefined) return;
      const run = this.#run(entry).finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  #take(): Entry | undefined {
    const { Normal: normal, Background: background } = this.#lines;
    const turn = this.#normalInARow >= NORMAL_IN_A_ROW_MAX && background.size > 0;
    const line = normal.size > 0 && !turn ? normal : background;
    this.#normalInARow = line === normal ? this.#normalInARow + 1 : 0;
    const [entry] = line;
    if (entry !== undefined) line.delete(entry);
    return entry;
  }

  async #run(entry: Entry): Promise<void> {
    const { clock, observer, run } = this.#options;
    const startedMs = clock.nowMs();
    observer?.started(startedMs - (entry.readySinceMs ?? startedMs));
    entry.readySinceMs = undefined;
    entry.priority = 'Background';
    entry.running = true;
    try {
      const againAfterMs = await run(entry.key);
      entry.failures = 0;
      entry.retryAtMs = 0;
      this.#ended(entry, startedMs);
      observer?.done(
        againAfterMs === undefined ? 'success' : 'requeue_after',
        this.#since(startedMs),
      );
      if (againAfterMs !== undefined) this.addAfter(entry.key, againAfterMs);
    } catch (error) {
      // One that an event brought on early says no more than the failure before it: otherwise a
      // busy key would wait a minute for a server that was away for seconds.
      if (startedMs >= entry.retryAtMs) entry.failures++;
      this.#ended(entry, startedMs);
      observer?.done('error', this.#since(startedMs));
      this.#retry(entry, error);
    }
    this.#settle(entry);
  }

  #since(startedMs: number): number {
    return this.#options.clock.nowMs() - startedMs;
  }

  #ended(entry: Entry, startedMs: number): void {
    entry.running = false;
    const restMs = Math.min(REST_MAX_MS, REST_FACTOR * this.#since(startedMs));
    entry.restUntilMs = this.#options.clock.nowMs() + restMs;
    if (restMs === 0 || this.#stopped) return;
    entry.cancelRest?.();
    entry.cancelRest = this.#options.clock.after(restMs, () => {
      entry.cancelRest = undefined;
      this.#forgetIdle(entry);
    });
  }

  #retry(entry: Entry, error: unknown): void {
    if (this.#stopped) return;
    const { logger, observer, random } = this.#options;
    const doublings = Math.min(entry.failures - 1, Math.log2(BACKOFF_MAX_MS / BACKOFF_MIN_MS));
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** doublings);
    // Half of it at random: keys that failed together do not come back together.
    const delayMs = backoffMs * (1 - random() / 2);
    entry.retryAtMs = this.#options.clock.nowMs() + delayMs;
    const { key, failures } = entry;
    logger.warn({ err: error, key, failures, againAfterMs: delayMs }, 'reconciling failed');
    observer?.retried();
    this.addAfter(key, delayMs);
  }

  /** Runs once more if something happened meanwhile. */
  #settle(entry: Entry): void {
    if (this.#stopped) return;
    if (entry.dirty) {
      entry.dirty = false;
      entry.priority = 'Normal';
      this.#addAt(entry, this.#options.clock.nowMs());
    }
    this.#forgetIdle(entry);
  }

  #forgetIdle({ key, timer, cancelRest, readySinceMs, running }: Entry): void {
    const waits = timer !== undefined || cancelRest !== undefined || readySinceMs !== undefined;
    if (!waits && !running) this.#entries.delete(key);
  }
}
