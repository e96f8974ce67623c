/**
 * What is counted, under the names that controller-runtime and client-go use, so that the
 * dashboards and alerts that people have show this operator, too. The names are API.
 */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Clock } from '../../control/clock.ts';
import type { CountCall } from '../../kube/kube-client.ts';
import type { WorkQueueObserver } from './work-queue.ts';

/** client-go's for queues, from a millisecond on: the clock tells no less. */
const WORK_SECONDS = [0.001, 0.01, 0.1, 1, 10, 100];
/** controller-runtime's, less finely. */
const RECONCILE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60,
];

/** `rest_client_requests_total`: calls to API servers. */
export function callCounter(registry: Registry): CountCall {
  const calls = new Counter({
    name: 'rest_client_requests_total',
    help: 'Calls to the API server, by HTTP status, method and host.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  });
  return (code, method, host) => calls.inc({ code, method, host });
}

/** `leader_election_master_status`: looked up when somebody asks. */
export function leaderGauge(registry: Registry, name: string, isLeading: () => boolean): void {
  new Gauge({
    name: 'leader_election_master_status',
    help: '1: this process leads.',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      this.set({ name }, Number(isLeading()));
    },
  });
}

export interface ControllerMetricsOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** The label `controller`, and `name` of the queue. */
  readonly controller: string;
  readonly workersMax: number;
  /** Keys that wait to be taken up. */
  readonly depth: () => number;
}

/** Of one controller and its queue. */
export function controllerMetrics(options: ControllerMetricsOptions): WorkQueueObserver {
  const { registry, clock, controller, workersMax, depth } = options;
  const running = new Running(clock);
  const ofController = new Family(registry, { controller });
  const ofQueue = new Family(registry, { name: controller, controller });
  const queue = queueMetrics(ofQueue, running, depth);
  const reconciles = reconcileCounter(registry, controller);
  const errors = ofController.counter(
    'controller_runtime_reconcile_errors_total',
    'Reconciliations that failed.',
  );
  const times = ofController.histogram(
    'controller_runtime_reconcile_time_seconds',
    'How long reconciliations take.',
    RECONCILE_SECONDS,
  );
  ofController.gauge('controller_runtime_active_workers', 'Reconciliations under way.', () => {
    return running.count;
  });
  ofController.gauge(
    'controller_runtime_max_concurrent_reconciles',
    'How many reconciliations may be under way.',
    () => workersMax,
  );
  return {
    added: queue.added,
    retried: queue.retried,
    started: (queuedMs) => {
      running.begin();
      queue.waited(queuedMs / 1000);
    },
    done: (result, tookMs) => {
      running.end(tookMs);
      queue.worked(tookMs / 1000);
      times(tookMs / 1000);
      reconciles.inc({ controller, result });
      if (result === 'error') errors();
    },
  };
}

function queueMetrics(family: Family, running: Running, depth: () => number) {
  family.gauge('workqueue_depth', 'Keys that wait to be reconciled.', depth);
  family.gauge(
    'workqueue_unfinished_work_seconds',
    'How long all that is under way has been so, added up.',
    () => running.totalSeconds,
  );
  return {
    added: family.counter('workqueue_adds_total', 'Keys that came to wait.'),
    retried: family.counter('workqueue_retries_total', 'Keys that come again after a failure.'),
    waited: family.histogram(
      'workqueue_queue_duration_seconds',
      'How long keys wait.',
      WORK_SECONDS,
    ),
    worked: family.histogram(
      'workqueue_work_duration_seconds',
      'How long a key is worked on.',
      WORK_SECONDS,
    ),
  };
}

const RESULTS = ['success', 'requeue_after', 'error'];

function reconcileCounter(registry: Registry, controller: string): Counter {
  const reconciles = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations, by result.',
    labelNames: ['controller', 'result'],
    registers: [registry],
  });
  // A rate needs a beginning.
  for (const result of RESULTS) reconciles.inc({ controller, result }, 0);
  return reconciles;
}

/** Metrics that have the same labels, with the same values. */
class Family {
  readonly #registers: Registry[];
  readonly #labels: Readonly<Record<string, string>>;

  constructor(registry: Registry, labels: Readonly<Record<string, string>>) {
    this.#registers = [registry];
    this.#labels = labels;
  }

  counter(name: string, help: string): () => void {
    const made = new Counter({ name, help, ...this.#common() });
    made.inc(this.#labels, 0);
    return () => made.inc(this.#labels, 1);
  }

  histogram(name: string, help: string, buckets: number[]): (seconds: number) => void {
    const made = new Histogram({ name, help, buckets, ...this.#common() });
    return (seconds) => made.observe(this.#labels, seconds);
  }

  /** Looked up when somebody asks. */
  gauge(name: string, help: string, value: () => number): void {
    const labels = this.#labels;
    new Gauge({
      name,
      help,
      ...this.#common(),
      collect() {
        this.set(labels, value());
      },
    });
  }

  #common(): { readonly labelNames: string[]; readonly registers: Registry[] } {
    return { labelNames: Object.keys(this.#labels), registers: this.#registers };
  }
}

/** Runs under way: a run is known by its length when it ends, so sums are enough. */
class Running {
  readonly #clock: Clock;
  count = 0;
  #beginMsSum = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.count++;
    this.#beginMsSum += this.#clock.nowMs();
  }

  end(tookMs: number): void {
    this.count--;
    this.#beginMsSum -= this.#clock.nowMs() - tookMs;
  }

  get totalSeconds(): number {
    return (this.count * this.#clock.nowMs() - this.#beginMsSum) / 1000;
  }
}
