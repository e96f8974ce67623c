/** How long a change of the declarations holds up a broker's messages. */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import type { Snapshot } from '../../../domain/snapshot.ts';
import { clientName } from '../certificates.ts';
import { LoadClient, openAll } from '../load/client.ts';
import { ROOT } from '../load/job.ts';
import { Served } from './served.ts';
import { SteadyStream } from './steady.ts';
import { clientOf, groupOf, spaceOf, TRAFFIC, withValue, worldOf } from './world.ts';

export interface SwapOptions {
  readonly certificates: string;
  /** PEM of the authority that issued them, and of another one. */
  readonly authority: string;
  readonly otherAuthority: string;
  readonly folder: string;
  readonly clients: number;
  readonly connected: number;
  readonly rounds: number;
  readonly execArgv?: readonly string[];
  readonly progress: (line: string) => void;
}

export interface Swap {
  readonly change: string;
  /** The longest hold of the event loop, and the latest message, of each round. */
  readonly gapMs: number[];
  readonly latestMs: number[];
  /** From the operator's first byte to its acknowledgement. */
  readonly acknowledgedMs: number[];
}

/** Garbage of a change, and what is written of it, fall into its time. */
const AFTERWARDS_MS = 600;
const BEFORE_MS = 100;
const STEADY_INTERVAL_MS = 2;
const FILTERS_EACH = 5;

type Change = (before: Snapshot, revision: number) => Snapshot;

function changesOf({ clients, authority, otherAuthority }: SwapOptions): Map<string, Change> {
  return new Map<string, Change>([
    ['nothing', (before) => before],
    ['one client', (before, revision) => withValue(before, 'clients', clientOf(7, revision))],
    ['one group', (before, revision) => withValue(before, 'clientGroups', groupOf(3, revision))],
    [
      'one topic space',
      (before, revision) => withValue(before, 'topicSpaces', spaceOf(3, 10, revision)),
    ],
    [
      'one CA more, or less',
      (before, revision) => {
        const authorities = revision % 2 === 0 ? [authority] : [authority, otherAuthority];
        const { caCertificates } = worldOf({ clients: 0, authorities });
        return { ...before, caCertificates };
      },
    ],
    [
      'everything',
      (_before, revision) => {
        const world = worldOf({ clients, revision, authorities: [authority, otherAuthority] });
        const groups = world.clientGroups.map((_, index) => groupOf(index, revision));
        const spaces = world.topicSpaces.map((space) => {
          const index = Number(space.name.replace(/\D/g, ''));
          return space.name === 'traffic' ? space : spaceOf(index, 10, revision);
        });
        return { ...world, clientGroups: groups, topicSpaces: spaces };
      },
    ],
  ]);
}

export async function measureSwaps(options: SwapOptions): Promise<Swap[]> {
  const { certificates, folder, clients, rounds, authority, progress } = options;
  let snapshot = worldOf({ clients, authorities: [authority] });
  const { execArgv } = options;
  const served = await Served.start({
    ...{ certificates, snapshot, folder: join(folder, 'swap') },
    ...(execArgv && { execArgv }),
  });
  try {
    const held = await connectAll(served.port, options);
    const steady = await SteadyStream.start({
      ...{ port: served.port, certificates, intervalMs: STEADY_INTERVAL_MS },
      ...{ publisher: clientName(0), subscriber: clientName(1), topic: `${TRAFFIC}/steady` },
    });
    const swaps = new Map<string, Swap>();
    const watch = { served, steady, connections: held.length + 2 };
    for (let round = 1; round <= rounds; round++) {
      for (const [change, make] of changesOf(options)) {
        const next = make(snapshot, round);
        const swap = swaps.get(change) ?? { change, gapMs: [], latestMs: [], acknowledgedMs: [] };
        swaps.set(change, swap);
        progress(await measureSwap(watch, swap, next === snapshot ? undefined : next));
        snapshot = next;
      }
    }
    await steady.stop();
    for (const client of held) client.socket.destroy();
    return [...swaps.values()];
  } finally {
    await served.stop();
  }
}

interface Watch {
  readonly served: Served;
  readonly steady: SteadyStream;
  readonly connections: number;
}

/** Adds what putting the snapshot in force does, or nothing; answers it in words. */
async function measureSwap(
  { served, steady, connections }: Watch,
  swap: Swap,
  next: Snapshot | undefined,
): Promise<string> {
  await delay(BEFORE_MS);
  await steady.read();
  await served.watch();
  const acknowledgedMs = next === undefined ? 0 : await served.publish(next);
  await delay(AFTERWARDS_MS);
  const watched = await served.watched();
  const { latestMs, lost } = await steady.read();
  if (lost !== undefined) throw new Error(`${swap.change}: ${lost}`);
  if (watched.connections < connections) throw new Error(`${swap.change}: connections were lost`);
  swap.gapMs.push(watched.gapMs);
  swap.latestMs.push(latestMs);
  swap.acknowledgedMs.push(acknowledgedMs);
  const held = `loop held ${watched.gapMs.toFixed(1)} ms, latest message ${latestMs.toFixed(1)} ms`;
  return `${swap.change}: ${held}, acknowledged after ${acknowledgedMs.toFixed(0)} ms`;
}

/** Clients 2 and up, each with some subscriptions by way of its own groups and topic spaces. */
async function connectAll(port: number, options: SwapOptions): Promise<LoadClient[]> {
  const { certificates, connected, progress } = options;
  progress(`connecting ${connected} clients`);
  const numbers = Array.from({ length: connected - 2 }, (_, index) => index + 2);
  return openAll(numbers, async (number) => {
    const client = await LoadClient.open(clientName(number), { port, certificates, level: 5 });
    await client.connect(true);
    for (let at = 0; at < FILTERS_EACH - 1; at++) {
      await client.subscribe(`${TRAFFIC}/device-${number}/${at}`, 0);
    }
    await client.subscribe(`${ROOT}/traffic/commands/${number}/#`, 0);
    return client;
  });
}
