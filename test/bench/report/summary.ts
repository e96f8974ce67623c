/** Medians over rounds, and ratios that compare brokers within one round only. */
import type { BrokerName } from '../brokers/start.ts';
import type { Measurement, Run } from '../measure.ts';
import type { Scenario } from '../scenarios.ts';
import { median } from './medians.ts';

export interface Row {
  readonly scenario: string;
  readonly unit: Scenario['unit'];
  readonly broker: BrokerName;
  readonly baseline: BrokerName;
  readonly generator: string;
  readonly rounds: number;
  readonly failures: readonly string[];
  /** CPU time of the broker for each unit. */
  readonly cpuMicroseconds?: number;
  /** The median of each round's ratio to the baseline's CPU time, or memory where `unit` is one. */
  readonly ratio?: number;
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
  readonly resumed?: number;
  readonly dropped?: number;
}

type Figures = Partial<Record<Exclude<keyof Row, 'scenario' | 'unit' | 'failures'>, number>>;

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
  const ratio = median(own.map((each) => ratioOf(each, scenario, measured)));
  return {
    scenario: scenario.name,
    unit: scenario.unit,
    broker,
    baseline: scenario.baseline,
    generator: own[0]!.generator,
    rounds: own.filter(({ outcome }) => outcome !== undefined).length,
    failures: own.flatMap(({ failure }) => failure ?? []),
    ...(medians as object),
    ...(ratio === undefined ? {} : { ratio }),
  };
}

function figuresOf({ outcome, commits, publishes, dropped }: Measurement): Figures {
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

function ratioOf(
  measurement: Measurement,
  { baseline, unit }: Scenario,
  measured: readonly Measurement[],
): number | undefined {
  const other = measured.find(
    (each) => each.broker === baseline && each.round === measurement.round,
  );
  const [own, base] = [measurement, other].map((each) => {
    const figures = each === undefined ? {} : figuresOf(each);
    return unit === 'connection' ? figures.residentKibEach : figures.cpuMicroseconds;
  });
  return own === undefined || !base ? undefined : own / base;
}
