/** The summary as a table for a terminal. */
import { layOut } from './columns.ts';
import type { Row } from './summary.ts';

const COLUMNS = [
  ['scenario', (row: Row) => row.scenario],
  ['broker', (row: Row) => row.broker],
  ['µs CPU', (row: Row) => fixed(row.cpuMicroseconds, 2)],
  ['ratio', (row: Row) => fixed(row.ratio, 2)],
  ['target', targetOf],
  ['× mosq', (row: Row) => fixed(row.ratioToMosquitto, 2)],
  ['per s', (row: Row) => fixed(row.perSecond, 0)],
  ['p50 ms', (row: Row) => fixed(row.p50Ms, 2)],
  ['p99 ms', (row: Row) => fixed(row.p99Ms, 2)],
  ['p99.9 ms', (row: Row) => fixed(row.p999Ms, 2)],
  ['cores', (row: Row) => fixed(row.brokerCores, 2)],
  ['load', (row: Row) => fixed(row.loadCores, 2)],
  ['MiB', (row: Row) => fixed(row.residentMib, 0)],
  ['n', (row: Row) => String(row.rounds)],
  ['', notesOf],
] as const;

const LEFT_ALIGNED = ['scenario', 'broker', ''];

export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row, index) =>
    COLUMNS.map(([title, cell]) =>
      title === 'scenario' && rows[index - 1]?.scenario === row.scenario ? '' : cell(row),
    ),
  );
  const titles = COLUMNS.map(([title]) => title);
  return layOut(titles, cells, LEFT_ALIGNED);
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

/** Of the ratio beside it; what else a row should reach is said where it does not. */
function targetOf({ targets }: Row): string {
  const target = targets.find(({ figure }) => figure === 'ratio');
  return target === undefined ? '' : `≤ ${target.bound}`;
}

function notesOf(row: Row): string {
  return [
    row.residentKibEach === undefined ? '' : `${row.residentKibEach.toFixed(1)} KiB each`,
    ...row.misses.map((miss) => `MISSED: ${miss}`),
    row.messagesPerCommit === undefined ? '' : `${row.messagesPerCommit.toFixed(1)} a commit`,
    row.commitsPerSecond === undefined ? '' : `${row.commitsPerSecond.toFixed(0)} commits a second`,
    row.writtenBytesEach ? `${row.writtenBytesEach.toFixed(0)} B written each` : '',
    row.resumed === undefined ? '' : `${(100 * row.resumed).toFixed(0)} % resumed`,
    row.dropped ? `${row.dropped} DROPPED` : '',
    row.generator === 'own' ? '' : row.generator,
    ...row.failures.map((failure) => `FAILED: ${failure}`),
  ]
    .filter(Boolean)
    .join(', ');
}
