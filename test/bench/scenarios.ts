/** What is measured, as a table: issue 8's columns first. */
import type { BrokerName } from './brokers/start.ts';
import type { Group, Job, MessagesJob, Shape } from './load/job.ts';
import { clientsOf } from './load/plan.ts';

/** A job but for what the run decides: where the broker is, and for how long. */
type Sketch<Kind extends Job = Job> = Kind extends Job
  ? Omit<Kind, 'port' | 'pid' | 'certificates' | 'threads' | 'warmSeconds' | 'seconds'>
  : never;

export interface Scenario {
  readonly name: string;
  readonly job: Sketch;
  /** What one unit is, of which CPU time and rate are given. */
  readonly unit: 'message' | 'connect' | 'connection';
  readonly brokers: readonly BrokerName[];
  /** What ratios are to. */
  readonly baseline: BrokerName;
  /** Rounds in a quick run; 0: not in it. */
  readonly quickRounds: number;
  /** Each measurement has a broker process of its own: what another left would show. */
  readonly fresh: boolean;
  /** Smaller, so that a quick run is quick. */
  readonly quickJob?: Sketch;
}

const EVERYBODY: readonly BrokerName[] = ['mqttgrid', 'floor', 'mosquitto', 'aedes'];
/** The floor has no sessions. */
const WITH_SESSIONS: readonly BrokerName[] = ['durable', 'mqttgrid', 'mosquitto', 'aedes'];

const WINDOW = 16;
/** Large payloads on their way at once stay under what brokers keep for a slow client (1 MiB). */
const WINDOW_BYTES_MAX = 262144;

type MessagesSketch = Sketch<MessagesJob>;

function messages(groups: readonly Group[], changes: Partial<MessagesSketch> = {}): MessagesSketch {
  const payloadBytes = changes.payloadBytes ?? 128;
  const window = Math.min(WINDOW, Math.floor(WINDOW_BYTES_MAX / payloadBytes));
  return {
    kind: 'messages',
    groups,
    level: 4,
    qos: 0,
    payloadBytes,
    window,
    burst: window,
    persistent: false,
    halfLoad: false,
    ...changes,
  };
}

function scenario(name: string, job: Sketch, changes: Partial<Scenario> = {}): Scenario {
  return {
    name,
    job,
    unit: 'message',
    brokers: EVERYBODY,
    baseline: 'floor',
    quickRounds: 0,
    fresh: false,
    ...changes,
  };
}

const QOS = [0, 1] as const;

const SHAPES: Readonly<Record<string, Group>> = {
  pairs: { shape: 'pairs', publishers: 20, subscribers: 20 },
  'fan-in': { shape: 'fanIn', publishers: 40, subscribers: 1 },
  'fan-out': { shape: 'fanOut', publishers: 1, subscribers: 100 },
};

/** aedes 1 speaks MQTT 3.1.1 alone. */
const WITH_LEVEL_5 = EVERYBODY.filter((name) => name !== 'aedes');

/** The six columns: every shape at both QoS. */
function columns(level: 4 | 5, suffix: string, quickRounds: number): Scenario[] {
  return QOS.flatMap((qos) =>
    Object.entries(SHAPES).map(([shape, group]) =>
      scenario(`${shape}-q${qos}${suffix}`, messages([group], { level, qos }), {
        quickRounds,
        brokers: level === 5 ? WITH_LEVEL_5 : EVERYBODY,
      }),
    ),
  );
}

const PAYLOADS = { '16B': 16, '1KiB': 1024, '64KiB': 65536 } as const;

function payloads(): Scenario[] {
  const pairs = SHAPES.pairs!;
  return Object.entries(PAYLOADS).flatMap(([label, payloadBytes]) =>
    QOS.map((qos) => scenario(`pairs-q${qos}-${label}`, messages([pairs], { qos, payloadBytes }))),
  );
}

