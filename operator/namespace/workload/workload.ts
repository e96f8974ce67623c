/**
 * What runs the brokers of one MqttNamespace: a StatefulSet with its volumes, the Service that
 * clients connect to, and what protects them. Level-triggered: everything follows from the
 * MqttNamespace and from what is there, and at rest nothing is written.
 */
import assert from 'node:assert/strict';
import type { Reason } from '../../../domain/reasons.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { Violation } from '../../../domain/violation.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import type { Authority } from '../../authority/authority.ts';
import type { Clock } from '../../../control/clock.ts';
import type { KubeApi, ResourceType } from '../../../kube/kube-api.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { Applier, REFUSED_RETRY_MS } from './applier.ts';
import type { Applied, Fault, Subject } from './applier.ts';
import { CertificateKeeper, controlRequest, serverRequest } from './certificates.ts';
import { DestinationSecretsKeeper } from './destination-secrets-keeper.ts';
import { endHeldPods } from './held-pods.ts';
import { EVENTS_AGAIN_MS, KubeEvents } from './kube-events.ts';
import { printSelector } from './labels.ts';
import type { Owner } from './labels.ts';
import { workloadNames } from './names.ts';
import {
  CLAIMS,
  DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
  PODS,
  SECRETS,
  SERVICES,
  STATEFUL_SETS,
} from './owned-types.ts';
import type { OwnedObjects } from './owned-types.ts';
import { replaceStuckPods } from './pods.ts';
import type { Pod } from './pods.ts';
import { disruptionBudget, networkPolicy } from './protection.ts';
import { clientService, endpointsOf, headlessService } from './services.ts';
import type { Service } from './services.ts';
import type { BrokerSettings } from './settings.ts';
import { readyReplicas, unavailable } from './standing.ts';
import { keepStatefulSet, stopPods } from './stateful-sets.ts';
import { REPLICAS_DEFAULT, serverSecretOf } from './stateful-set.ts';
import type { StatefulSet } from './stateful-set.ts';
import { TimedMemory } from './timed-memory.ts';
import { tlsSecretViolations } from './tls-secret.ts';
import { Volumes } from './volumes.ts';
import type { Claim } from './volumes.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface WorkloadInput {
  /** The MqttNamespace as the API server has it, with its UID. */
  readonly owner: Owner;
  /**
   * Accepted, and what it names exists: pods shall run. Otherwise those that there are end, and
   * everything else is left.
   */
  readonly running: boolean;
  /** Whose destinations' Secrets its brokers are to have. */
  readonly eventSubscriptions?: readonly SnapshotEventSubscription[];
}

export interface WorkloadStanding {
  /** For `status.endpoints`. */
  readonly endpoints: readonly Endpoint[];
  /** Pods that should run. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** For `status.selector`. */
  readonly selector: string;
  /** Why a pod does not run or is not ready; undefined: all that should run are ready. */
  readonly unavailable: { readonly reason: Reason; readonly message: string } | undefined;
  /** What the MqttNamespace names in vain: its TLS Secret. */
  readonly unresolved: readonly Violation[];
  /** By EventSubscription, what it names in vain: Secrets of its destinations. */
  readonly unresolvedSecrets: ReadonlyMap<string, readonly Violation[]>;
  /** What is not as declared although pods run, each for a warning: a volume that cannot grow. */
  readonly notices: readonly string[];
  /** When to look again even if nothing happens. */
  readonly againAfterMs: number | undefined;
}

export interface Workloads {
  /** @throws KubeApiError and UnreachableError where another try may succeed */
  reconcile(input: WorkloadInput): Promise<WorkloadStanding>;
}

export interface WorkloadOptions {
  /** Of the owners; MqttNamespaces where absent. */
  readonly ownerType?: ResourceType;
  readonly api: KubeApi;
  readonly owned: OwnedObjects;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly settings: BrokerSettings;
}

/** No cache holds a Secret of the user's, so it is asked for: this often at most. */
const TLS_SECRET_MS = 5_000;

/** One that is good is looked at for its expiry alone: brokers reload it by themselves. */
const TLS_SECRET_GOOD_MS = 60_000;

/** What is applied on the way, and what stood in the way. */
interface Progress {
  readonly faults: Fault[];
  /** Milliseconds from now. */
  readonly againMs: number[];
}

