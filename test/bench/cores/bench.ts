/** `npm run bench:cores`: what more threads would bring to one broker. See ../README.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from '../certificates.ts';
import type { Outcome } from '../load/job.ts';
import { runLoad } from '../load/start.ts';
import { describeMachine } from '../report/machine.ts';
import type { Duration, Load } from './loads.ts';
import { clientsOf, jobOf, LOADS } from './loads.ts';
import { measureMemory } from './memory.ts';
import { summarize, tableOf } from './report.ts';
import type { Measurement } from './report.ts';
import type { RunningVariant, Variant } from './variants.ts';
import { startVariant, VARIANTS } from './variants.ts';
import { fail, names, numberOf, say } from '../command-line.ts';

const HELP = `Measures the floor with its clients in several threads, on loopback.

  npm run bench:cores -- [options]

  --only NAMES      these loads (comma-separated; pairs* are all that begin with pairs)
  --variants NAMES  these variants (1,2,4,2-ring,1+1,2+1,mqttgrid)
  --rounds N        times that each variant has its turn (2)
  --seconds N       measured in each turn (2)
  --minutes N       no measurement begins later (30)
  --memory          what each thread of a broker with 10,000 clients would hold, and nothing else
  --output FOLDER   for cores.json (.mqttgrid/bench)
  --list            the loads and the variants
  --help
`;

const OPTIONS = {
  only: { type: 'string', default: '*' },
  variants: { type: 'string', default: '1,2,4,2-ring,1+1,2+1,mqttgrid' },
  rounds: { type: 'string', default: '2' },
  seconds: { type: 'string', default: '2' },
  minutes: { type: 'string', default: '30' },
  memory: { type: 'boolean', default: false },
  output: { type: 'string', default: '.mqttgrid/bench' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const ROUNDS_MAX = 100;
const SECONDS_MAX = 60;
const MINUTES_MAX = 600;
const WARM_SECONDS = 0.7;

function chosen<Named extends { readonly name: string }>(
  all: readonly Named[],
  list: string,
): Named[] {
  const found = list.split(',').flatMap((word) => {
    const named = all.filter(({ name }) => names(word, name));
    return named.length > 0 ? named : fail(`nothing is called "${word}": see --list`);
  });
  return [...new Set(found)];
}

const { values } = parseArgs({ options: OPTIONS });

interface Turn {
  readonly load: Load;
  readonly variant: Variant;
  readonly running: RunningVariant;
  readonly round: number;
}

async function measure({ load, variant, running, round }: Turn, run: Duration) {
  const measurement = { load: load.name, variant: variant.name, round };
  try {
    const outcome: Outcome = await runLoad(jobOf(load, running, run), 'own');
    const each = (1e6 * outcome.brokerCpuSeconds) / outcome.units;
    process.stderr.write(`  ${load.name} ${variant.name}: ${each.toFixed(2)} µs each\n`);
    return { ...measurement, outcome };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    process.stderr.write(`  ${load.name} ${variant.name}: ${failure}\n`);
    return { ...measurement, failure };
  }
}

/** Every load with every variant once, then all again with the variants in turned order. */
function turnsOf(loads: readonly Load[], variants: readonly Variant[], rounds: number) {
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % variants.length;
    const order = [...variants.slice(first), ...variants.slice(0, first)];
    return loads.flatMap((load) => order.map((variant) => ({ load, variant, round })));
  }).flat();
}

async function measureAll(
  loads: readonly Load[],
  folder: string,
  run: Duration,
): Promise<Measurement[]> {
  const variants = chosen(VARIANTS, values.variants);
  const rounds = numberOf(values.rounds, ROUNDS_MAX);
  const endsAtMs = performance.now() + 60000 * numberOf(values.minutes, MINUTES_MAX);
  const running = new Map<Variant, RunningVariant>();
  const measurements: Measurement[] = [];
  try {
    for (const variant of variants) {
      const files = { ...run, clients: clientsOf(loads), folder: join(folder, variant.name) };
      running.set(variant, await startVariant(variant, files));
    }
    for (const turn of turnsOf(loads, variants, rounds)) {
      if (performance.now() > endsAtMs) break;
      measurements.push(await measure({ ...turn, running: running.get(turn.variant)! }, run));
    }
    return measurements;
  } finally {
    await Promise.all([...running.values()].map(({ stop }) => stop()));
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-cores-'));
  const output = resolve(values.output);
  try {
    const machine = describeMachine(folder);
    const { cpu, cores, node, loadBefore, commit } = machine;
    const certificates = join(folder, 'certificates');
    const loads = chosen(LOADS, values.only);
    await writeCertificates(certificates, clientsOf(loads));
    const seconds = numberOf(values.seconds, SECONDS_MAX);
    const run = { certificates, warmSeconds: WARM_SECONDS, seconds };
    const measurements = await measureAll(loads, folder, run);
    const rows = summarize(measurements);
    const caption =
      `${cpu}, ${cores} cores, Node ${node}, load average ${loadBefore.toFixed(2)} before; ` +
      `${commit}; up to ${values.rounds} rounds of ${seconds} s`;
    mkdirSync(output, { recursive: true });
    const json = JSON.stringify({ machine, seconds, rows, measurements }, undefined, 2);
    writeFileSync(join(output, 'cores.json'), `${json}\n`);
    say(`\n${caption}\n\n${tableOf(rows)}\n\n${join(output, 'cores.json')}`);
    if (rows.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function list(): string {
  const variants = VARIANTS.map(({ name, describes }) => `${name.padEnd(10)}${describes}`);
  return [...LOADS.map(({ name }) => name), '', ...variants].join('\n');
}

if (values.help) say(HELP);
else if (values.list) say(list());
else if (values.memory) say(await measureMemory());
else await main();
