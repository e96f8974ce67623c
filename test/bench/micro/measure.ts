/** Every benchmark for a moment, then every benchmark again: what disturbs, disturbs all alike. */
import { median, spreadOf } from '../report/medians.ts';
import type { Benchmark, Operation, Prepared } from './benchmark.ts';
import { repeat } from './benchmark.ts';

export interface Settings {
  readonly rounds: number;
  /** Of each benchmark in each round. */
  readonly milliseconds: number;
  readonly progress: (line: string) => void;
}

export interface Figures {
  /** CPU time of the process, its other threads included, for one unit: the median of rounds. */
  readonly nanoseconds: number;
  /** Half the distance between the quartiles, as a part of the median. */
  readonly spread: number;
  /** Allocated for one unit, on the heap and in buffers; undefined: run without --expose-gc. */
  readonly heapBytes?: number;
  readonly bufferBytes?: number;
}

export interface Row {
  readonly group: Benchmark['group'];
  readonly name: string;
  readonly own: Figures;
  readonly plain?: Figures & { readonly what: string };
  /** Own to plain: the median of the rounds' ratios. */
  readonly ratio?: number;
}

interface Subject {
  readonly name: string;
  readonly operate: Operation;
  readonly yields: number;
  readonly units: number;
  /** Calls of a round. */
  calls: number;
  /** One for each round. */
  readonly nanoseconds: number[];
}

/** Until V8 has optimised it, and knows how long it takes. */
const WARM_UP_ROUNDS = 4;
const CALLS_MAX = 50_000_000;

/** @throws where an operation does not answer what it should */
export function measureAll(benchmarks: readonly Benchmark[], settings: Settings): Row[] {
  const prepared = benchmarks.map((benchmark) => {
    settings.progress(benchmark.name);
    const { operate, plain, yields }: Prepared = benchmark.prepare();
    const common = { yields, units: benchmark.units ?? 1, calls: 1, nanoseconds: [] };
    const own: Subject = { ...common, name: benchmark.name, operate, nanoseconds: [] };
    const other: Subject | undefined = plain && {
      ...common,
      name: `${benchmark.name}: ${plain.what}`,
      operate: plain.operate,
      nanoseconds: [],
    };
    return { benchmark, what: plain?.what, own, other };
  });
  const subjects = prepared.flatMap(({ own, other }) => (other === undefined ? own : [own, other]));
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const subject of subjects) settle(subject, settings.milliseconds);
  }
  for (let round = 0; round < settings.rounds; round++) {
    settings.progress(`round ${round + 1} of ${settings.rounds}`);
    const turned = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of turned) subject.nanoseconds.push(timed(subject, subject.calls));
  }
  return prepared.map(({ benchmark: { group, name }, what, own, other }) => ({
    group,
    name,
    own: figuresOf(own),
    ...(other && {
      plain: { what: what!, ...figuresOf(other) },
      ratio: median(own.nanoseconds.map((value, round) => value / other.nanoseconds[round]!))!,
    }),
  }));
}

/** Finds how many calls take so long. */
function settle(subject: Subject, milliseconds: number): void {
  const wanted = milliseconds * 1e6;
  for (;;) {
    const took = timed(subject, subject.calls) * subject.calls * subject.units;
    if (took >= wanted / 2 || subject.calls >= CALLS_MAX) {
      const calls = Math.round((subject.calls * wanted) / Math.max(took, 1));
      subject.calls = Math.max(1, Math.min(CALLS_MAX, calls));
      return;
    }
    subject.calls *= 2;
  }
}

/** Nanoseconds for a unit. */
function timed({ name, operate, yields, units }: Subject, calls: number): number {
  const before = process.cpuUsage();
  const sum = repeat(operate, calls);
  const { user, system } = process.cpuUsage(before);
  if (sum !== calls * yields) {
    throw new Error(`"${name}" answers ${sum / calls} in the mean, not ${yields}`);
  }
  return ((user + system) * 1000) / (calls * units);
}

function figuresOf(subject: Subject): Figures {
  return {
    nanoseconds: median(subject.nanoseconds)!,
    spread: spreadOf(subject.nanoseconds),
    ...(globalThis.gc && allocatedBy(subject)),
  };
}

const WINDOWS = 5;
/** A first look says how many calls fit into the young generation of package.json's flags. */
const FIRST_CALLS = 2000;
const WINDOW_BYTES = 16 * 2 ** 20;

type Allocated = Required<Pick<Figures, 'heapBytes' | 'bufferBytes'>>;

function allocatedBy(subject: Subject): Allocated {
  const first = allocatedIn(subject, Math.min(FIRST_CALLS, subject.calls));
  const each = Math.max(1, (first.heapBytes + first.bufferBytes) * subject.units);
  const calls = Math.max(1, Math.min(subject.calls, Math.floor(WINDOW_BYTES / each)));
  const windows = Array.from({ length: WINDOWS }, () => allocatedIn(subject, calls));
  return {
    // Once and again something else allocates: compilers, the loop's own end.
    heapBytes: Math.min(...windows.map(({ heapBytes }) => heapBytes)),
    // Those of an earlier window are freed by another thread, while this one goes on.
    bufferBytes: Math.max(...windows.map(({ bufferBytes }) => bufferBytes)),
  };
}

function allocatedIn({ operate, units }: Subject, calls: number): Allocated {
  // What earlier benchmarks hold is large, and does not have to be looked at.
  void globalThis.gc?.({ type: 'minor' });
  const before = process.memoryUsage();
  repeat(operate, calls);
  const after = process.memoryUsage();
  const each = (one: number, other: number): number => Math.max(0, one - other) / (calls * units);
  return {
    heapBytes: each(after.heapUsed, before.heapUsed),
    bufferBytes: each(after.arrayBuffers, before.arrayBuffers),
  };
}
