/**
 * One MqttNamespace and everything in it: judge what is declared, tell the brokers, keep their
 * pods, say in each status how it stands. Level-triggered: what to do follows from what the caches
 * hold now, never from what happened.
 */
import { isInForce, type NamespaceCompilation, type Verdict } from '../../domain/compile.ts';
import type { ProgrammedState } from '../../domain/conditions.ts';
import { API_VERSION, resourceKey, type MqttNamespaceSpec } from '../../domain/resources.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Clock } from '../../control/clock.ts';
import type { SnapshotPublisher } from '../control-server/snapshot-publisher.ts';
import { RECOMPILE_AFTER_MS, type Compilations } from './compilations.ts';
import type { Declared } from './declared.ts';
import { EventObjects, type Routing } from './event-objects.ts';
import { fieldsOf, namespaceFields } from './fields.ts';
import { eventsKey, namespaceKey, parseKey } from './keys.ts';
import { PENDING_AFTER_MS, Programmed, type Brokers } from './programmed.ts';
import type { StatusTeller } from './status-teller.ts';
import type { Workloads, WorkloadStanding } from './workload/workload.ts';
import type { World } from './world.ts';

export interface ReconcilerOptions {
  readonly world: World;
  readonly compilations: Compilations;
  readonly publisher: SnapshotPublisher;
  readonly workloads: Workloads;
  readonly statuses: StatusTeller;
  readonly clock: Clock;
  /** Event objects of this key have to be looked at, too. */
  readonly onRouting: (eventsKey: string) => void;
}

