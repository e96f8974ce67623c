/** Rows as a table for a terminal. */
import { layOut } from '../report/columns.ts';
import type { Row } from './measure.ts';

const LEFT_ALIGNED = ['group', 'one operation', 'plain'];

const COLUMNS: readonly (readonly [string, (row: Row) => string])[] = [
  ['group', ({ group }) => group],
  ['one operation', ({ name }) => name],
  ['ns', ({ own }) => nanoseconds(own.nanoseconds)],
  ['± %', ({ own }) => (own.spread * 100).toFixed(0)],
  ['heap B', ({ own }) => bytes(own.heapBytes)],
  ['buffer B', ({ own }) => bytes(own.bufferBytes)],
  ['plain', ({ plain }) => plain?.what ?? ''],
  ['its ns', ({ plain }) => (plain === undefined ? '' : nanoseconds(plain.nanoseconds))],
  ['± %', ({ plain }) => (plain === undefined ? '' : (plain.spread * 100).toFixed(0))],
  ['heap B', ({ plain }) => (plain === undefined ? '' : bytes(plain.heapBytes))],
  ['ratio', ({ ratio }) => (ratio === undefined ? '' : ratio.toPrecision(2))],
];

export function tableOf(rows: readonly Row[]): string {
  const titles = COLUMNS.map(([title]) => title);
  const lines = rows.map((row, index) =>
    COLUMNS.map(([title, cell]) =>
      title === 'group' && rows[index - 1]?.group === row.group ? '' : cell(row),
    ),
  );
  return layOut(titles, lines, LEFT_ALIGNED);
}

function nanoseconds(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

function bytes(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(0);
}