export class KubeWorkloads implements Workloads {
  readonly #options: WorkloadOptions;
  readonly #applier: Applier;
  readonly #certificates: CertificateKeeper;
  readonly #volumes: Volumes;
  readonly #events: KubeEvents;
  readonly #tlsSecrets: TimedMemory<readonly Violation[]>;
  readonly #destinations: DestinationSecretsKeeper;

  constructor(options: WorkloadOptions) {
    const { api, clock, ownerType = resourceTypeOf('MqttNamespace') } = options;
    this.#options = options;
    this.#applier = new Applier({ ...options, ownerType });
    this.#certificates = new CertificateKeeper(this.#applier, options.authority, clock);
    this.#volumes = new Volumes(options);
    this.#events = new KubeEvents(api, clock);
    this.#tlsSecrets = new TimedMemory(clock, TLS_SECRET_MS);
    this.#destinations = new DestinationSecretsKeeper({ api, applier: this.#applier, clock });
  }

  async reconcile({
    owner,
    running,
    eventSubscriptions = [],
  }: WorkloadInput): Promise<WorkloadStanding> {
    assert(owner.metadata.uid, 'a MqttNamespace of the API server has a UID');
    const subject = { owner, names: workloadNames(owner.metadata.name) };
    await this.#volumes.keepOwner(this.#claims(subject), owner);
    if (running) return await this.#run(subject, eventSubscriptions);
    const { owned } = this.#options;
    const name = { namespace: owner.metadata.namespace ?? '', name: subject.names.workload };
    const cached = owned.get<StatefulSet>(STATEFUL_SETS, name);
    const found =
      cached && (await this.#applier.find<StatefulSet>(STATEFUL_SETS, name.name, subject));
    if (found?.ok && found.value !== undefined) await stopPods(this.#options, found.value);
    await endHeldPods(this.#options, subject);
    return this.#stopped(subject, owned.get<Service>(SERVICES, name));
  }

  async #run(
    subject: Subject,
    eventSubscriptions: readonly SnapshotEventSubscription[],
  ): Promise<WorkloadStanding> {
    const { owner, names } = subject;
    const { settings } = this.#options;
    const progress: Progress = { faults: [], againMs: [] };
    const service = note(
      progress,
      await this.#applier.ensure(SERVICES, clientService(owner, names), subject),
    );
    for (const [type, desired] of [
      [SERVICES, headlessService(owner, names)],
      [DISRUPTION_BUDGETS, disruptionBudget(owner, names)],
      [NETWORK_POLICIES, networkPolicy(owner, names, settings)],
    ] as const) {
      note(progress, await this.#applier.ensure(type, desired, subject));
    }
    await this.#keepCertificates(subject, service, progress);
    const pods = this.#pods(subject);
    const kept = await this.#destinations.keep({ subject, eventSubscriptions, pods });
    if (!kept.applied.ok) progress.faults.push(kept.applied.fault);
    if (kept.againMs !== undefined) progress.againMs.push(kept.againMs);
    const unresolvedSecrets = kept.violations;
    const unresolved = await this.#tlsViolations(owner, progress);
    const statefulSet = await this.#keepStatefulSet(subject, unresolved, progress);
    const standing = { service, statefulSet, unresolved, unresolvedSecrets, progress };
    return this.#standing(subject, standing);
  }

  async #keepCertificates(
    subject: Subject,
    service: Service | undefined,
    progress: Progress,
  ): Promise<void> {
    const { clock, settings } = this.#options;
    const { controlSecret, serverSecret } = subject.names;
    const requests = [[controlSecret, controlRequest(subject)] as const];
    if (subject.owner.spec.tls?.secretName === undefined && service !== undefined) {
      requests.push([serverSecret, serverRequest(subject, service, settings)]);
    }
    for (const [name, request] of requests) {
      const renewAtMs = note(progress, await this.#certificates.keep(subject, name, request));
      if (renewAtMs !== undefined) progress.againMs.push(renewAtMs - clock.nowMs());
    }
  }

  async #tlsViolations(owner: Owner, { againMs }: Progress): Promise<readonly Violation[]> {
    const name = owner.spec.tls?.secretName;
    if (name === undefined) return [];
    const { api, clock } = this.#options;
    const { namespace = '' } = owner.metadata;
    const violations = await this.#tlsSecrets.getOr(`${namespace}/${name}`, async () => {
      const secret = await api.get<Secret>(SECRETS, { namespace, name });
      return tlsSecretViolations(name, secret, clock.nowMs());
    });
    againMs.push(violations.length > 0 ? TLS_SECRET_MS : TLS_SECRET_GOOD_MS);
    return violations;
  }

