/** `npm run bench`: mqttgrid beside the floor and its peers. See README.md in this folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BrokerName } from './brokers/start.ts';
import { absence, BROKER_NAMES } from './brokers/start.ts';
import { writeCertificates } from './certificates.ts';
import type { Generator } from './load/start.ts';
import { preferredGenerator } from './load/start.ts';
import type { Run, Settings } from './measure.ts';
import { measureAll } from './measure.ts';
import { captionOf, describeMachine } from './report/machine.ts';
import type { Machine } from './report/machine.ts';
import { plotOf } from './report/plot.ts';
import { summarize } from './report/summary.ts';
import { tableOf } from './report/table.ts';
import type { Scenario } from './scenarios.ts';
import { clientsOfJob, SCENARIOS, sketchOf } from './scenarios.ts';
import { fail, names, numberOf, say } from './command-line.ts';

const HELP = `Measures mqttgrid beside a bare relay and other brokers, on loopback.

  npm run bench -- [options]

  --quick           the most telling scenarios, in under two minutes
  --only NAMES      these scenarios (comma-separated; pairs* are all that begin with pairs)
  --brokers NAMES   of ${BROKER_NAMES.join(', ')} (all that are there)
  --rounds N        times that each broker has its turn (3; quick: 2 at most)
  --seconds N       measured in each turn (4; quick: 0.7)
  --minutes N       no measurement begins later (90; quick: 1.8)
  --load NAME       own or mqttload (mqttload where it is on PATH or MQTTGRID_MQTTLOAD names it)
  --threads N       of our own load generator (one core is left to the broker)
  --profile         take CPU profiles of mqttgrid; figures are worth less then
  --output FOLDER   for bench.json, bench.svg and profiles (.mqttgrid/bench)
  --list            the scenarios' names
  --help

MQTTGRID_MOSQUITTO names the mosquitto broker where it is not on PATH, MQTTGRID_AEDES a folder that
aedes was installed in.
`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  brokers: { type: 'string', default: BROKER_NAMES.join(',') },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  minutes: { type: 'string' },
  load: { type: 'string' },
  threads: { type: 'string' },
  profile: { type: 'boolean', default: false },
  output: { type: 'string', default: '.mqttgrid/bench' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const DEFAULTS = {
  full: { rounds: 3, seconds: 4, warmSeconds: 1.5, minutes: 90 },
  quick: { rounds: 2, seconds: 0.7, warmSeconds: 0.4, minutes: 1.8 },
} as const;

/** A measurement longer than this says no more. */
const SECONDS_MAX = 60;
const ROUNDS_MAX = 100;
const MINUTES_MAX = 600;

function chosenScenarios(only: string, quick: boolean): Scenario[] {
  const words = only.split(',').filter(Boolean);
  if (words.length === 0) return SCENARIOS.filter((each) => !quick || each.quickRounds > 0);
  const chosen = SCENARIOS.filter(({ name }) => words.some((word) => names(word, name)));
  return chosen.length > 0 ? chosen : fail(`no scenario is called "${only}": see --list`);
}

function chosenBrokers(list: string): BrokerName[] {
  return list.split(',').map((name) => {
    const known = BROKER_NAMES.find((each) => each === name);
    return known ?? fail(`no broker is called "${name}": ${BROKER_NAMES.join(', ')}`);
  });
}

function chosenGenerator(load: string | undefined): Generator {
  if (load === undefined) return preferredGenerator();
  if (load === 'own') return 'own';
  if (load !== 'mqttload') return fail(`--load is own or mqttload, not "${load}"`);
  return preferredGenerator() === 'mqttload' ? 'mqttload' : fail('mqttload is not on PATH');
}

const { values } = parseArgs({ options: OPTIONS });

async function main(): Promise<void> {
  const defaults = DEFAULTS[values.quick ? 'quick' : 'full'];
  const scenarios = chosenScenarios(values.only, values.quick);
  const brokers = chosenBrokers(values.brokers);
  const absent = brokers.flatMap((name) => absence(name) ?? []);
  const clients = Math.max(...scenarios.map((each) => clientsOfJob(sketchOf(each, values.quick))));
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
  const output = resolve(values.output);
  const settings: Settings = {
    scenarios,
    brokers: brokers.filter((name) => absence(name) === undefined),
    quick: values.quick,
    rounds: numberOf(values.rounds ?? `${defaults.rounds}`, ROUNDS_MAX),
    seconds: numberOf(values.seconds ?? `${defaults.seconds}`, SECONDS_MAX),
    warmSeconds: defaults.warmSeconds,
    threads: numberOf(values.threads ?? `${Math.max(1, Math.min(4, cpus().length - 1))}`, 16),
    generator: chosenGenerator(values.load),
    budgetSeconds: numberOf(values.minutes ?? `${defaults.minutes}`, MINUTES_MAX) * 60,
    folder,
    certificates: join(folder, 'certificates'),
    clients,
    ...(values.profile ? { profiles: join(output, 'profiles') } : {}),
    progress: (line) => void process.stderr.write(`  ${line}\n`),
  };
  for (const reason of absent) say(`ABSENT: ${reason}`);
  try {
    const machine = describeMachine(folder);
    process.stderr.write(`issuing ${clients} client certificates\n`);
    await writeCertificates(settings.certificates, clients);
    const run = await measureAll(settings);
    report(run, { settings, machine, absent, output });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Circumstances {
  readonly settings: Settings;
  readonly machine: Machine;
  readonly absent: readonly string[];
  readonly output: string;
}

function report(run: Run, { settings, machine, absent, output }: Circumstances): void {
  const rows = summarize(run, settings.scenarios);
  const { generator, rounds, seconds, quick, threads } = settings;
  const turns = `${quick ? 'quick, ' : ''}${rounds} rounds of ${seconds} s`;
  const caption = `${captionOf(machine)}; ${turns}`;
  mkdirSync(output, { recursive: true });
  const json = { machine, generator, threads, rounds, seconds, quick, absent, rows, ...run };
  writeFileSync(join(output, 'bench.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  writeFileSync(join(output, 'bench.svg'), plotOf(rows, caption, absent));
  say(`\n${caption}\n\n${tableOf(rows)}\n`);
  for (const [name, lines] of run.profiles) say(`${name}, self time:\n${lines.join('\n')}\n`);
  for (const reason of absent) say(`ABSENT: ${reason}`);
  if (machine.storeInMemory) say('The store was in memory: durable figures mean nothing.');
  if (run.leftOut.length > 0) say(`LEFT OUT, no time: ${run.leftOut.join(', ')}`);
  say(`${join(output, 'bench.json')}, bench.svg`);
  const judged = rows.flatMap(({ targets }) => targets);
  const missed = rows.flatMap(({ misses }) => misses);
  say(`${missed.length} of ${judged.length} targets MISSED`);
  if (rows.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

if (values.help) say(HELP);
else if (values.list) say(SCENARIOS.map(({ name }) => name).join('\n'));
else await main();
