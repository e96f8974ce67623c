/** What runs while this replica leads. A term begins with nothing but the caches. */
import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import type { SnapshotPublisher } from './control-server/snapshot-publisher.ts';
import type { KubeApi, KubeObject } from '../kube/kube-api.ts';
import { WorkQueue, type Priority, type WorkQueueObserver } from './kube/work-queue.ts';
import type { Compilations } from './namespace/compilations.ts';
import { Reconciler } from './namespace/reconciler.ts';
import { StatusTeller, type EventSink } from './namespace/status-teller.ts';
import { StatusWriter } from './namespace/status-writer.ts';
import type { Workloads } from './namespace/workload/workload.ts';
import type { World } from './namespace/world.ts';

export interface TermOptions {
  /** Refuses writes once the term is over. */
  readonly api: KubeApi;
  readonly world: World;
  readonly compilations: Compilations;
  readonly publisher: SnapshotPublisher;
  readonly workloads: Workloads;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly statusWritesInFlightMax?: number | undefined;
  readonly queueObserver?: WorkQueueObserver | undefined;
  /** The server's answer to a status that was written. */
  readonly onWritten: (object: KubeObject) => void;
}

/** Before an object is judged anew whose status could not be written: its edit comes by watch. */
const STATUS_RETRY_MS = 250;

export class Term {
  readonly #queue: WorkQueue;
  readonly #writer: StatusWriter;

  constructor(options: TermOptions) {
    const { api, clock, random, logger, events, onWritten } = options;
    this.#writer = new StatusWriter({
      api,
      logger,
      ...(options.statusWritesInFlightMax !== undefined && {
        writesInFlightMax: options.statusWritesInFlightMax,
      }),
      onWritten,
      onFailed: (key) => this.#queue.addAfter(key, STATUS_RETRY_MS),
    });
    const statuses = new StatusTeller({ writer: this.#writer, events, clock });
    const onRouting = (key: string): void => this.#queue.add(key);
    const reconciler = new Reconciler({ ...options, statuses, onRouting });
    this.#queue = new WorkQueue({
      run: (key) => reconciler.reconcile(key),
      clock,
      random,
      logger,
      observer: options.queueObserver,
    });
  }

  /** Nothing is to be done, and nothing is under way; timers may wait. */
  get isIdle(): boolean {
    return this.#queue.isIdle && this.#writer.isIdle;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  add(keys: readonly string[], priority?: Priority): void {
    for (const key of keys) this.#queue.add(key, priority);
  }

  /** Begins nothing more; resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#writer.stop();
    await this.#queue.stop();
  }
}