  async #keepStatefulSet(
    subject: Subject,
    unresolved: readonly Violation[],
    progress: Progress,
  ): Promise<StatefulSet | undefined> {
    const { owner, names } = subject;
    const { api, owned, settings } = this.#options;
    const found = await this.#applier.find<StatefulSet>(STATEFUL_SETS, names.workload, subject);
    if (!found.ok) return note(progress, found);
    // Pods that have a certificate go on with it: with a broken one they would not start.
    const declared = owner.spec.tls?.secretName ?? names.serverSecret;
    const inUse = found.value && serverSecretOf(found.value);
    const serverSecret = unresolved.length === 0 ? declared : inUse;
    if (serverSecret === undefined) {
      const message = 'no broker starts without the certificate that spec.tls names';
      progress.faults.push({ message, passing: false });
      return undefined;
    }
    const input = { ...subject, settings, serverSecret };
    const keeper = { api, owned, applier: this.#applier };
    const statefulSet = note(progress, await keepStatefulSet(keeper, input, found.value));
    if (statefulSet === undefined) return undefined;
    const pods = this.#pods(subject);
    await this.#volumes.replaceUnbound(this.#claims(subject), pods, owner);
    await replaceStuckPods(api, statefulSet, pods);
    return statefulSet;
  }

  async #standing(
    subject: Subject,
    kept: {
      readonly service: Service | undefined;
      readonly statefulSet: StatefulSet | undefined;
      readonly unresolved: readonly Violation[];
      readonly unresolvedSecrets: WorkloadStanding['unresolvedSecrets'];
      readonly progress: Progress;
    },
  ): Promise<WorkloadStanding> {
    const { owner, names } = subject;
    const { service, statefulSet, unresolved, unresolvedSecrets, progress } = kept;
    const { faults, againMs } = progress;
    const observed = {
      workload: names.workload,
      replicas: statefulSet?.spec.replicas ?? owner.spec.replicas ?? REPLICAS_DEFAULT,
      statefulSet,
      pods: this.#pods(subject),
      claims: this.#claims(subject),
    };
    const waiting = await unavailable(observed, this.#events);
    const lasting = faults.filter((fault) => !fault.passing);
    if (lasting.length > 0) againMs.push(REFUSED_RETRY_MS);
    if (waiting !== undefined || faults.length > lasting.length) againMs.push(EVENTS_AGAIN_MS);
    const message = lasting.map((fault) => fault.message).join('. ');
    return {
      endpoints: service === undefined ? [] : endpointsOf(service),
      replicas: observed.replicas,
      readyReplicas: readyReplicas(observed),
      selector: printSelector(names),
      unavailable: lasting.length > 0 ? { reason: 'BrokerUnavailable', message } : waiting,
      unresolved,
      unresolvedSecrets,
      notices: await this.#volumes.resize(observed.claims, owner),
      // Not at once, whatever is overdue.
      againAfterMs: Math.max(Math.min(...againMs), AGAIN_MS_MIN),
    };
  }

  #stopped({ names }: Subject, service: Service | undefined): WorkloadStanding {
    return {
      endpoints: service === undefined ? [] : endpointsOf(service),
      replicas: 0,
      readyReplicas: 0,
      selector: printSelector(names),
      unavailable: undefined,
      unresolved: [],
      unresolvedSecrets: new Map(),
      notices: [],
      againAfterMs: undefined,
    };
  }

  #pods({ owner, names }: Subject): readonly Pod[] {
    const { namespace = '' } = owner.metadata;
    return this.#options.owned.ofWorkload<Pod>(PODS, namespace, names.workload);
  }

  #claims({ owner, names }: Subject): readonly Claim[] {
    const { namespace = '' } = owner.metadata;
    return this.#options.owned.ofWorkload<Claim>(CLAIMS, namespace, names.workload);
  }
}

const AGAIN_MS_MIN = 1_000;

/** The value; where there is none, what stands in the way is remembered. */
function note<Value>({ faults }: Progress, applied: Applied<Value>): Value | undefined {
  if (applied.ok) return applied.value;
  faults.push(applied.fault);
  return undefined;
}