/** What one leader knows of a MqttNamespace beside what the caches hold. */
interface State {
  readonly programmed: Programmed;
  /** What it took note of last; undefined: nothing is in force. */
  noted: NamespaceCompilation | undefined;
  /** Undefined: it has none, or its first reconcile is not over. */
  workload: WorkloadStanding | undefined;
  /** Event objects were told of what it routes. */
  routes: boolean;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** At most one entry for each MqttNamespace that is declared or named. */
  readonly #states = new Map<string, State>();
  readonly #events: EventObjects;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#events = new EventObjects({
      ...options,
      routingsOf: (namespace) => this.#routingsOf(namespace),
    });
  }

  /**
   * Answers after how many milliseconds to look again even if nothing happens. Rejects when the
   * API server would not let the pods be kept; everything else is done then.
   */
  async reconcile(key: string): Promise<number | undefined> {
    const { namespace, name } = parseKey(key);
    if (name === undefined) return this.#events.reconcile(key, namespace);
    const { world } = this.#options;
    if (this.#ownerOf(key) === undefined && !world.hasMembers(namespace, name)) {
      return this.#forget(key);
    }
    const state = this.#states.get(key) ?? newState();
    this.#states.set(key, state);
    // Brokers first: a permission that was withdrawn does not wait for an API server.
    const compilation = this.#publish(key, state);
    try {
      await this.#keepWorkload(key, state, compilation.snapshot);
    } finally {
      // Once more, since what is declared may have changed while that took its time.
      this.#tell(key, state, this.#publish(key, state));
    }
    const tooEarly = state.programmed.isTooEarly(this.#options.clock.nowMs());
    return Math.min(
      RECOMPILE_AFTER_MS,
      state.workload?.againAfterMs ?? RECOMPILE_AFTER_MS,
      tooEarly ? PENDING_AFTER_MS : RECOMPILE_AFTER_MS,
    );
  }

  #ownerOf(key: string): Declared | undefined {
    const { namespace, name = '' } = parseKey(key);
    return this.#options.world.find('MqttNamespace', namespace, name);
  }

  #forget(key: string): undefined {
    const { publisher, compilations } = this.#options;
    publisher.withdraw(key);
    compilations.forget(key);
    const state = this.#states.get(key);
    this.#states.delete(key);
    if (state !== undefined) this.#tellEvents(key, state, false);
  }

  #publish(key: string, state: State): NamespaceCompilation {
    const { publisher, compilations, clock } = this.#options;
    const compilation = compilations.current(key);
    const owner = this.#ownerOf(key);
    if (compilation.snapshot === undefined || owner === undefined) {
      publisher.withdraw(key);
      state.programmed.withdraw();
      state.noted = undefined;
      return compilation;
    }
    const version = publisher.publish(key, owner.uid, compilation.snapshot);
    // A compilation is of the very objects that it judged: with any other it would be another one.
    if (state.noted === compilation) return compilation;
    const inForce = this.#inForce(compilation.verdicts);
    this.#addEvents(inForce, parseKey(key).namespace, compilation.snapshot);
    state.programmed.note(inForce, version, clock.nowMs());
    state.noted = compilation;
    return compilation;
  }

  /** No MqttNamespace owns them, but its brokers run them. */
  #addEvents(
    inForce: Map<string, Declared>,
    namespace: string,
    { route, eventSubscriptions }: Snapshot,
  ): void {
    const add = (kind: 'EventTopic' | 'EventSubscription', name: string): void => {
      const key = resourceKey({ kind, metadata: { namespace, name } });
      const declared = this.#options.world.at(key);
      if (declared !== undefined) inForce.set(key, declared);
    };
    if (route !== undefined) add('EventTopic', route.eventTopic);
    for (const { name } of eventSubscriptions) add('EventSubscription', name);
  }

  /** Of a Kubernetes namespace. */
  #routingsOf(namespace: string): readonly Routing[] {
    const { world, compilations, clock } = this.#options;
    return world.mqttNamespaces(namespace).flatMap((name): Routing | [] => {
      const key = namespaceKey(namespace, name);
      const { snapshot } = compilations.current(key);
      if (snapshot?.route === undefined) return [];
      const state = this.#states.get(key);
      const brokers = this.#brokersOf(key, state);
      const programmed = state?.programmed;
      const nowMs = clock.nowMs();
      return {
        name,
        eventTopic: snapshot.route.eventTopic,
        brokers,
        unresolvedSecrets: state?.workload?.unresolvedSecrets ?? new Map(),
        stateOf: (objectKey, resource) => {
          if (programmed?.knows(objectKey, resource) !== true) return 'TooEarly';
          return programmed.stateOf(objectKey, brokers, nowMs);
        },
      };
    });
  }

  #brokersOf(key: string, state: State | undefined): Brokers {
    const connected = this.#options.publisher.standing(key);
    return { replicas: state?.workload?.replicas ?? 1, connected };
  }

  #inForce(verdicts: ReadonlyMap<string, Verdict>): Map<string, Declared> {
    const inForce = new Map<string, Declared>();
    for (const [objectKey, verdict] of verdicts) {
      const declared = isInForce(verdict) ? this.#options.world.at(objectKey) : undefined;
      if (declared !== undefined) inForce.set(objectKey, declared);
    }
    return inForce;
  }

  async #keepWorkload(key: string, state: State, snapshot: Snapshot | undefined): Promise<void> {
    const declared = this.#ownerOf(key);
    if (declared === undefined) {
      // Its pods go with it: it owns them.
      state.workload = undefined;
      return;
    }
    const metadata = { ...declared.resource.metadata, uid: declared.uid };
    const spec = declared.resource.spec as MqttNamespaceSpec;
    const owner = { apiVersion: API_VERSION, kind: 'MqttNamespace', metadata, spec };
    const before = state.workload?.notices ?? [];
    const { eventSubscriptions = [] } = snapshot ?? {};
    const input = { owner, running: snapshot !== undefined, eventSubscriptions };
    state.workload = await this.#options.workloads.reconcile(input);
    const news = state.workload.notices.filter((notice) => !before.includes(notice));
    for (const notice of news) this.#options.statuses.warn(declared, notice);
  }

  #tell(key: string, state: State, { snapshot, verdicts }: NamespaceCompilation): void {
    const { world, statuses, clock } = this.#options;
    const { workload, programmed } = state;
    const brokers = this.#brokersOf(key, state);
    programmed.acknowledge(brokers);
    const nowMs = clock.nowMs();
    for (const [objectKey, verdict] of verdicts) {
      const declared = world.at(objectKey);
      if (declared === undefined) continue;
      const runs = programmed.stateOf(objectKey, brokers, nowMs);
      const standing =
        declared.resource.kind === 'MqttNamespace'
          ? ownerStanding(verdict, runs, { snapshot, workload })
          : { verdict, programmed: runs, fields: fieldsOf(declared.resource) };
      if (standing.programmed === 'TooEarly') continue;
      statuses.tell(key, declared, { ...standing, programmed: standing.programmed });
    }
    this.#tellEvents(key, state, snapshot?.route !== undefined);
  }

  /** Once more when it routes no longer: what was said of its brokers is past then. */
  #tellEvents(key: string, state: State, routes: boolean): void {
    if (routes || state.routes) this.#options.onRouting(eventsKey(parseKey(key).namespace));
    state.routes = routes;
  }
}

function newState(): State {
  return { programmed: new Programmed(), noted: undefined, workload: undefined, routes: false };
}

/** A MqttNamespace is what its members are, and its pods beside. */
function ownerStanding(
  { faults, unresolved }: Verdict,
  runs: ProgrammedState | 'TooEarly',
  { snapshot, workload }: Pick<NamespaceCompilation, 'snapshot'> & Pick<State, 'workload'>,
) {
  const verdict = { faults, unresolved: [...unresolved, ...(workload?.unresolved ?? [])] };
  const inForce = isInForce(verdict);
  return {
    verdict,
    programmed: inForce ? (workload?.unavailable ?? runs) : ('Pending' as const),
    fields: namespaceFields(snapshot, workload),
  };
}
