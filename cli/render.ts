/** Text for people: columns, colours, and nothing that a terminal would obey. */
import { styleText } from 'node:util';
import { printFieldPath } from '../domain/violation.ts';
import { printable } from '../domain/text.ts';
import type { Located } from '../manifests/located.ts';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Only on a terminal, and not with NO_COLOR: `styleText` looks at the stream. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** A cell and how it looks. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** Columns as wide as their widest cell, two spaces apart; the last one may be any width. */
export function table(rows: readonly (readonly Cell[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { text }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    }
  }
  const printRow = (row: readonly Cell[]): string =>
    row
      .map(({ text, style }, column) => {
        const padded = column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0);
        return style === undefined ? padded : styled(style, padded);
      })
      .join('  ')
      .trimEnd();
  return rows.map(printRow).join('\n');
}

/** At most `length` characters, the last of them an ellipsis if any are missing. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}

/** `Client/vehicle-1`; the Kubernetes namespace too where it is not the default one. */
export function objectLabel(key: string): string {
  return key.replace('/default/', '/');
}

/** `file:line:column  Kind/name  field  [Reason] message; remedy`. */
export function violationLine({ file, line, column, object, violation }: Located): string {
  const field = printFieldPath(violation.field);
  return [
    styled('bold', `${printable(file)}:${line}:${column}`),
    ...(object === undefined ? [] : [objectLabel(object)]),
    ...(field === '' ? [] : [printable(field)]),
    `${styled('red', `[${violation.reason}]`)} ${printable(violation.message)}; ` +
      printable(violation.remedy),
  ].join('  ');
}

export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

export function writeLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function writeError(text: string): void {
  process.stderr.write(`mqttgrid: ${text}\n`);
}
