/** What the operator lets people see of itself: metrics, and events of the objects it judges. */
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { API_VERSION } from '../domain/resources.ts';
import type { Clock } from '../control/clock.ts';
import { EventRecorder } from './kube/event-recorder.ts';
import type { CountCall } from '../kube/kube-client.ts';
import { callCounter, controllerMetrics, leaderGauge } from './kube/metrics.ts';
import { WORKERS_MAX, type WorkQueueObserver } from './kube/work-queue.ts';
import type { EventSink } from './namespace/status-teller.ts';
import type { Operator, TermParts } from './operator.ts';
import { streamMetrics } from './stream-metrics.ts';

export interface ObservationOptions {
  /** Of this process. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The label by which people find the one controller that there is. */
const CONTROLLER = 'mqttnamespace';
const REPORTING_CONTROLLER = 'mqttgrid.io/operator';
/** Every event is of a status that changes: what was done is always to judge what is declared. */
const ACTION = 'Reconcile';

export class Observation {
  readonly registry = new Registry();
  readonly countCall: CountCall;
  readonly queueObserver: WorkQueueObserver;
  readonly #options: ObservationOptions;
  #operator: Operator | undefined;
  #recorder: EventRecorder | undefined;

  constructor(options: ObservationOptions) {
    const { registry } = this;
    this.#options = options;
    collectDefaultMetrics({ register: registry });
    this.countCall = callCounter(registry);
    this.queueObserver = controllerMetrics({
      registry,
      clock: options.clock,
      controller: CONTROLLER,
      workersMax: WORKERS_MAX,
      depth: () => this.#operator?.depth ?? 0,
    });
  }

  /** @param lease under whose name it is shown whether this replica leads */
  watch(operator: Operator, lease: string): void {
    this.#operator = operator;
    leaderGauge(this.registry, lease, () => operator.isLeading);
    streamMetrics(this.registry, operator.publications);
  }

  /** What the term before it did not write yet is not this one's to tell. */
  eventsOf({ api }: Pick<TermParts, 'api'>): EventSink {
    const { identity: instance, ...rest } = this.#options;
    this.#recorder?.stop();
    const recorder = new EventRecorder({
      ...rest,
      api,
      instance,
      controller: REPORTING_CONTROLLER,
    });
    this.#recorder = recorder;
    return {
      record: ({ resource, uid }, event) => {
        const { kind, metadata } = resource;
        const { namespace = '', name } = metadata;
        const reference = { apiVersion: API_VERSION, kind, namespace, name, uid };
        recorder.record(reference, { ...event, action: ACTION });
      },
    };
  }

  stop(): void {
    this.#recorder?.stop();
  }
}
