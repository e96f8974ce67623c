/** What was measured, as tables for a terminal. */
import { median } from '../report/medians.ts';
import type { DestinationName } from './destinations.ts';
import type { Cost, Sample, Throughput } from './measure.ts';

export interface CostRound {
  readonly round: number;
  readonly name: DestinationName;
  readonly qos: 0 | 1;
  readonly cost: Cost;
}

export interface ThroughputRound {
  readonly round: number;
  readonly name: DestinationName;
  readonly throughput: Throughput;
}

export interface Results {
  readonly costs: readonly CostRound[];
  readonly throughputs: readonly ThroughputRound[];
  readonly outage: readonly Sample[];
}

/** The first column to the left, figures to the right. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  '),
    )
    .join('\n');
}

function fixed(values: readonly (number | undefined)[], digits: number): string {
  return median(values)?.toFixed(digits) ?? '-';
}

/** `more`: the median of each round's difference to the broker that routes nothing. */
export function costTable(rounds: readonly CostRound[]): string {
  const keys = new Set(rounds.map(({ name, qos }) => `${name} QoS ${qos}`));
  const rows = [...keys].map((key) => {
    const own = rounds.filter(({ name, qos }) => `${name} QoS ${qos}` === key);
    const more = (figure: 'cpuMicroseconds' | 'mainMicroseconds') =>
      own.map(({ round, qos, cost }) => {
        const base = rounds.find(
          (each) => each.name === 'none' && each.round === round && each.qos === qos,
        );
        return base === undefined ? undefined : cost[figure] - base.cost[figure];
      });
    return [
      key,
      fixed(
        own.map(({ cost }) => cost.cpuMicroseconds),
        1,
      ),
      fixed(more('cpuMicroseconds'), 1),
      fixed(
        own.map(({ cost }) => cost.mainMicroseconds),
        1,
      ),
      fixed(more('mainMicroseconds'), 1),
      fixed(
        own.map(({ cost }) => cost.p50Ms),
        2,
      ),
      fixed(
        own.map(({ cost }) => cost.p99Ms),
        2,
      ),
      fixed(
        own.map(({ cost }) => cost.events.delivered),
        0,
      ),
      fixed(
        own.map(({ cost }) => cost.events.dropped + cost.events.pending),
        0,
      ),
      String(own.length),
    ];
  });
  const head = ['routed to', 'µs CPU', 'more', 'main thread', 'more', 'p50 ms', 'p99 ms'];
  return tableOf([[...head, 'events', 'lost', 'n'], ...rows]);
}

export function throughputTable(rounds: readonly ThroughputRound[]): string {
  const rows = [...new Set(rounds.map(({ name }) => name))].map((name) => {
    const own = rounds.filter((each) => each.name === name).map(({ throughput }) => throughput);
    return [
      name,
      fixed(
        own.map(({ perSecond }) => perSecond),
        0,
      ),
      fixed(
        own.map(({ cpuMicroseconds }) => cpuMicroseconds),
        1,
      ),
      fixed(
        own.map(({ cores }) => cores),
        2,
      ),
      fixed(
        own.map(({ residentMib }) => residentMib),
        0,
      ),
      fixed(
        own.map(({ events }) => events.failed),
        0,
      ),
      String(own.length),
    ];
  });
  return tableOf([
    ['as fast as to', 'events a second', 'µs CPU', 'cores', 'MiB', 'failed', 'n'],
    ...rows,
  ]);
}

const BAR_LENGTH = 40;

/** Time goes down, and memory to the right: it is bounded where the bars stop growing. */
export function outageTable(samples: readonly Sample[]): string {
  const most = Math.max(...samples.map(({ residentMib }) => residentMib));
  const rows = samples.map((sample) => [
    `${sample.seconds.toFixed(0)} s`,
    sample.published.toFixed(0),
    sample.events.pending.toFixed(0),
    sample.events.dropped.toFixed(0),
    sample.cpuPercent.toFixed(0),
    sample.heapMib.toFixed(0),
    sample.buffersMib.toFixed(0),
    sample.residentMib.toFixed(0),
    '█'.repeat(Math.round((sample.residentMib / most) * BAR_LENGTH)).padEnd(BAR_LENGTH),
  ]);
  const head = ['no destination', 'published', 'pending', 'dropped', '% CPU', 'heap', 'buffers'];
  return tableOf([[...head, 'MiB', ''.padEnd(BAR_LENGTH)], ...rows]).replaceAll(/ +$/gm, '');
}
