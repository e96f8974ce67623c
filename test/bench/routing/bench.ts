/** `npm run bench:routing`: what a routed message costs. See ../README.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from '../certificates.ts';
import { describeMachine } from '../report/machine.ts';
import {
  absence,
  deadDestination,
  Destinations,
  DESTINATION_NAMES,
  routeOf,
} from './destinations.ts';
import type { DestinationName } from './destinations.ts';
import { measureCost, measureOutage, measureThroughput, PAIRS } from './measure.ts';
import type { Place } from './measure.ts';
import { costTable, outageTable, throughputTable } from './report.ts';
import type { CostRound, Results, ThroughputRound } from './report.ts';

const HELP = `Measures a broker that routes its messages beside one that does not, on loopback.

  npm run bench:routing -- [options]

  --quick           a minute and a half: one round, short, one minute without a destination
  --only NAMES      of cost, throughput, outage (all)
  --to NAMES        of ${DESTINATION_NAMES.join(', ')} (all that are there)
  --rounds N        times that each destination has its turn (3)
  --seconds N       measured in each turn (10)
  --rate N          messages a second that cost is measured at (2000)
  --minutes N       without a destination (10)
  --outage-rate N   messages a second meanwhile (2000)
  --outbox N        messages that the outbox holds then (300000)
  --output FOLDER   for routing.json (.mqttgrid/bench)
  --help

MQTTGRID_KAFKA=HOST:PORT names a Kafka that creates topics when they are written to.
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'cost,throughput,outage' },
    to: { type: 'string', default: DESTINATION_NAMES.join(',') },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '2000' },
    minutes: { type: 'string' },
    'outage-rate': { type: 'string', default: '2000' },
    outbox: { type: 'string', default: '300000' },
    output: { type: 'string', default: '.mqttgrid/bench' },
    help: { type: 'boolean', default: false },
  },
});

const DEFAULTS = values.quick
  ? { rounds: '1', seconds: '2', minutes: '1' }
  : { rounds: '3', seconds: '10', minutes: '10' };

const OUTAGE_SAMPLES = 20;

function say(line: string): void {
  process.stderr.write(`  ${line}\n`);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  process.stderr.write(`${text} is not a number above 0\n`);
  return process.exit(2);
}

function chosen<Name extends string>(text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found !== undefined) return found;
    process.stderr.write(`${name} is none of ${known.join(', ')}\n`);
    return process.exit(2);
  });
}

const parts = chosen(values.only, ['cost', 'throughput', 'outage']);
const names = chosen(values.to, DESTINATION_NAMES);
const present = names.filter((name) => absence(name) === undefined);
const rounds = numberOf(values.rounds ?? DEFAULTS.rounds);
const seconds = numberOf(values.seconds ?? DEFAULTS.seconds);
const rate = numberOf(values.rate);

/** Every destination once, then again from another one on. */
function* turns(of: readonly DestinationName[]): Generator<readonly [number, DestinationName]> {
  for (let round = 0; round < rounds; round++) {
    const first = round % Math.max(1, of.length);
    for (const name of [...of.slice(first), ...of.slice(0, first)]) yield [round, name];
  }
}

async function costs(place: Place, destinations: Destinations): Promise<CostRound[]> {
  const measured: CostRound[] = [];
  for (const [round, name] of turns(present)) {
    for (const qos of [0, 1] as const) {
      const route = await destinations.routeTo(name);
      const cost = await measureCost(place, route, { qos, rate, seconds });
      say(`cost ${name} QoS ${qos}: ${cost.cpuMicroseconds.toFixed(1)} µs a message`);
      measured.push({ round, name, qos, cost });
    }
  }
  return measured;
}

async function throughputs(place: Place, destinations: Destinations): Promise<ThroughputRound[]> {
  const measured: ThroughputRound[] = [];
  for (const [round, name] of turns(present)) {
    const route = await destinations.routeTo(name);
    if (route === undefined) continue;
    const throughput = await measureThroughput(place, route, seconds);
    say(`throughput ${name}: ${throughput.perSecond.toFixed(0)} events a second`);
    measured.push({ round, name, throughput });
  }
  return measured;
}

async function outage(place: Place): Promise<Results['outage']> {
  const limits = { eventOutboxMessages: numberOf(values.outbox) };
  return measureOutage(place, routeOf(await deadDestination(), limits), {
    minutes: numberOf(values.minutes ?? DEFAULTS.minutes),
    rate: numberOf(values['outage-rate']),
    samples: OUTAGE_SAMPLES,
    onSample: ({ seconds: at, residentMib, events }) =>
      say(`${at.toFixed(0)} s: ${residentMib.toFixed(0)} MiB, ${events.pending} events pending`),
  });
}

async function measureAll(folder: string): Promise<Results> {
  const place = { folder, certificates: join(folder, 'certificates'), clients: 2 * PAIRS };
  await writeCertificates(place.certificates, place.clients);
  const destinations = new Destinations(folder);
  try {
    return {
      costs: parts.includes('cost') ? await costs(place, destinations) : [],
      throughputs: parts.includes('throughput') ? await throughputs(place, destinations) : [],
      outage: parts.includes('outage') ? await outage(place) : [],
    };
  } finally {
    destinations.close();
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
  try {
    const machine = describeMachine(folder);
    const results = await measureAll(folder);
    const output = resolve(values.output);
    mkdirSync(output, { recursive: true });
    const loadAfter = loadavg()[0]!;
    const json = JSON.stringify({ machine, loadAfter, rate, seconds, ...results }, undefined, 2);
    writeFileSync(join(output, 'routing.json'), `${json}\n`);
    const { cpu, cores, node, loadBefore, commit } = machine;
    const loads = `load average ${loadBefore.toFixed(2)} before, ${loadAfter.toFixed(2)} after`;
    const tables = [
      `${cpu}, ${cores} cores, Node ${node}, ${loads}; ${commit}`,
      ...(results.costs.length > 0 ? [costTable(results.costs)] : []),
      ...(results.throughputs.length > 0 ? [throughputTable(results.throughputs)] : []),
      ...(results.outage.length > 0 ? [outageTable(results.outage)] : []),
      ...names.flatMap((name) => absence(name) ?? []).map((reason) => `ABSENT: ${reason}`),
      ...(machine.storeInMemory ? ['The store was in memory: QoS 1 costs more on a disk.'] : []),
    ];
    process.stdout.write(`${tables.join('\n\n')}\n\n${join(output, 'routing.json')}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
