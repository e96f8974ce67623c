/** A whole cluster in this process: its API server, controllers, pods, and our operator. */
import pino, { type Logger } from 'pino';
import type { BrokerLink } from '../../../control/stream.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { SECRETS } from '../../../operator/namespace/workload/owned-types.ts';
import { Random } from '../../hostile/random.ts';
import { NAMESPACES } from '../../support/kube-model/conformance.ts';
import type { Faults } from '../../support/kube-model/faulty-api.ts';
import { GarbageCollector } from '../../support/kube-model/garbage-collector.ts';
import type { Change } from '../../support/kube-model/history.ts';
import { Kubelet } from '../../support/kube-model/kubelet.ts';
import { ModelBrokers, type BrokerIdentity } from '../../support/kube-model/model-brokers.ts';
import { ModelClock } from '../../support/kube-model/model-clock.ts';
import { ModelServer } from '../../support/kube-model/model-server.ts';
import { StatefulSetController } from '../../support/kube-model/stateful-set-controller.ts';
import { OPERATOR_NAMESPACE, Replica } from './replica.ts';

export interface ClusterOptions {
  readonly seed: string;
  readonly authority: KubeObject;
}

/** What the operator said of itself that only bugs make it say. */
export interface LoggedError {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Longer than anything waits before it tries again, but for what failed many times in a row. */
const QUIET_MS = 20_000;

/** Model time within which all is as declared, whatever happened before. */
const CONVERGED_MS = 300_000;

/** Of a run, with a Lease that is renewed every two seconds. */
const CHANGES_MAX = 3000;

/** Each MqttNamespace is looked at again once a minute. */
const RESYNCS_MS = 3 * 65_000;

export class Cluster {
  readonly clock = new ModelClock();
  readonly server: ModelServer;
  readonly brokers: ModelBrokers;
  readonly changes: Change[] = [];
  /** When each change was made, by its revision. */
  readonly changedAtMs = new Map<number, number>();
  readonly errors: LoggedError[] = [];
  /** Until then something is broken, or stands still. */
  troubledUntilMs = 0;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #replicas: Replica[] = [];
  /** The pods that reach no operator. */
  readonly #unreachable = new Set<string>();

  constructor({ seed, authority }: ClusterOptions) {
    const { clock } = this;
    this.#random = new Random(seed);
    this.#logger = loggerTo(this.errors);
    const server = new ModelServer({ clock });
    this.server = server;
    for (const name of [OPERATOR_NAMESPACE, 'plant']) {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      server.create(NAMESPACES, namespace, { manager: 'kubectl' });
    }
    server.create(SECRETS, authority, { manager: 'operator' });
    const dial = (identity: BrokerIdentity, pod: string): BrokerLink | undefined =>
      this.#dial(identity, pod);
    this.brokers = new ModelBrokers({ server, clock, logger: this.#logger, dial });
    new GarbageCollector(server, clock);
    new StatefulSetController(server, clock);
    new Kubelet(server, clock, (pod, onReady) => this.brokers.run(pod, onReady));
    server.onChange((change) => {
      this.changes.push(change);
      this.changedAtMs.set(change.revision, clock.nowMs());
    });
  }

  /** 0 to 1, the same for the same seed. */
  readonly random = (): number => this.#random.below(2 ** 20) / 2 ** 20;

  get replicas(): readonly Replica[] {
    return this.#replicas.filter(({ isAlive }) => isAlive);
  }

  /** All that there ever were. */
  get pastReplicas(): readonly Replica[] {
    return this.#replicas;
  }

  startReplica(faults: Faults = {}, electionFaults: Faults = {}): Replica {
    const replica = new Replica({
      server: this.server,
      clock: this.clock,
      logger: this.#logger,
      random: this.random,
      identity: `operator-${this.#replicas.length}`,
      faults,
      electionFaults,
    });
    this.#replicas.push(replica);
    replica.start();
    return replica;
  }

  /** Brokers of these pods, or of all, reach no operator until `reconnect`. */
  disconnect(pods: readonly string[] | 'all'): void {
    for (const pod of pods === 'all' ? ['*'] : pods) this.#unreachable.add(pod);
    for (const replica of this.replicas) replica.disconnectBrokers();
  }

  reconnect(): void {
    this.#unreachable.clear();
  }

  #dial(identity: BrokerIdentity, pod: string): BrokerLink | undefined {
    if (this.#unreachable.has(pod) || this.#unreachable.has('*')) return undefined;
    const { replicas } = this;
    const replica = replicas[this.#random.below(Math.max(1, replicas.length))];
    if (replica === undefined) return undefined;
    return replica.dial(identity, this.clock);
  }

  /** @throws where more happens than would in hours */
  async run(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const hasTooMany = (): boolean => this.changes.length > CHANGES_MAX;
    await this.clock.run(ms, () => hasTooMany() || isOver());
    if (hasTooMany())
      throw new Error(
        `over ${CHANGES_MAX} changes, the last of them of a ${this.changes.at(-1)?.type.kind}`,
      );
  }

  /** @throws where writes do not end */
  async untilQuiet(): Promise<void> {
    const endMs = this.clock.nowMs() + CONVERGED_MS;
    let seen = -1;
    while (this.#lastChange() !== seen || this.clock.nowMs() < this.troubledUntilMs) {
      seen = this.#lastChange();
      if (this.clock.nowMs() > endMs) throw new Error(`writes go on: ${this.#describeLast()}`);
      await this.run(QUIET_MS, () => this.#lastChange() !== seen);
    }
  }

  /** @throws where anything is written although nothing happens */
  async staysQuiet(): Promise<void> {
    const before = this.#lastChange();
    await this.run(RESYNCS_MS, () => this.#lastChange() !== before);
    if (this.#lastChange() === before) return;
    throw new Error(`something is written again and again: ${this.#describeLast()}`);
  }

  /** That of a Lease is a heartbeat. */
  #lastChange(): number {
    return this.changes.findLast(({ type }) => type.kind !== 'Lease')?.revision ?? 0;
  }

  #describeLast(): string {
    const last = this.changes.findLast(({ type }) => type.kind !== 'Lease');
    return last === undefined ? 'nothing' : `${last.type.kind} ${last.told.metadata.name}`;
  }
}

function loggerTo(errors: LoggedError[]): Logger {
  const write = (line: string): void => void errors.push(JSON.parse(line) as LoggedError);
  return pino({ level: 'error', base: null, timestamp: false }, { write });
}
