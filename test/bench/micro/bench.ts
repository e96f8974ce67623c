/** `npm run bench:micro`: what single hot functions cost. See ../README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { captionOf, describeMachine } from '../report/machine.ts';
import type { Benchmark } from './benchmark.ts';
import { GROUPS } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { measureAll } from './measure.ts';
import { tableOf } from './table.ts';
import { fail, numberOf, say } from '../command-line.ts';

const HELP = `Measures single functions of the hot path, each beside a plain way to do the same.

  npm run bench:micro -- [options]

  --only WORDS        benchmarks whose group or name begins so (comma-separated)
                      groups: ${GROUPS.join(', ')}
  --rounds N          times that each has its turn (15)
  --milliseconds N    of each turn (20)
  --output FOLDER     for micro.json (.mqttgrid/bench)
  --list              their names
  --help

Bytes are counted with --expose-gc and a large young generation, which the npm script sets.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '15' },
    milliseconds: { type: 'string', default: '20' },
    output: { type: 'string', default: '.mqttgrid/bench' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const ROUNDS_MAX = 1000;
const MILLISECONDS_MAX = 10000;

function chosen(only: string): Benchmark[] {
  const words = only.split(',').filter(Boolean);
  if (words.length === 0) return [...BENCHMARKS];
  const found = BENCHMARKS.filter(({ group, name }) =>
    words.some((word) => group === word || name.startsWith(word)),
  );
  return found.length > 0 ? found : fail(`no micro-benchmark begins with "${only}": see --list`);
}

function main(): void {
  const benchmarks = chosen(values.only);
  const rounds = Math.ceil(numberOf(values.rounds, ROUNDS_MAX));
  const milliseconds = numberOf(values.milliseconds, MILLISECONDS_MAX);
  const machine = describeMachine(tmpdir());
  const caption = `${captionOf(machine)}; ${rounds} rounds of ${milliseconds} ms`;
  const progress = (line: string): void => void process.stderr.write(`  ${line}\n`);
  const rows = measureAll(benchmarks, { rounds, milliseconds, progress });
  const output = resolve(values.output);
  mkdirSync(output, { recursive: true });
  const file = join(output, 'micro.json');
  writeFileSync(file, `${JSON.stringify({ machine, rounds, milliseconds, rows }, undefined, 2)}\n`);
  say(`\n${caption}\n\n${tableOf(rows)}\n`);
  if (globalThis.gc === undefined) say('Bytes were not counted: run without --expose-gc.');
  say(file);
}

if (values.help) say(HELP);
else if (values.list) say(BENCHMARKS.map(({ group, name }) => `${group}: ${name}`).join('\n'));
else main();
