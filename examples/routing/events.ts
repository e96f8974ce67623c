/** Prints the first events of a file as they come: `node events.ts FILE [COUNT]` */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventLine } from './event-line.ts';

/** Everything happens on one machine: what takes longer than this does not come. */
const WAIT_MS = 10_000;

const [, , file = '', count = '19'] = process.argv;
const deadlineMs = performance.now() + WAIT_MS;
let shown = 0;
while (shown < Number(count) && performance.now() < deadlineMs) {
  // Whoever writes may be in the middle of the last line.
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  for (const line of lines.slice(shown, Number(count))) {
    process.stdout.write(`${eventLine(JSON.parse(line))}\n`);
    shown++;
  }
  await delay(50);
}
if (shown < Number(count)) {
  process.stderr.write(`${file} has ${shown} events\n`);
  process.exitCode = 1;
}
