/** One process of the operator, which can end at any moment without a word. */
import type { Logger } from 'pino';
import type { BrokerLink } from '../../../control/stream.ts';
import { Authority } from '../../../operator/authority/authority.ts';
import type { Clock } from '../../../control/clock.ts';
import { KubeWorkloads } from '../../../operator/namespace/workload/workload.ts';
import { Operator } from '../../../operator/operator.ts';
import { FaultyApi, type Call, type Faults } from '../../support/kube-model/faulty-api.ts';
import { memoryLinks, type MemoryLinks } from '../../support/kube-model/memory-link.ts';
import { ModelApi } from '../../support/kube-model/model-api.ts';
import type { BrokerIdentity } from '../../support/kube-model/model-brokers.ts';
import type { ModelClock } from '../../support/kube-model/model-clock.ts';
import type { ModelServer } from '../../support/kube-model/model-server.ts';
import { issuedBefore } from './certificates.ts';

export const OPERATOR_NAMESPACE = 'mqttgrid-system';

export interface ReplicaOptions {
  readonly server: ModelServer;
  readonly clock: ModelClock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly identity: string;
  readonly faults: Faults;
  /** Of the calls about its Lease. */
  readonly electionFaults?: Faults | undefined;
}

const SETTINGS = {
  image: 'mqttgrid:model',
  operatorNamespace: OPERATOR_NAMESPACE,
  controlHost: `mqttgrid-control.${OPERATOR_NAMESPACE}.svc`,
  controlPort: 8884,
};

export class Replica {
  readonly operator: Operator;
  readonly identity: string;
  readonly #clock: MortalClock;
  readonly #api: FaultyApi;
  readonly #electionApi: FaultyApi;
  readonly #authority: Authority;
  readonly #links = new Set<MemoryLinks>();
  #isAlive = true;

  constructor(options: ReplicaOptions) {
    const { server, clock, logger, random, identity, faults, electionFaults } = options;
    this.identity = identity;
    this.#clock = new MortalClock(clock);
    const api = new ModelApi({ server, clock, manager: 'operator' });
    this.#api = new FaultyApi(api, clock, faults);
    this.#electionApi = new FaultyApi(api, clock, electionFaults);
    this.#authority = issuedBefore(
      new Authority({
        api: this.#api,
        namespace: OPERATOR_NAMESPACE,
        clock: this.#clock,
        log: logger,
      }),
      clock,
    );
    this.operator = new Operator({
      api: this.#api,
      electionApi: this.#electionApi,
      lease: { namespace: OPERATOR_NAMESPACE, name: 'mqttgrid-operator' },
      identity,
      workloads: (parts) => {
        const authority = this.#authority;
        return new KubeWorkloads({ ...parts, authority, clock: this.#clock, settings: SETTINGS });
      },
      events: () => ({ record: () => undefined }),
      clock: this.#clock,
      random,
      logger,
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get calls(): readonly Call[] {
    return this.#api.calls;
  }

  /** It tries again by itself where the API server does not let it start. */
  start(): void {
    const begin = async (): Promise<void> => {
      await this.#authority.start();
      await this.operator.start();
    };
    begin().catch(() => {
      // As its Deployment does: a process that does not come up is started again.
      if (this.#isAlive) this.#clock.after(RESTART_MS, () => this.start());
    });
  }

  /** What it has sent may take effect; nothing else of it is left. */
  crash(): void {
    this.#isAlive = false;
    this.#clock.die();
    this.#api.die();
    this.#electionApi.die();
    for (const link of this.#links) link.cut('the operator ended');
    this.#links.clear();
  }

  /** It stands still, as where a node is starved, and then goes on as if nothing had happened. */
  freeze(forMs: number): void {
    this.#clock.freeze(forMs);
    this.#api.freeze(forMs);
    this.#electionApi.freeze(forMs);
  }

  /** A broker's stream, as the control server takes it on. */
  dial({ uid, namespace }: BrokerIdentity, brokerClock: Clock): BrokerLink {
    const links = memoryLinks(this.#clock, brokerClock);
    this.#accept(uid, namespace, links);
    return links.broker;
  }

  #accept(uid: string, namespace: string, links: MemoryLinks): void {
    this.#links.add(links);
    const { publications } = this.operator;
    const key = publications.isLeading ? this.operator.keyOf(uid, namespace) : '';
    if (key !== undefined) return publications.accept({ key, uid }, links.operator);
    links.operator.send({ type: 'TryLater', reason: 'there is no such MqttNamespace' });
    links.operator.close();
  }

  /** The network between it and the brokers breaks for a moment. */
  disconnectBrokers(): void {
    for (const link of this.#links) link.cut('the connection was reset');
    this.#links.clear();
  }
}

const RESTART_MS = 1000;

/** The clock of a process that can end, and stand still. */
class MortalClock implements Clock {
  readonly #clock: Clock;
  #isDead = false;
  #thawsAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    let cancel: () => void = () => undefined;
    const due = (): void => {
      const frozenMs = this.#thawsAtMs - this.nowMs();
      if (frozenMs > 0) cancel = this.#clock.after(frozenMs, due);
      else if (!this.#isDead) callback();
    };
    cancel = this.#clock.after(delayMs, due);
    return () => cancel();
  }

  freeze(forMs: number): void {
    this.#thawsAtMs = this.nowMs() + forMs;
  }

  die(): void {
    this.#isDead = true;
  }
}
