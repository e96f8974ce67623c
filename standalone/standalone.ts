/**
 * mqttgrid without Kubernetes: a folder of manifests, and one broker in this process for each
 * MqttNamespace in it, kept as the folder says.
 */
import { resolve } from 'node:path';
import { withFilesIn } from '../broker/events/data-files.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Delivery } from './deliveries.ts';
import type { ClientFiles } from './development-issuer.ts';
import { watchFolder } from './folder-watch.ts';
import type { FolderWatch } from './folder-watch.ts';
import { connectHost } from './hosts.ts';
import type { Listening } from './listeners.ts';
import { byPlace } from '../manifests/located.ts';
import { openParts } from './parts.ts';
import type { Parts, StandaloneOptions, StartFault } from './parts.ts';
import { listenViolations, planOf, statusesOf } from './plan.ts';
import type { Plan } from './plan.ts';
import { eventsBetween, NO_ROUND } from './rounds.ts';
import type { Round } from './rounds.ts';

/** Whether a certificate is valid depends on the time of day, so look again without a change. */
const RECHECK_MS = 60 * 60 * 1000;

/** A port that another program holds may be free again. */
const LISTEN_RETRY_MS = 5000;

/** A MqttNamespace that is served. */
export interface Served {
  /** Of the MqttNamespace. */
  readonly key: string;
  readonly snapshot: Snapshot;
  /** Of a URL that clients on this machine connect to. */
  readonly host: string;
  readonly port: number;
  /** Made for its clients, if the development CA is its authority. */
  readonly clientFiles: ClientFiles;
}

export interface Standalone {
  /** How everything stands since the last change. */
  readonly round: Round;
  /** In order of age. */
  readonly served: readonly Served[];
  /** Which authority vouches for the listeners, if it is the development CA. */
  readonly serverCaFile: string | undefined;
  close(): Promise<void>;
}

function endpointsOf(served: readonly Served[]): Map<string, string> {
  const names = served.map(({ snapshot }) => snapshot.name);
  const isUnique = (name: string): boolean => names.filter((other) => other === name).length === 1;
  return new Map(
    served.map(({ key, snapshot, host, port }) => [
      isUnique(snapshot.name) ? snapshot.name : key,
      `mqtts://${host}:${port}`,
    ]),
  );
}

