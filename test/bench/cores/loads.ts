/** What the variants are loaded with, and which thread each client is a client of. */
import type { Group, Job } from '../load/job.ts';
import { clientsOf as clientsOfGroups, planOf } from '../load/plan.ts';
import type { RunningVariant } from './variants.ts';

/** Which thread client number `index` of a kind is in. */
interface Placement {
  readonly publisher: (index: number, threads: number) => number;
  readonly subscriber: (index: number, threads: number) => number;
}

interface MessagesLoad {
  readonly name: string;
  readonly kind: 'messages';
  readonly group: Group;
  readonly placement: Placement;
  readonly qos: 0 | 1;
  readonly burst: number;
}

interface ConnectLoad {
  readonly name: string;
  readonly kind: 'connect';
  readonly resume: boolean;
}

export type Load = MessagesLoad | ConnectLoad;

/** What the run decides. */
export interface Duration {
  readonly certificates: string;
  readonly warmSeconds: number;
  readonly seconds: number;
}

const WINDOW = 16;
/** More than handshakes that are under way at once, and each client seldom enough for mqttgrid. */
const CONNECTING_CLIENTS = 600;

const everyOther = (index: number, threads: number): number => index % threads;
const TOGETHER: Placement = { publisher: everyOther, subscriber: everyOther };
/** As chance would have it: of n threads, one pair in n is within one. */
const MIXED: Placement = {
  publisher: everyOther,
  subscriber: (index, threads) => Math.floor(index / threads) % threads,
};
const APART: Placement = {
  publisher: everyOther,
  subscriber: (index, threads) => (index + 1) % threads,
};

const PAIRS: Group = { shape: 'pairs', publishers: 20, subscribers: 20 };
/** As many for each of two threads as one thread has otherwise. */
const TWICE_PAIRS: Group = { shape: 'pairs', publishers: 40, subscribers: 40 };
const FAN_IN: Group = { shape: 'fanIn', publishers: 40, subscribers: 1 };
const FAN_OUT: Group = { shape: 'fanOut', publishers: 1, subscribers: 100 };
/** 500 messages a second in all: no thread has anything else to do when one comes. */
const LIGHT: Group = { ...PAIRS, rate: 25 };

function messages(
  name: string,
  group: Group,
  ...[placement, burst = WINDOW]: [placement: Placement, burst?: number]
): Load[] {
  return ([0, 1] as const).map((qos) => {
    return { name: `${name}-q${qos}`, kind: 'messages', group, placement, qos, burst };
  });
}

export const LOADS: readonly Load[] = [
  ...messages('pairs-own', PAIRS, TOGETHER),
  ...messages('pairs', PAIRS, MIXED),
  ...messages('twice-pairs', TWICE_PAIRS, MIXED),
  ...messages('fan-in', FAN_IN, MIXED),
  ...messages('fan-out', FAN_OUT, MIXED),
  ...messages('devices', PAIRS, MIXED, 1),
  ...messages('light-own', LIGHT, TOGETHER, 1),
  ...messages('light-apart', LIGHT, APART, 1),
  { name: 'connect', kind: 'connect', resume: false },
  { name: 'resume', kind: 'connect', resume: true },
];

/** How many client certificates they take. */
export function clientsOf(loads: readonly Load[]): number {
  const counts = loads.map((load) => {
    return load.kind === 'messages' ? clientsOfGroups([load.group]) : CONNECTING_CLIENTS;
  });
  return Math.max(...counts);
}

export function jobOf(load: Load, { pid, port, ownPorts }: RunningVariant, run: Duration): Job {
  const common = { ...run, pid, port, level: 4, threads: 1 } as const;
  if (load.kind === 'connect') {
    return { ...common, kind: 'connect', clients: CONNECTING_CLIENTS, resume: load.resume };
  }
  return {
    ...common,
    kind: 'messages',
    groups: [load.group],
    ports: portsOf(load, ownPorts),
    qos: load.qos,
    payloadBytes: 128,
    window: WINDOW,
    burst: load.burst,
    persistent: false,
    halfLoad: false,
  };
}

function portsOf(
  { group, placement }: MessagesLoad,
  ownPorts: readonly number[],
): Record<string, number> {
  const { publishers, subscribers } = planOf([group], 1);
  const place = (thread: number): number => ownPorts[thread]!;
  return Object.fromEntries([
    ...publishers.map(({ client }, index) => {
      return [client, place(placement.publisher(index, ownPorts.length))] as const;
    }),
    ...subscribers.map(({ client }, index) => {
      return [client, place(placement.subscriber(index, ownPorts.length))] as const;
    }),
  ]);
}
