/** One run: a workload, what goes wrong meanwhile, and what must hold all the same. */
import { API_VERSION } from '../../../domain/resources.ts';
import { KubeApiError, type KubeObject } from '../../../kube/kube-api.ts';
import { SECRETS, STATEFUL_SETS } from '../../../operator/namespace/workload/owned-types.ts';
import type { Faults } from '../../support/kube-model/faulty-api.ts';
import { asJson, asObject } from '../../support/kube-model/json.ts';
import { typeNamed } from '../../support/kube-model/kinds.ts';
import { Cluster } from './cluster.ts';
import { Declarations } from './declarations.ts';
import { differences, endStateOf, keyOf, type EndState } from './end-state.ts';
import * as oracles from './oracles.ts';
import type { Replica } from './replica.ts';
import * as routing from './routing-oracles.ts';
import type { Step, Workload } from './workloads.ts';

export const NAMESPACE = 'plant';

export interface ReplicaFaults {
  readonly faults?: Faults;
  readonly electionFaults?: Faults;
}

/** What goes wrong, made anew for each run, since it counts; and then for each replica in it. */
export type Trouble = (run: Run) => (self: () => Replica) => ReplicaFaults;

export interface PlanOptions {
  readonly seed: string;
  readonly authority: KubeObject;
  readonly certificate: Readonly<Record<string, string>>;
  readonly workload: Workload;
  readonly trouble?: Trouble | undefined;
  readonly replicas?: number | undefined;
  readonly propagation?: oracles.Propagation | undefined;
  /** Differences to what a fresh apply comes to that are meant to be. */
  readonly meant?: RegExp | undefined;
  /** What must not be deleted. */
  readonly keeps?: readonly string[] | undefined;
}

const PROPAGATION: oracles.Propagation = { windowMs: 1000, by: 'wholes' };

/** From the end of one process to the next one's start. */
const RESTART_MS = 500;

/** The Lease of one that ended runs out, and the next one's retry comes. */
const ELECTED_MS = 20_000;

/** In which a StatefulSet is deleted, also by a leader that has to be elected first. */
const DELETED_MS = 30_000;

export class Run {
  readonly cluster: Cluster;
  readonly declarations = new Declarations();
  readonly #options: PlanOptions;
  readonly #faultsOf: ReturnType<Trouble>;
  #operatorIsWanted = true;

  constructor(options: PlanOptions) {
    this.#options = options;
    this.cluster = new Cluster(options);
    this.#faultsOf = options.trouble?.(this) ?? (() => ({}));
    const { server, clock } = this.cluster;
    server.onChange((change) => this.declarations.note(change, clock.nowMs()));
  }

  /** The process ends here and now, and another one is started. */
  crash(replica: Replica): void {
    replica.crash();
    // Nothing need change until the next one leads.
    const { clock, troubledUntilMs } = this.cluster;
    const leadsAtMs = clock.nowMs() + RESTART_MS + ELECTED_MS;
    this.cluster.troubledUntilMs = Math.max(troubledUntilMs, leadsAtMs);
    clock.after(RESTART_MS, () => {
      if (this.#operatorIsWanted) this.#startReplica();
    });
  }

  #startReplica(): void {
    const { faults, electionFaults } = this.#faultsOf(() => started);
    const started = this.cluster.startReplica(faults, electionFaults);
  }

  async play(): Promise<void> {
    for (let number = 0; number < (this.#options.replicas ?? 1); number++) this.#startReplica();
    await this.cluster.run(100);
    for (const step of this.#options.workload) await this.#take(step);
    await this.cluster.untilQuiet();
  }

  async #take(step: Step): Promise<void> {
    const { cluster } = this;
    switch (step.do) {
      case 'put':
        return this.#put(step);
      case 'delete':
        return this.#delete(step);
      case 'putSecret':
      case 'deleteSecret':
        return this.#takeSecret(step);
      case 'rest':
        await cluster.run(step.ms);
        return;
      case 'awaitDeletion':
        return this.#awaitDeletion(step.name);
      default:
        this.#takeEvent(step.do);
    }
  }

  async #awaitDeletion(name: string): Promise<void> {
    const { server } = this.cluster;
    const uid = server.get(STATEFUL_SETS, placed(name))?.metadata.uid;
    await this.cluster.run(DELETED_MS, () => {
      const now = server.get(STATEFUL_SETS, placed(name))?.metadata;
      return now?.uid !== uid || now?.deletionTimestamp !== undefined;
    });
  }

  #takeEvent(event: 'disconnect' | 'reconnect' | 'operatorEnds' | 'operatorStarts'): void {
    switch (event) {
      case 'disconnect':
        return this.cluster.disconnect('all');
      case 'reconnect':
        return this.cluster.reconnect();
      case 'operatorEnds':
        this.#operatorIsWanted = false;
        for (const replica of this.cluster.replicas) replica.crash();
        return;
      case 'operatorStarts':
        this.#operatorIsWanted = true;
        return this.#startReplica();
    }
  }