class RunningStandalone implements Standalone {
  round: Round = NO_ROUND;
  served: readonly Served[] = [];
  readonly serverCaFile: string | undefined;
  readonly #parts: Parts;
  #plan: Plan | undefined;
  #listening: Listening = { ports: new Map(), faults: new Map() };
  #watch: FolderWatch | undefined;
  #secretsWatch: FolderWatch | undefined;
  #cancelRecheck: () => void = () => undefined;
  #wanted = false;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.serverCaFile = parts.serverCaFile;
  }

  /** A failure: the first MqttNamespace cannot be served. */
  async start(): Promise<StartFault | undefined> {
    const { options } = this.#parts;
    // Watched before it is read: a change in between is told, at worst twice.
    this.#watch = watchFolder({
      folder: options.folder,
      clock: options.clock,
      onChange: () => this.#request(),
    });
    const fault = await this.#runRound(true);
    if (fault !== undefined) return fault;
    const certificates = resolve(options.data, 'certificates');
    options.onEvent({ event: 'ready', endpoints: this.round.endpoints, certificates });
    this.#schedule();
    if (this.#wanted) this.#request();
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch?.close();
    this.#secretsWatch?.close();
    this.#cancelRecheck();
    await this.#working;
    await this.#parts.listeners.close();
  }

  /** What a broker says of its destinations may change how objects stand, between rounds. */
  delivered(delivery: Delivery): void {
    if (this.#plan === undefined || this.#closed) return;
    const before = this.round;
    this.round = { ...before, statuses: this.#statusesOf(this.#plan) };
    for (const event of eventsBetween(before, this.round, false)) {
      this.#parts.options.onEvent(event);
    }
    this.#parts.options.onEvent({ event: 'delivery', delivery });
  }

  #statusesOf(plan: Plan): Round['statuses'] {
    const { deliveries } = this.#parts;
    return statusesOf(plan, { listening: this.#listening, deliveries });
  }

  /** From the first one that is missing on: it is told when it is there. */
  #followSecrets(): void {
    if (this.#closed) return;
    this.#secretsWatch ??= watchFolder({
      folder: this.#parts.secretsFolder,
      clock: this.#parts.options.clock,
      onChange: () => this.#request(),
    });
  }

  #schedule(): void {
    const delayMs = this.#listening.faults.size > 0 ? LISTEN_RETRY_MS : RECHECK_MS;
    this.#cancelRecheck();
    this.#cancelRecheck = this.#parts.options.clock.after(delayMs, () => this.#request());
  }

  /** One round at a time; what is asked for meanwhile is one more round. */
  #request(): void {
    this.#wanted = true;
    if (this.round === NO_ROUND || this.#working !== undefined || this.#closed) return;
    this.#working = this.#work();
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#closed) {
      this.#wanted = false;
      await this.#runRound(false);
    }
    this.#working = undefined;
    if (!this.#closed) this.#schedule();
  }

  #nextPlan(): { readonly plan: Plan; readonly notices: readonly string[] } {
    const { options, manifests, firstSeen, issuer, secretsFolder } = this.#parts;
    const { set, fault } = manifests.load();
    const keys = set.objects.map(({ key }) => key);
    const plan = planOf(set, {
      nowMs: options.clock.nowMs(),
      creationTimestamps: firstSeen.timestamps(keys, set.complete && fault === undefined),
      secretsFolder,
      developmentCa: options.developmentCertificates
        ? issuer?.authority.caCertificatePem
        : undefined,
    });
    if (plan.missingSecrets.size > 0) this.#followSecrets();
    if (fault === undefined) return { plan, notices: set.notices };
    const kept = `${fault.message}; what was declared stays in force until it is back`;
    return { plan, notices: [...set.notices, kept] };
  }

  async #runRound(first: boolean): Promise<StartFault | undefined> {
    const { plan, notices } = this.#nextPlan();
    this.#listening = await this.#parts.listeners.apply(plan.snapshots);
    const fault = first ? this.#fatalFault(plan) : undefined;
    if (fault !== undefined) return fault;
    const told = [...notices, ...(await this.#finish(plan))];
    const before = this.round;
    this.#plan = plan;
    this.round = this.#roundOf(plan, told);
    for (const event of eventsBetween(before, this.round, first)) {
      this.#parts.options.onEvent(event);
    }
    return undefined;
  }

  #fatalFault(plan: Plan): StartFault | undefined {
    const [oldest] = plan.snapshots.keys();
    const fault = oldest === undefined ? undefined : this.#listening.faults.get(oldest);
    return fault && { message: `${fault.message}: ${fault.remedy}` };
  }

  /** What follows once the brokers run the plan. */
  async #finish(plan: Plan): Promise<string[]> {
    const { options, issuer } = this.#parts;
    const notices = this.#parts.notices.splice(0);
    let files: ReadonlyMap<string, ClientFiles> = new Map();
    if (options.developmentCertificates && issuer !== undefined) {
      const issued = await issuer.issueFor(plan);
      files = issued.files;
      notices.push(...issued.notices);
    } else {
      notices.push(
        ...plan.withoutAuthority.map(
          ({ metadata }) =>
            `MqttNamespace/${metadata.namespace}/${metadata.name} has clients that authenticate ` +
            'by certificateSubject and no CaCertificate: they cannot connect until one is declared',
        ),
      );
    }
    if (!plan.resources.some(({ kind }) => kind === 'MqttNamespace')) {
      notices.push(`${options.folder} declares no MqttNamespace, so nothing is served yet`);
    }
    this.served = this.#servedOf(plan, files);
    return notices;
  }

  #servedOf(plan: Plan, files: ReadonlyMap<string, ClientFiles>): Served[] {
    const { host: listenHost, data } = this.#parts.options;
    const host = connectHost(listenHost);
    return [...plan.snapshots].flatMap(([key, declared]) => {
      const eventSubscriptions = withFilesIn(resolve(data), declared.eventSubscriptions);
      const snapshot = { ...declared, eventSubscriptions };
      const port = this.#listening.ports.get(key);
      const clientFiles: ClientFiles = files.get(key) ?? new Map();
      return port === undefined ? [] : [{ key, snapshot, host, port, clientFiles }];
    });
  }

  #roundOf(plan: Plan, notices: readonly string[]): Round {
    const listening = this.#listening;
    return {
      notices,
      violations: [...plan.violations, ...listenViolations(plan, listening)].sort(byPlace),
      statuses: this.#statusesOf(plan),
      specs: new Map(
        plan.set.objects.filter(({ refused }) => !refused).map(({ key, spec }) => [key, spec]),
      ),
      endpoints: endpointsOf(this.served),
    };
  }
}

/**
 * Resolves when every MqttNamespace is served and `ready` was told. A failure is what the person
 * who started it must mend first; nothing is left running then.
 */
export async function startStandalone(
  options: StandaloneOptions,
): Promise<Result<Standalone, StartFault>> {
  let running: RunningStandalone | undefined;
  const opened = await openParts(options, (delivery) => running?.delivered(delivery));
  if (!opened.ok) return opened;
  const standalone = (running = new RunningStandalone(opened.value));
  const fault = await standalone.start();
  if (fault === undefined) return success(standalone);
  await standalone.close();
  return failure(fault);
}
