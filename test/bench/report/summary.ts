/** Medians over rounds, and ratios that compare brokers within one round only. */
import type { BrokerName } from '../brokers/start.ts';
import type { Measurement, Run } from '../measure.ts';
import type { Scenario } from '../scenarios.ts';
import { median } from './medians.ts';
import type { Target } from './targets.ts';
import { missesOf, targetsOf } from './targets.ts';

export interface Row {
  readonly scenario: string;
  readonly unit: Scenario['unit'];
  readonly broker: BrokerName;
  readonly baseline: BrokerName;
  readonly generator: string;
  readonly rounds: number;
  readonly failures: readonly string[];
  /** Each broker ran at half of its own rate, so CPU time is not to be compared. */
  readonly isHalfLoad: boolean;
  /** What the figures should be, and what of it they are not; of mqttgrid's own brokers only. */
  readonly targets: readonly Target[];
  readonly misses: readonly string[];
  /** CPU time of the broker for each unit. */
  readonly cpuMicroseconds?: number;
  /** The median of each round's ratio to the baseline's CPU time, or memory where `unit` is one. */
  readonly ratio?: number;
  /** The same to mosquitto's CPU time, of mqttgrid's own brokers. */
  readonly ratioToMosquitto?: number;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  /** Cores that the broker and the load generator kept busy. */
  readonly brokerCores?: number;
  readonly loadCores?: number;
  readonly residentMib?: number;
  readonly residentKibEach?: number;
  readonly writtenBytesEach?: number;
  readonly messagesPerCommit?: number;
  readonly commitsPerSecond?: number;
  readonly resumed?: number;
  readonly dropped?: number;
}

export type Figures = Partial<Record<NumericKey, number>>;
type NumericKey = Exclude<
  keyof Row,
  'scenario' | 'unit' | 'broker' | 'baseline' | 'generator' | 'rounds' | Judged
>;
type Judged = 'failures' | 'isHalfLoad' | 'targets' | 'misses';

export function summarize(run: Run, scenarios: readonly Scenario[]): Row[] {
  return scenarios.flatMap((scenario) => {
    const measured = run.measurements.filter((each) => each.scenario === scenario.name);
    const brokers = scenario.brokers.filter((name) =>
      measured.some((each) => each.broker === name),
    );
    return brokers.map((broker) => rowOf(scenario, broker, measured));
  });
}

function rowOf(scenario: Scenario, broker: BrokerName, measured: readonly Measurement[]): Row {
  const own = measured.filter((each) => each.broker === broker);
  const figures = own.map(figuresOf);
  const names = new Set(figures.flatMap((each) => Object.keys(each))) as Set<keyof Figures>;
  const medians: Figures = {};
  for (const name of names) medians[name] = median(figures.map((each) => each[name]))!;
  const ratioTo = (name: BrokerName): number | undefined =>
    median(own.map((each) => ratioOf(each, name, { scenario, measured })));
  const ratio = ratioTo(scenario.baseline);
  const ratioToMosquitto = OWN.includes(broker) ? ratioTo('mosquitto') : undefined;
  Object.assign(medians, withoutUndefined({ ratio, ratioToMosquitto }));
  const targets = broker === judgedOf(scenario) ? targetsOf(scenario) : [];
  return {
    scenario: scenario.name,
    unit: scenario.unit,
    broker,
    baseline: scenario.baseline,
    generator: own[0]!.generator,
    rounds: own.filter(({ outcome }) => outcome !== undefined).length,
    failures: own.flatMap(({ failure }) => failure ?? []),
    isHalfLoad: scenario.job.kind === 'messages' && scenario.job.halfLoad,
    targets,
    misses: missesOf(medians, targets),
    ...medians,
  };
}

function figuresOf({ outcome, commits, publishes, dropped, delivered }: Measurement): Figures {
  if (outcome === undefined) return {};
  const { units, seconds, loadCpuSeconds, writtenBytes, ...rest } = outcome;
  const { p50Ms, p99Ms, p999Ms, resumed, residentKibEach } = rest;
  return withoutUndefined({
    cpuMicroseconds: (rest.brokerCpuSeconds * 1e6) / units,
    perSecond: units / seconds,
    brokerCores: rest.brokerCpuSeconds / seconds,
    loadCores: loadCpuSeconds === undefined ? undefined : loadCpuSeconds / seconds,
    residentMib: rest.residentKib / 1024,
    writtenBytesEach: writtenBytes === undefined ? undefined : writtenBytes / units,
    messagesPerCommit: commits ? publishes! / commits : undefined,
    commitsPerSecond: commits && delivered ? (units / seconds) * (commits / delivered) : undefined,
    p50Ms,
    p99Ms,
    p999Ms,
    resumed,
    residentKibEach,
    dropped,
  });
}

function withoutUndefined(figures: Record<string, number | undefined>): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

const OWN: readonly BrokerName[] = ['mqttgrid', 'durable'];

/** The one of mqttgrid's own brokers that a scenario is about. */
function judgedOf({ brokers }: Scenario): BrokerName {
  return brokers.includes('durable') ? 'durable' : 'mqttgrid';
}

interface Measured {
  readonly scenario: Scenario;
  readonly measured: readonly Measurement[];
}

function ratioOf(
  measurement: Measurement,
  name: BrokerName,
  { scenario: { unit, baseline }, measured }: Measured,
): number | undefined {
  const other = measured.find((each) => each.broker === name && each.round === measurement.round);
  const [own, base] = [measurement, other].map((each) => {
    const figures = each === undefined ? {} : figuresOf(each);
    const isMemory = unit === 'connection' && name === baseline;
    return isMemory ? figures.residentKibEach : figures.cpuMicroseconds;
  });
  return own === undefined || !base ? undefined : own / base;
}
