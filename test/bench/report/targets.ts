/** What mqttgrid's figures should be, issue 8's point 2 as far as `npm run bench` measures it. */
import type { Scenario } from '../scenarios.ts';
import type { Figures } from './summary.ts';

/** Ratios are to the scenario's baseline: the floor; for durable sessions, those in memory. */
const AT_MOST = {
  ratioAtQos0: 1.25,
  /** The floor keeps nothing in flight. */
  ratioAtQos1: 1.5,
  ratioOfDurable: 2,
  ratioOfConnects: 1.15,
  /** Of memory. */
  ratioOfIdle: 1.15,
  /** CPU time, in every case. */
  ratioToMosquitto: 1,
  durableP99Ms: 50,
} as const;

const DURABLE_PER_SECOND_AT_LEAST = 15000;

export interface Target {
  readonly figure: 'ratio' | 'ratioToMosquitto' | 'p99Ms' | 'perSecond';
  readonly bound: number;
  readonly isLeast?: true;
}

/** Of mqttgrid, or of its durable sessions where the scenario is about those. */
export function targetsOf({ job }: Scenario): readonly Target[] {
  const mosquitto: Target = { figure: 'ratioToMosquitto', bound: AT_MOST.ratioToMosquitto };
  if (job.kind === 'drain') return [mosquitto];
  if (job.kind === 'idle') return [{ figure: 'ratio', bound: AT_MOST.ratioOfIdle }];
  if (job.kind === 'connect') return [ratio(AT_MOST.ratioOfConnects), mosquitto];
  // Each broker runs at half of what it could do itself: latency is compared, CPU time is not.
  if (job.halfLoad) return job.persistent ? [{ figure: 'p99Ms', bound: AT_MOST.durableP99Ms }] : [];
  if (job.persistent) {
    return [
      ratio(AT_MOST.ratioOfDurable),
      { figure: 'perSecond', bound: DURABLE_PER_SECOND_AT_LEAST, isLeast: true },
      { figure: 'p99Ms', bound: AT_MOST.durableP99Ms },
      mosquitto,
    ];
  }
  return [ratio(job.qos === 0 ? AT_MOST.ratioAtQos0 : AT_MOST.ratioAtQos1), mosquitto];
}

function ratio(bound: number): Target {
  return { figure: 'ratio', bound };
}

/** In words, what was missed; what was not measured is neither met nor missed. */
export function missesOf(figures: Figures, targets: readonly Target[]): string[] {
  return targets.flatMap(({ figure, bound, isLeast = false }) => {
    const value = figures[figure];
    if (value === undefined || (isLeast ? value >= bound : value <= bound)) return [];
    return `${WORDS[figure]} ${digits(value)}, ${isLeast ? 'at least' : 'at most'} ${bound}`;
  });
}

const WORDS: Readonly<Record<Target['figure'], string>> = {
  ratio: 'ratio',
  ratioToMosquitto: 'times mosquitto',
  p99Ms: 'p99 ms',
  perSecond: 'a second',
};

function digits(value: number): string {
  return value.toFixed(value < 100 ? 2 : 0);
}
