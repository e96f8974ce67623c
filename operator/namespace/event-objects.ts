/**
 * EventTopics and EventSubscriptions of one Kubernetes namespace, which no MqttNamespace owns: what
 * is said of them follows from every MqttNamespace that routes to the topic.
 */
import { compileEvents, type Verdict } from '../../domain/compile.ts';
import {
  deliveringState,
  NOT_ROUTED_TO,
  type DeliveringState,
  type ProgrammedState,
} from '../../domain/conditions.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { Resource } from '../../domain/resources.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import type { Violation } from '../../domain/violation.ts';
import type { Clock } from '../../control/clock.ts';
import { readStatus, type Declared } from './declared.ts';
import { countersIn, sumOf, type DeliveryCounters } from './deliveries.ts';
import { PENDING_AFTER_MS, type Brokers } from './programmed.ts';
import type { StatusTeller } from './status-teller.ts';
import { findCondition } from './status.ts';
import type { World } from './world.ts';

/** One MqttNamespace that runs and routes somewhere. */
export interface Routing {
  readonly name: string;
  readonly eventTopic: string;
  readonly brokers: Brokers;
  /** By EventSubscription. */
  readonly unresolvedSecrets: ReadonlyMap<string, readonly Violation[]>;
  /** Of an event object as it is declared now. */
  readonly stateOf: (objectKey: string, resource: Resource) => ProgrammedState | 'TooEarly';
}

export interface EventObjectsOptions {
  readonly world: World;
  readonly statuses: StatusTeller;
  readonly clock: Clock;
  readonly routingsOf: (namespace: string) => readonly Routing[];
}

/** Counters alone are written this often at most: a status is no metric. */
export const COUNTERS_AFTER_MS = 30_000;

interface Delivery {
  readonly delivering: DeliveringState | undefined;
  readonly fields: Partial<DeliveryCounters>;
}

export class EventObjects {
  readonly #options: EventObjectsOptions;
  /** When counters were last written. */
  readonly #countedMs = new WeakMap<Declared, number>();

  constructor(options: EventObjectsOptions) {
    this.#options = options;
  }

  /** Answers after how many milliseconds to look again. */
  reconcile(key: string, namespace: string): number | undefined {
    const { world, statuses, routingsOf } = this.#options;
    const routings = routingsOf(namespace);
    const again: number[] = [];
    for (const [objectKey, verdict] of compileEvents(world.events(namespace))) {
      const declared = world.at(objectKey);
      if (declared === undefined) continue;
      const topic = topicOf(declared.resource);
      const routing = routings.filter(({ eventTopic }) => eventTopic === topic);
      const programmed = programmedBy(routing, objectKey, declared.resource);
      if (programmed === 'TooEarly') {
        again.push(PENDING_AFTER_MS);
        continue;
      }
      const standing = { verdict, programmed };
      if (declared.resource.kind === 'EventTopic') {
        statuses.tell(key, declared, { ...standing, fields: undefined });
        continue;
      }
      const judged = { ...standing, verdict: withSecrets(verdict, declared, routing) };
      const [delivery, againMs] = this.#paced(declared, deliveryOf(declared, routing));
      if (againMs !== undefined) again.push(againMs);
      statuses.tell(key, declared, { ...judged, ...delivery });
    }
    return again.length === 0 ? undefined : Math.min(...again);
  }

  /** What is news is told at once, what only grows now and then. */
  #paced(declared: Declared, delivery: Delivery): [Delivery, againMs?: number] {
    const said = saidDelivery(declared);
    const isNews = reasonOf(said.delivering) !== reasonOf(delivery.delivering);
    const isSame = textOf(said) === textOf(delivery);
    if (isSame) return [delivery];
    const nowMs = this.#options.clock.nowMs();
    const countedMs = this.#countedMs.get(declared) ?? -Infinity;
    const waitMs = countedMs + COUNTERS_AFTER_MS - nowMs;
    if (!isNews && waitMs > 0) return [said, waitMs];
    this.#countedMs.set(declared, nowMs);
    return [delivery];
  }
}

/**
 * All MqttNamespaces of a Kubernetes namespace read the same Secrets. Without one an
 * EventSubscription stays with the brokers, which would otherwise forget how far it is.
 */
function withSecrets(
  verdict: Verdict,
  { resource }: Declared,
  routings: readonly Routing[],
): Verdict {
  const found = routings.map(({ unresolvedSecrets }) => unresolvedSecrets);
  const [first] = found.flatMap((each) => {
    const violations = each.get(resource.metadata.name);
    return violations === undefined ? [] : [violations];
  });
  return first === undefined ? verdict : { ...verdict, lacking: first };
}

function topicOf({ kind, metadata, spec }: Resource): unknown {
  return kind === 'EventTopic' ? metadata.name : recordOf(recordOf(spec)['topicRef'])['name'];
}

function programmedBy(
  routings: readonly Routing[],
  objectKey: string,
  resource: Resource,
): ProgrammedState | 'TooEarly' {
  if (routings.length === 0) return NOT_ROUTED_TO;
  const states = routings.map(({ stateOf, name }) => [name, stateOf(objectKey, resource)] as const);
  const [name, state] = states.find(([, each]) => each !== 'Programmed') ?? [];
  if (state === undefined) return 'Programmed';
  if (typeof state === 'string') return state;
  return { reason: state.reason, message: `MqttNamespace ${name}: ${state.message}` };
}

/** What brokers say; as long as not all of them have said it, what was said before stays. */
function deliveryOf(declared: Declared, routings: readonly Routing[]): Delivery {
  if (routings.length === 0) return { delivering: undefined, fields: {} };
  const standings: DeliveryStanding[] = [];
  for (const { brokers } of routings) {
    const told = brokers.connected.flatMap(({ deliveries }) => {
      return deliveries.get(declared.resource.metadata.name) ?? [];
    });
    if (told.length < Math.max(brokers.replicas, brokers.connected.length, 1)) {
      return saidDelivery(declared);
    }
    standings.push(...told);
  }
  const { counters, fault } = sumOf(standings);
  return { delivering: deliveringState(fault), fields: { ...counters } };
}

function saidDelivery(declared: Declared): Delivery {
  const before = readStatus(declared.writing ?? declared.status);
  const fields = countersIn(before);
  const said = findCondition(before.conditions, 'Delivering');
  const { status, reason, message } = said ?? {};
  if (status === undefined || reason === undefined || message === undefined) {
    return { delivering: undefined, fields };
  }
  return { delivering: status === 'True' ? 'Delivering' : { reason, message }, fields };
}

function reasonOf(state: DeliveringState | undefined): string {
  return typeof state === 'object' ? state.reason : (state ?? '');
}

/** Fields in any order: the server sorts them. */
function textOf({ delivering, fields }: Delivery): string {
  return JSON.stringify([delivering, Object.entries(fields).sort()]);
}
