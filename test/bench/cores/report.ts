/** Medians of the rounds; ratios are to one thread in the same round. */
import type { Outcome } from '../load/job.ts';
import { layOut } from '../report/columns.ts';
import { median } from '../report/medians.ts';

export interface Measurement {
  readonly load: string;
  readonly variant: string;
  readonly round: number;
  readonly outcome?: Outcome;
  readonly failure?: string;
}

export interface Row {
  readonly load: string;
  readonly variant: string;
  /** For each message or connection. */
  readonly cpuMicroseconds: number;
  /** Of it, the share of the thread that has most: no more than its inverse comes in a second. */
  readonly busiestMicroseconds: number;
  /** To one thread's CPU time; undefined: that was not measured. */
  readonly ratio: number | undefined;
  /**
   * How many times what one thread can do, if each thread had a core to itself: what one thread
   * takes for all of it, to what the busiest one takes here.
   */
  readonly gain: number | undefined;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly brokerCores: number;
  readonly loadCores: number;
  readonly residentMib: number;
  readonly rounds: number;
  readonly failures: readonly string[];
}

/** What others are compared with. */
const BASELINE = '1';

export function summarize(measurements: readonly Measurement[]): Row[] {
  const keys = new Map(measurements.map((each) => [`${each.load} ${each.variant}`, each]));
  return [...keys.values()].map(({ load, variant }) => {
    const of = (name: string): Measurement[] =>
      measurements.filter((each) => each.load === load && each.variant === name);
    return rowOf(of(variant), of(BASELINE));
  });
}

function outcomesOf(measurements: readonly Measurement[]): Outcome[] {
  return measurements.flatMap(({ outcome }) => outcome ?? []);
}

function rowOf(measurements: readonly Measurement[], baseline: readonly Measurement[]): Row {
  const { load, variant } = measurements[0]!;
  const outcomes = outcomesOf(measurements);
  const of = (figure: (outcome: Outcome) => number): number => median(outcomes.map(figure)) ?? NaN;
  const pairs = measurements.flatMap(({ outcome, round }) => {
    const one = baseline.find((each) => each.round === round)?.outcome;
    return outcome === undefined || one === undefined ? [] : [{ outcome, one }];
  });
  return {
    load,
    variant,
    cpuMicroseconds: of(cpuOf),
    busiestMicroseconds: of(busiestOf),
    ratio: median(pairs.map(({ outcome, one }) => cpuOf(outcome) / cpuOf(one))),
    gain: median(pairs.map(({ outcome, one }) => busiestOf(one) / busiestOf(outcome))),
    perSecond: of(({ units, seconds }) => units / seconds),
    p50Ms: of(({ p50Ms = 0 }) => p50Ms),
    p99Ms: of(({ p99Ms = 0 }) => p99Ms),
    brokerCores: of(({ brokerCpuSeconds, seconds }) => brokerCpuSeconds / seconds),
    loadCores: of(({ loadCpuSeconds = 0, seconds }) => loadCpuSeconds / seconds),
    residentMib: of(({ residentKib }) => residentKib / 1024),
    rounds: outcomes.length,
    failures: measurements.flatMap(({ failure }) => failure ?? []),
  };
}

function cpuOf({ brokerCpuSeconds, units }: Outcome): number {
  return (1e6 * brokerCpuSeconds) / units;
}

function busiestOf({ busiestThreadCpuSeconds = 0, units }: Outcome): number {
  return (1e6 * busiestThreadCpuSeconds) / units;
}

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['load', ({ load }) => load],
  ['threads', ({ variant }) => variant],
  ['µs CPU', ({ cpuMicroseconds }) => cpuMicroseconds.toFixed(2)],
  ['ratio', ({ ratio }) => ratio?.toFixed(2) ?? '-'],
  ['busiest', ({ busiestMicroseconds }) => busiestMicroseconds.toFixed(2)],
  ['gain', ({ gain }) => gain?.toFixed(2) ?? '-'],
  ['per s', ({ perSecond }) => perSecond.toFixed(0)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(2)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(2)],
  ['cores', ({ brokerCores }) => brokerCores.toFixed(2)],
  ['load cores', ({ loadCores }) => loadCores.toFixed(2)],
  ['MiB', ({ residentMib }) => residentMib.toFixed(0)],
  ['n', ({ rounds }) => String(rounds)],
  ['', ({ failures }) => failures.map((failure) => `FAILED: ${failure}`).join(', ')],
];

export function tableOf(rows: readonly Row[]): string {
  const titles = COLUMNS.map(([title]) => title);
  const lines = rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
  return layOut(titles, lines, ['load', 'threads']);
}
