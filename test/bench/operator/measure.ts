/** The measurements, each of an installation that is in the state that the one before left. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Kind } from '../../../domain/resources.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { eventually } from '../../support/within.ts';
import type { ApiServerLoad } from './api-server-load.ts';
import {
  bindingSpec,
  clientName,
  clientSpec,
  createClients,
  deleteClients,
  spaceSpec,
} from './declarations.ts';
import { GRID, type Installation } from './installation.ts';
import { Acknowledgements, Statuses } from './observer.ts';

/** Longer than anything takes that is not broken, at 100,000 objects on a busy machine. */
const TIMEOUT_MS = 1_200_000;
/** Between two changes: nothing of the one before is left to be done. */
const BETWEEN_CHANGES_MS = 60;

export interface ChangeTimes {
  /** From the API server's answer to the write, until both brokers have acknowledged it. */
  readonly acknowledgedMs: readonly number[];
  /** Until the status that says so has come to a watch. */
  readonly statusMs: readonly number[];
}

/** One object of each kind is edited again and again. */
const CHANGED = {
  TopicSpace: { name: 'space-3', spec: (revision: number) => spaceSpec(3, revision) },
  Client: { name: clientName(500), spec: (revision: number) => clientSpec(500, revision) },
  PermissionBinding: { name: 'binding-7', spec: (revision: number) => bindingSpec(7, revision) },
} as const satisfies Partial<
  Record<Kind, { readonly name: string; readonly spec: (revision: number) => object }>
>;
export type ChangedKind = keyof typeof CHANGED;
export const CHANGED_KINDS = Object.keys(CHANGED) as ChangedKind[];

export async function measureChanges(
  installation: Installation,
  kind: ChangedKind,
  count: number,
): Promise<ChangeTimes> {
  const { api, operator, brokers } = installation;
  const { name, spec } = CHANGED[kind];
  const acknowledgements = new Acknowledgements(operator);
  const statuses = await Statuses.open(api, kind, name);
  const times = { acknowledgedMs: [] as number[], statusMs: [] as number[] };
  for (let revision = 1; revision <= count; revision++) {
    acknowledgements.forget();
    const object = { namespace: GRID.namespace, name };
    const { metadata } = await api.patch(resourceTypeOf(kind), object, { spec: spec(revision) });
    const answeredMs = Date.now();
    const isSaid = (): boolean => statuses.readyGeneration(name) === metadata.generation;
    const saidMs = await statuses.until('the status', isSaid, TIMEOUT_MS);
    const acknowledgedMs = await acknowledgements.ofAll(brokers, TIMEOUT_MS);
    times.acknowledgedMs.push(Math.max(0, acknowledgedMs - answeredMs));
    times.statusMs.push(Math.max(0, saidMs - answeredMs));
    // Not in step with anything that happens by the clock.
    await delay(BETWEEN_CHANGES_MS * (1 + Math.random()));
  }
  acknowledgements.close();
  statuses.close();
  return times;
}

export interface Accepting {
  readonly acceptedMs: number;
  readonly uids: readonly string[];
}

/** Without an operator: what the API server takes by itself, watched all the same. */
export async function measureFloor({ api }: Installation, clients: number): Promise<number> {
  const statuses = await Statuses.open(api, 'Client');
  const { uids, tookMs } = await createClients(api, 0, clients);
  await deleteClients(api, uids);
  statuses.close();
  return tookMs;
}

export interface Burst {
  readonly acceptedMs: number;
  /** After the last one was accepted, until every broker had acknowledged all of them. */
  readonly inForceAfterMs: number;
  /** From the first one's creation until the last status was there. */
  readonly statusesMs: number;
  readonly writesInFlightMax: number;
  /** Written by the operator, a second, from the first creation to the last status. */
  readonly statusesPerSecond: number;
  /** Of the operator. */
  readonly cpuSeconds: number;
  readonly uids: readonly string[];
}

