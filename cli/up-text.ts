/** What `mqttgrid up` shows to a person. */
import { printable } from '../domain/text.ts';
import type { Located } from '../manifests/located.ts';
import type { ObjectStatus, StandaloneEvent } from '../standalone/standalone-events.ts';
import type { Standalone } from '../standalone/standalone.ts';
import { connectHelp } from './connect-help.ts';
import type { Delivery } from './demo.ts';
import { deliveryLine, destinationLines } from './destination-text.ts';
import { count, objectLabel, shorten, styled, table, violationLine } from './render.ts';
import type { Cell } from './render.ts';

/** Rows of the table: beyond it, those that are Ready are only counted. */
const ROWS_MAX = 100;

/** Characters of a message in the table; the whole of it stands among the violations. */
const MESSAGE_LENGTH_MAX = 72;

function readyOf({ conditions }: ObjectStatus) {
  return conditions.find(({ type }) => type === 'Ready');
}

function isReady(status: ObjectStatus): boolean {
  return readyOf(status)?.status === 'True';
}

const HEADER: readonly Cell[] = ['KIND', 'NAME', 'READY', 'REASON', 'MESSAGE'].map((text) => {
  return { text, style: 'bold' };
});

function rowOf(status: ObjectStatus): Cell[] {
  const ready = readyOf(status);
  const name = status.namespace === 'default' ? status.name : `${status.namespace}/${status.name}`;
  const message = shorten(printable(ready?.message ?? ''), MESSAGE_LENGTH_MAX);
  return [
    { text: status.kind },
    { text: name },
    { text: ready?.status ?? '', style: isReady(status) ? 'green' : 'red' },
    { text: isReady(status) ? '' : (ready?.reason ?? '') },
    { text: message },
  ];
}

export function statusTable(statuses: readonly ObjectStatus[]): string {
  if (statuses.length === 0) return 'No objects of mqttgrid.io/v1 are declared.';
  if (statuses.length <= ROWS_MAX) return table([HEADER, ...statuses.map(rowOf)]);
  const waiting = statuses.filter((status) => !isReady(status));
  const ready = count(statuses.length - waiting.length, 'object is', 'objects are');
  const rows = waiting.slice(0, ROWS_MAX).map(rowOf);
  const shown = rows.length === 0 ? [] : [table([HEADER, ...rows])];
  const rest = waiting.length - rows.length;
  const more = rest === 0 ? [] : [`${count(rest, 'more object is', 'more objects are')} not Ready`];
  return [...shown, ...more, `${ready} Ready`].join('\n');
}

function conditionLine(status: ObjectStatus): string {
  const label = objectLabel(status.key);
  if (isReady(status)) return `${label} is ${styled('green', 'Ready')}`;
  const ready = readyOf(status);
  const why = `[${ready?.reason}] ${printable(ready?.message ?? '')}`;
  return `${label} is ${styled('red', 'not Ready')}: ${why}`;
}

const CHANGE_WORDS = { Added: 'added', Modified: 'changed', Removed: 'removed' } as const;

/** One event after the first round; `ready` is told at length. */
export function eventText(event: Exclude<StandaloneEvent, { event: 'ready' }>): string {
  switch (event.event) {
    case 'notice':
      return styled('dim', printable(event.message));
    case 'violation':
      return violationLine(event.located);
    case 'resolved':
      return `${styled('green', 'mended')}: ${violationLine(event.located)}`;
    case 'change':
      return `${objectLabel(event.object)} ${CHANGE_WORDS[event.change]}`;
    case 'condition':
      return conditionLine(event.status);
    case 'delivery':
      return deliveryLine(event.delivery);
    case 'endpoints': {
      const listening = [...event.endpoints].map(([name, url]) => `${name} on ${url}`);
      return `serving ${listening.length === 0 ? 'nothing' : listening.join(', ')}`;
    }
  }
}

/** Violations shown at the start: nobody reads on, and `validate` prints them all. */
const VIOLATIONS_MAX = 100;

function violationLines(violations: readonly Located[]): string[] {
  const lines = violations.slice(0, VIOLATIONS_MAX).map(violationLine);
  const rest = violations.length - lines.length;
  const more = `${count(rest, 'more violation')}: see mqttgrid validate`;
  return rest === 0 ? lines : [...lines, more];
}

/** Everything that a person needs once it runs. */
export function readyText(standalone: Standalone): string {
  const { round, served, serverCaFile } = standalone;
  const sections = [
    [statusTable([...round.statuses.values()])],
    violationLines(round.violations),
    round.notices.map((notice) => styled('dim', printable(notice))),
    ...served.map((each) => {
      const url = styled('bold', `mqtts://${each.host}:${each.port}`);
      const name = printable(each.snapshot.name);
      return [
        `${name} listens on ${url}`,
        ...connectHelp({ served: each, caFile: serverCaFile }),
        ...destinationLines(each.snapshot),
      ];
    }),
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return shown.join('\n\n');
}

export function deliveryText(delivery: Delivery): string {
  const { publisher, topic, subscriber, filter, payload, elapsedMs } = delivery;
  return [
    `${publisher} published to ${topic}`,
    `${subscriber}, subscribed to ${filter}, received after ${elapsedMs} ms:`,
    `  ${styled('bold', printable(payload))}`,
  ].join('\n');
}
