/** From what was measured to a table of figures, each beside what it should be. */
import type { Burst, ChangedKind, ChangeTimes, Restart } from './measure.ts';

export interface Results {
  readonly clients: number;
  readonly changes: Partial<Record<ChangedKind, ChangeTimes>>;
  /** How long accepting took without an operator, in milliseconds, one a round. */
  readonly floors: readonly number[];
  /** Of the same rounds. */
  readonly bursts: readonly Burst[];
  readonly restarts: readonly Restart[];
  /** By how many clients are declared, after a restart. */
  readonly memory: readonly { readonly clients: number; readonly restart: Restart }[];
  /** Of the operator that took the last burst and the changes, before it was restarted. */
  readonly afterLoadMib: number | undefined;
  /** From `clients` on to so many. */
  readonly growth: readonly { readonly clients: number; readonly burst: Burst }[];
}

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be below. */
  readonly target?: number | undefined;
}

/** Issue targets, at 10,000 clients of 1 KiB. */
const TARGETS = {
  changeMedianMs: 100,
  changeP99Ms: 300,
  inForceAfterMs: 1000,
  statusesRatio: 2.2,
  restartMs: 5000,
  residentMib: 300,
} as const;

export function figuresOf(results: Results): Figure[] {
  return [
    ...Object.entries(results.changes).flatMap(([kind, times]) => changeFigures(kind, times)),
    ...burstFigures(results),
    ...restartFigures(results),
    ...memoryFigures(results),
    ...results.growth.flatMap(({ clients, burst }) => growthFigures(clients, burst)),
  ];
}

function changeFigures(kind: string, { acknowledgedMs, statusMs }: ChangeTimes): Figure[] {
  return [
    {
      what: `${kind} changed: acknowledged by both brokers, median of ${acknowledgedMs.length}`,
      value: quantile(acknowledgedMs, 0.5),
      unit: 'ms',
      target: TARGETS.changeMedianMs,
    },
    {
      what: '  99th percentile',
      value: quantile(acknowledgedMs, 0.99),
      unit: 'ms',
      target: TARGETS.changeP99Ms,
    },
    { what: '  said in its status, median', value: quantile(statusMs, 0.5), unit: 'ms' },
    { what: '  99th percentile', value: quantile(statusMs, 0.99), unit: 'ms' },
  ];
}

function burstFigures({ clients, floors, bursts }: Results): Figure[] {
  if (bursts.length === 0) return [];
  const of = (figure: (burst: Burst, round: number) => number): number => {
    return quantile(bursts.map(figure), 0.5);
  };
  const perSecond = (tookMs: number): number => (clients * 1000) / tookMs;
  return [
    {
      what: `${clients} Clients created, no operator, median of ${bursts.length}`,
      value: perSecond(quantile(floors, 0.5)),
      unit: '/s',
    },
    {
      what: '  beside the operator',
      value: of(({ acceptedMs }) => perSecond(acceptedMs)),
      unit: '/s',
    },
    {
      what: '  in force on every broker, after the last was accepted',
      value: of(({ inForceAfterMs }) => inForceAfterMs),
      unit: 'ms',
      target: TARGETS.inForceAfterMs,
    },
    {
      what: '  all statuses written, times accepting (beside the operator)',
      value: of(({ statusesMs, acceptedMs }) => statusesMs / acceptedMs),
      unit: '',
      target: TARGETS.statusesRatio,
    },
    {
      what: '  all statuses written, times accepting (no operator)',
      value: of(({ statusesMs }, round) => statusesMs / floors[round]!),
      unit: '',
    },
    {
      what: '  statuses written',
      value: of(({ statusesPerSecond }) => statusesPerSecond),
      unit: '/s',
    },
    {
      what: '  writes in flight at the API server, of the bench and the operator, most',
      value: Math.max(...bursts.map(({ writesInFlightMax }) => writesInFlightMax)),
      unit: '',
    },
    { what: '  CPU time of the operator', value: of(({ cpuSeconds }) => cpuSeconds), unit: 's' },
  ];
}

function restartFigures({ clients, restarts }: Results): Figure[] {
  if (restarts.length === 0) return [];
  const of = (figure: (restart: Restart) => number): number => {
    return quantile(restarts.map(figure), 0.5);
  };
  return [
    {
      what: `restart with ${clients}: complete and leading, median of ${restarts.length}`,
      value: of(({ leadingMs }) => leadingMs),
      unit: 'ms',
      target: TARGETS.restartMs,
    },
    {
      what: '  both brokers current',
      value: of(({ acknowledgedMs }) => acknowledgedMs),
      unit: 'ms',
      target: TARGETS.restartMs,
    },
    { what: '  quiet', value: of(({ quietMs }) => quietMs), unit: 'ms', target: TARGETS.restartMs },
    {
      what: '  writes, most',
      value: Math.max(...restarts.map(writesOf)),
      unit: '',
      target: 1,
    },
    { what: '  CPU time', value: of(({ cpuSeconds }) => cpuSeconds), unit: 's' },
    { what: '  listing them alone, no operator', value: of(({ listMs }) => listMs), unit: 'ms' },
  ];
}

function writesOf({ writes }: Restart): number {
  return Object.values(writes).reduce((sum, count) => sum + count, 0);
}

function memoryFigures({ memory, clients, afterLoadMib }: Results): Figure[] {
  const target = (count: number): number | undefined => {
    return count <= clients ? TARGETS.residentMib : undefined;
  };
  const figures = memory.flatMap(({ clients: count, restart }): Figure[] => [
    {
      what: `resident with ${count}, at rest after a restart`,
      value: restart.residentMib,
      unit: 'MiB',
      target: target(count),
    },
    { what: '  most, while it started', value: restart.residentMaxMib, unit: 'MiB' },
  ]);
  if (afterLoadMib === undefined) return figures;
  const what = `resident with ${clients}, at rest after the burst and the changes`;
  return [...figures, { what, value: afterLoadMib, unit: 'MiB', target: target(clients) }];
}

function growthFigures(clients: number, burst: Burst): Figure[] {
  return [
    { what: `on to ${clients}: accepted`, value: burst.acceptedMs / 1000, unit: 's' },
    { what: '  in force after the last', value: burst.inForceAfterMs, unit: 'ms' },
    { what: '  all statuses written', value: burst.statusesMs / 1000, unit: 's' },
    { what: '  CPU time of the operator', value: burst.cpuSeconds, unit: 's' },
  ];
}

/** The value that this part of all does not exceed. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export function tableOf(figures: readonly Figure[]): string {
  const lines = figures.map(({ what, value, unit, target }) => ({
    what,
    value: `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`,
    target: target === undefined ? '' : `< ${target}`,
    verdict: target === undefined || value < target ? '' : 'MISSED',
  }));
  const width = Math.max(...lines.map(({ what }) => what.length));
  return lines
    .map(({ what, value, target, verdict }) => {
      const cells = [what.padEnd(width), value.padStart(10), target.padEnd(7), verdict];
      return cells.join('  ').trimEnd();
    })
    .join('\n');
}