/** Clients `from` to `to` are created while operator and brokers run. */
export async function measureBurst(
  installation: Installation,
  load: ApiServerLoad,
  [from, to]: readonly [from: number, to: number],
): Promise<Burst> {
  const { api, operator, brokers } = installation;
  const statuses = await Statuses.open(api, 'Client');
  const acknowledgements = new Acknowledgements(operator);
  const writesBefore = await load.writes();
  const cpuBefore = operator.cpuSeconds;
  const beginMs = Date.now();
  const work = async () => {
    const { uids, tookMs } = await createClients(api, from, to);
    const acceptedAtMs = Date.now();
    const isSaid = (): boolean => statuses.ready === to;
    const saidMs = await statuses.until(`${to} statuses`, isSaid, TIMEOUT_MS);
    await acknowledgements.ofAll(brokers, TIMEOUT_MS);
    const inForceAfterMs = Math.max(0, acknowledgements.lastMs - acceptedAtMs);
    return { uids, acceptedMs: tookMs, inForceAfterMs, statusesMs: saidMs - beginMs };
  };
  const { value, inFlightMax } = await load.inFlightDuring(work());
  const writes = await load.writesSince(writesBefore);
  const statusWrites = writes.get('PATCH clients status') ?? 0;
  acknowledgements.close();
  statuses.close();
  return {
    ...value,
    writesInFlightMax: inFlightMax,
    statusesPerSecond: (statusWrites * 1000) / value.statusesMs,
    cpuSeconds: operator.cpuSeconds - cpuBefore,
  };
}

export interface Restart {
  /** What the API server takes to list all Clients by pages, while no operator asks for them. */
  readonly listMs: number;
  /** From the start of the process until it leads, which it does once its caches are complete. */
  readonly leadingMs: number;
  /** Until both brokers have what it says is the newest. */
  readonly acknowledgedMs: number;
  /** Until it uses next to no CPU. */
  readonly quietMs: number;
  /** Until then and a while after: `PATCH clients status`. */
  readonly writes: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly residentMib: number;
  readonly residentMaxMib: number;
}

/** As informers ask. */
const PAGE_OBJECTS = 500;
const SAMPLE_MS = 100;
/** Of CPU time within a sample: less than this is quiet. */
const QUIET_SECONDS_MAX = 0.03;
const QUIET_SAMPLES = 40;

/** Stopped as a Deployment stops it, and started. */
export async function measureRestart(
  installation: Installation,
  load: ApiServerLoad,
): Promise<Restart> {
  await installation.stopOperator();
  const listMs = await measureList(installation);
  const writesBefore = await load.writes();
  const beginMs = Date.now();
  const operator = installation.startOperator();
  const acknowledgements = new Acknowledgements(operator);
  const leading = operator.line('leading');
  const quietAtMs = untilQuiet(() => operator.cpuSeconds, leading);
  const acknowledgedMs = (await acknowledgements.ofAll(installation.brokers, TIMEOUT_MS)) - beginMs;
  const quietMs = (await quietAtMs) - beginMs;
  const leadingMs = (await leading).time - beginMs;
  acknowledgements.close();
  return {
    listMs,
    leadingMs,
    acknowledgedMs,
    quietMs,
    writes: Object.fromEntries(await load.writesSince(writesBefore)),
    cpuSeconds: operator.cpuSeconds,
    residentMib: operator.residentMib,
    residentMaxMib: operator.residentMaxMib,
  };
}

async function measureList({ api }: Installation): Promise<number> {
  const beginMs = performance.now();
  let from: string | undefined;
  do {
    const rest = from === undefined ? {} : { continue: from };
    from = (await api.list(resourceTypeOf('Client'), { limit: PAGE_OBJECTS, ...rest })).continue;
  } while (from !== undefined);
  return performance.now() - beginMs;
}

/** When the last sample with more than a little CPU time was over, after `since`. */
async function untilQuiet(cpuSeconds: () => number, since: Promise<unknown>): Promise<number> {
  await since;
  let lastBusyMs = Date.now();
  let before = cpuSeconds();
  let quietSamples = 0;
  await eventually(TIMEOUT_MS, 'the operator is quiet', async () => {
    await delay(SAMPLE_MS);
    const now = cpuSeconds();
    const isBusy = now - before > QUIET_SECONDS_MAX;
    before = now;
    quietSamples = isBusy ? 0 : quietSamples + 1;
    if (isBusy) lastBusyMs = Date.now();
    return quietSamples === QUIET_SAMPLES ? true : undefined;
  });
  return lastBusyMs;
}