function group(shape: Shape, publishers: number, subscribers: number, rate?: number): Group {
  return { shape, publishers, subscribers, ...(rate === undefined ? {} : { rate }) };
}

/** One message at a time, each in a TLS record of its own. */
function devices(): Scenario[] {
  return QOS.map((qos) =>
    scenario(`devices-q${qos}`, messages([SHAPES.pairs!], { qos, burst: 1 }), {
      quickRounds: 1 - qos,
    }),
  );
}

const MANY_SLOW = [group('fanIn', 1000, 1, 1), group('pairs', 4, 4)];

function crowds(): Scenario[] {
  return [
    scenario('1000-slow-4-fast-q0', messages(MANY_SLOW)),
    scenario('1000-slow-4-fast-q1', messages(MANY_SLOW, { qos: 1 })),
    scenario('fan-out-1000-q0', messages([group('fanOut', 1, 1000)])),
    scenario('fan-out-1000-q1', messages([group('fanOut', 1, 1000)], { qos: 1 })),
  ];
}

/** QoS 1 to sessions that outlive their connections: on disk in mqttgrid, in memory in others. */
function persistent(): Scenario[] {
  const changes = { brokers: WITH_SESSIONS, baseline: 'mqttgrid', fresh: true } as const;
  const sketch = { qos: 1, persistent: true } as const;
  return [
    scenario('durable-pairs-q1', messages([SHAPES.pairs!], sketch), { ...changes, quickRounds: 1 }),
    scenario('durable-fan-in-q1', messages([SHAPES['fan-in']!], sketch), changes),
    scenario('durable-fan-out-q1', messages([group('fanOut', 1, 10)], sketch), changes),
    scenario(
      'durable-half-load',
      messages([SHAPES.pairs!], { ...sketch, halfLoad: true }),
      changes,
    ),
    scenario(
      'drain',
      { kind: 'drain', level: 4, sessions: 20, messages: 2000, payloadBytes: 128 },
      changes,
    ),
  ];
}

function halfLoad(): Scenario[] {
  return QOS.map((qos) =>
    scenario(`half-load-q${qos}`, messages([SHAPES.pairs!], { qos, burst: 1, halfLoad: true }), {
      quickRounds: qos,
    }),
  );
}

/** What a process takes once as it warms up is divided by them: with few, it is all there is. */
const IDLE_CLIENTS = { full: 3000, quick: 250 };

/** A broker may hold off a client that connects all the time: many take turns. */
const CONNECTING_CLIENTS = { full: 600, quick: 128 };

function connections(): Scenario[] {
  const connect = (resume: boolean): Scenario => {
    const job = (clients: number): Sketch => ({ kind: 'connect', level: 4, clients, resume });
    return scenario(resume ? 'resume' : 'connect', job(CONNECTING_CLIENTS.full), {
      unit: 'connect',
      quickRounds: 1,
      quickJob: job(CONNECTING_CLIENTS.quick),
    });
  };
  const idle = (clients: number): Sketch => ({ kind: 'idle', level: 4, clients });
  return [
    connect(false),
    connect(true),
    scenario('idle', idle(IDLE_CLIENTS.full), {
      unit: 'connection',
      quickRounds: 1,
      fresh: true,
      quickJob: idle(IDLE_CLIENTS.quick),
    }),
  ];
}

export const SCENARIOS: readonly Scenario[] = [
  ...columns(4, '', 2),
  ...columns(5, '-v5', 0),
  ...payloads(),
  ...devices(),
  ...crowds(),
  ...persistent(),
  ...halfLoad(),
  ...connections(),
];

/** What a run of this kind does for a scenario. */
export function sketchOf({ job, quickJob }: Scenario, quick: boolean): Sketch {
  return (quick ? quickJob : undefined) ?? job;
}

/** How many client certificates a job takes. */
export function clientsOfJob(job: Sketch): number {
  if (job.kind === 'messages') return clientsOf(job.groups);
  return job.kind === 'drain' ? job.sessions + 1 : job.clients;
}
