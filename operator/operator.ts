/**
 * The control plane, but for its sockets: caches of what is declared, and, while this replica
 * leads, the reconciling of it. Everything outside is handed in: tests break each of it.
 */
import type { Logger } from 'pino';
import { Caches } from './caches.ts';
import type { Clock } from '../control/clock.ts';
import { Publications } from './control-server/publications.ts';
import { FencedApi } from './kube/fenced-api.ts';
import type { KubeApi, KubeObject, ObjectName } from '../kube/kube-api.ts';
import { LeaderElection, type LeaderElectionTimes } from './kube/leader-election.ts';
import type { WorkQueueObserver } from './kube/work-queue.ts';
import { Compilations } from './namespace/compilations.ts';
import type { DeclaredObject } from './namespace/declared.ts';
import { eventsKey, namespaceKey, parseKey } from './namespace/keys.ts';
import type { EventSink } from './namespace/status-teller.ts';
import { ownerNameOf, type OwnedObjects } from './namespace/workload/owned-types.ts';
import type { Workloads } from './namespace/workload/workload.ts';
import { World } from './namespace/world.ts';
import { Term } from './term.ts';

/** What a term is given anew: nothing that one leader knew reaches the next. */
export interface TermParts {
  /** Refuses writes once the term is over. */
  readonly api: KubeApi;
  readonly owned: OwnedObjects;
}

export interface OperatorOptions {
  readonly api: KubeApi;
  /** With limits on calls of its own: see LeaderElectionOptions. */
  readonly electionApi: KubeApi;
  readonly lease: Required<ObjectName>;
  /** No other process's. */
  readonly identity: string;
  readonly electionTimes?: LeaderElectionTimes | undefined;
  readonly workloads: (parts: TermParts) => Workloads;
  readonly events: (parts: TermParts) => EventSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly mqttNamespacesMax?: number | undefined;
  readonly statusWritesInFlightMax?: number | undefined;
  readonly queueObserver?: WorkQueueObserver | undefined;
}

export class Operator {
  readonly world = new World();
  readonly compilations: Compilations;
  readonly publications: Publications;
  readonly caches: Caches;
  readonly #options: OperatorOptions;
  readonly #election: LeaderElection;
  #term: Term | undefined;
  /** Raised whenever a term begins or ends. */
  #termNumber = 0;
  /** Terms that are over and whose last calls have not ended. */
  #ending: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: OperatorOptions) {
    const { api, electionApi, clock, random, logger, mqttNamespacesMax } = options;
    this.#options = options;
    this.compilations = new Compilations({ world: this.world, clock, mqttNamespacesMax });
    this.publications = new Publications({
      clock,
      logger,
      onStanding: (key) => this.#term?.add([key]),
      onDeliveries: (key) => this.#term?.add([eventsKey(parseKey(key).namespace)]),
      onHigherEpoch: (epoch) => this.#election.raiseEpoch(epoch),
    });
    this.caches = new Caches({
      api,
      clock,
      random,
      logger,
      onDeclared: (before, after) => this.#declaredChanged(before, after),
      onOwned: (before, after) => this.#ownedChanged(before, after),
    });
    this.#election = new LeaderElection({
      api: electionApi,
      lease: options.lease,
      identity: options.identity,
      times: options.electionTimes,
      clock,
      random,
      logger,
      onStartedLeading: (epoch) => this.#lead(epoch),
      onStoppedLeading: () => this.#follow(),
      onEpochRaised: (epoch) => this.publications.lead(epoch),
    });
  }

  get isLeading(): boolean {
    return this.#election.isLeading;
  }

  get isSynced(): boolean {
    return this.caches.isSynced;
  }

  /** Nothing is to be done that this replica knows of; timers may wait. */
  get isIdle(): boolean {
    return this.#term?.isIdle ?? true;
  }

  /** Keys that wait to be reconciled. */
  get depth(): number {
    return this.#term?.depth ?? 0;
  }

  /** Resolves when the caches are complete, and this replica stands for leader. */
  async start(): Promise<void> {
    this.caches.start();
    await this.caches.synced();
    if (!this.#stopped) this.#election.start();
  }

  /** Lets another replica lead; brokers serve on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#election.stop();
    this.caches.stop();
    await this.#ending;
  }

  /** Of the MqttNamespace with this UID, as declared now. */
  keyOf(uid: string, namespace: string): string | undefined {
    const name = this.world.mqttNamespaces(namespace).find((candidate) => {
      return this.world.find('MqttNamespace', namespace, candidate)?.uid === uid;
    });
    return name === undefined ? undefined : namespaceKey(namespace, name);
  }

  #lead(epoch: number): void {
    const { workloads, events, ...rest } = this.#options;
    const number = ++this.#termNumber;
    const isLeading = (): boolean => this.#termNumber === number && this.#election.isLeading;
    const api = new FencedApi(rest.api, isLeading);
    const parts = { api, owned: this.caches };
    this.publications.lead(epoch);
    this.#term = new Term({
      ...rest,
      api,
      world: this.world,
      compilations: this.compilations,
      publisher: this.publications,
      workloads: workloads(parts),
      events: events(parts),
      onWritten: (object) => this.caches.wrote(object),
    });
    this.#term.add(this.world.keys());
  }

  #follow(): void {
    const term = this.#term;
    this.#term = undefined;
    this.#termNumber++;
    this.publications.follow();
    if (term === undefined) return;
    this.#ending = Promise.all([this.#ending, term.stop()]).then(() => undefined);
  }

  #declaredChanged(before: DeclaredObject | undefined, after: DeclaredObject | undefined): void {
    const object = after ?? before;
    if (object === undefined) return;
    const { keys, statusOnly } = after ? this.world.set(after) : this.world.remove(object);
    if (!statusOnly) this.compilations.touch(keys);
    const isOurs = statusOnly && this.world.isWriting(object);
    if (!isOurs) this.#term?.add(keys, before === after ? 'Background' : 'Normal');
  }

  #ownedChanged(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const priority = before === after ? 'Background' : 'Normal';
    for (const object of new Set([before, after])) {
      const name = object && ownerNameOf(object);
      const { namespace = '' } = object?.metadata ?? {};
      if (name !== undefined) this.#term?.add([namespaceKey(namespace, name)], priority);
    }
  }
}