  #takeSecret(step: Step & { readonly do: 'putSecret' | 'deleteSecret' }): void {
    const { server } = this.cluster;
    const { do: what, name, data = this.#options.certificate } = step;
    if (what === 'deleteSecret') return server.delete(SECRETS, placed(name), {});
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: placed(name) };
    const type = 'tls.key' in data ? 'kubernetes.io/tls' : 'Opaque';
    server.create(SECRETS, asObject({ ...secret, type, data }), KUBECTL);
  }

  #delete({ kind, name }: Step & { readonly do: 'delete' }): void {
    const { server } = this.cluster;
    const type = typeNamed(API_VERSION, kind);
    if (server.get(type, placed(name)) !== undefined) server.delete(type, placed(name), {});
  }

  #put(step: Step & { readonly do: 'put' }): void {
    try {
      this.#putOrThrow(step);
    } catch (error) {
      if (step.isOptional !== true || !(error instanceof KubeApiError)) throw error;
    }
  }

  #putOrThrow({ kind, name, spec }: Step & { readonly do: 'put' }): void {
    const { server } = this.cluster;
    const type = typeNamed(API_VERSION, kind);
    const known = server.get(type, placed(name));
    if (known !== undefined) server.replace(type, asObject({ ...known, spec }), KUBECTL);
    else {
      const object = { apiVersion: API_VERSION, kind, metadata: placed(name), spec };
      server.create(type, object, KUBECTL);
    }
  }
}

const KUBECTL = { manager: 'kubectl' };

function placed(name: string): { readonly name: string; readonly namespace: string } {
  return { name, namespace: NAMESPACE };
}

/** What a run without faults comes to, and what it took. */
export interface Reference {
  readonly endState: EndState;
  readonly churn: ReadonlyMap<string, number>;
  readonly writes: number;
  readonly events: number;
}

/** The same workload without faults, held to what is declared at its end, applied afresh. */
export async function referenceOf(options: PlanOptions): Promise<Reference> {
  let events = 0;
  const counting: Trouble = () => () => ({ faults: { onEvent: () => void events++ } });
  const { run, findings } = await runPlan({ ...options, trouble: counting }, undefined);
  const fresh = await freshlyApplied(options, run);
  findings.push(...unmeant(options, differences(endStateOf(run.cluster.server), fresh)));
  if (findings.length > 0) throw new Error(findings.join('\n'));
  const calls = run.cluster.pastReplicas.flatMap((replica) => replica.calls);
  return {
    endState: endStateOf(run.cluster.server),
    churn: oracles.churnOf(run.cluster.changes),
    writes: calls.filter(({ writeIndex }) => writeIndex !== undefined).length,
    events,
  };
}

function unmeant({ meant }: PlanOptions, lines: readonly string[]): string[] {
  return lines.filter((line) => meant?.test(line) !== true);
}

/** All that there is at the end, declared in the order of its creation in a new cluster. */
async function freshlyApplied(
  options: PlanOptions,
  { declarations, cluster }: Run,
): Promise<EndState> {
  const { last } = declarations;
  const steps: Step[] = [...cluster.server.all(SECRETS)]
    .filter(({ metadata }) => metadata.namespace === NAMESPACE && metadata.labels === undefined)
    .map((secret) => {
      const data = asJson(secret)['data'] as Readonly<Record<string, string>>;
      return { do: 'putSecret', name: secret.metadata.name, data };
    });
  let atMs = 0;
  const inOrder = [...last.resources.values()].sort((left, right) => {
    return left.metadata.creationTimestamp < right.metadata.creationTimestamp ? -1 : 1;
  });
  for (const { kind, metadata, spec } of inOrder) {
    const createdMs = Date.parse(metadata.creationTimestamp);
    if (atMs !== 0 && createdMs > atMs) steps.push({ do: 'rest', ms: 1100 });
    atMs = createdMs;
    steps.push({ do: 'put', kind, name: metadata.name, spec: { ...spec } });
  }
  const run = new Run({ ...options, trouble: undefined, workload: steps });
  await run.play();
  return withRetained(endStateOf(run.cluster.server), cluster);
}

/** Volumes of MqttNamespaces that are gone, which asked for that. */
function withRetained(fresh: EndState, { server }: Cluster): EndState {
  const here = endStateOf(server);
  const claims = server.all(typeNamed('v1', 'PersistentVolumeClaim')).filter((claim) => {
    return claim.metadata.ownerReferences === undefined && !fresh.has(keyOf(claim));
  });
  return new Map([
    ...fresh,
    ...claims.map((claim) => [keyOf(claim), here.get(keyOf(claim)) ?? asJson(claim)] as const),
  ]);
}

/** Answers what did not hold, in words. */
export async function runPlan(
  options: PlanOptions,
  reference: Reference | undefined,
): Promise<{ readonly run: Run; readonly findings: string[] }> {
  const run = new Run(options);
  const { cluster, declarations } = run;
  const findings: string[] = [];
  try {
    await run.play();
    await cluster.staysQuiet();
  } catch (error) {
    findings.push(error instanceof Error ? error.message : String(error));
  }
  const { applied } = cluster.brokers;
  findings.push(
    ...oracles.undeclared(applied, declarations, options.propagation ?? PROPAGATION),
    ...oracles.wentBack(applied),
    ...oracles.notInForce(cluster, declarations),
    ...oracles.uncontrolled(cluster),
    ...oracles.wrongStatuses(cluster, declarations),
    ...oracles.wrongTimes(cluster, options.propagation ?? PROPAGATION),
    ...oracles.contendedLease(cluster),
    ...oracles.carelessDeletes(cluster),
    ...oracles.deleted(cluster.changes, options.keeps ?? []),
    ...oracles.toldTooEarly(cluster, declarations),
    ...oracles.wroteAfterLosing(cluster),
    ...oracles.lostVolumes(cluster.changes),
    ...routing.wrongSecrets(cluster, declarations),
    ...routing.toldSecrets(cluster),
    ...cluster.errors.map(({ msg, ...about }) => `logged: ${msg} ${JSON.stringify(about)}`),
  );
  if (reference !== undefined) {
    findings.push(
      ...unmeant(options, differences(endStateOf(cluster.server), reference.endState)),
      ...oracles.extraChurn(oracles.churnOf(cluster.changes), reference.churn),
    );
  }
  for (const replica of cluster.replicas) replica.crash();
  return { run, findings };
}
