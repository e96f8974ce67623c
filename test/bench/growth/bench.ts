/** `npm run bench:growth`: what a fleet's size adds to the costs. See ../README.md. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from '../certificates.ts';
import { describeMachine } from '../report/machine.ts';
import { BROKER_CURVES } from './broker-curves.ts';
import type { Curve, MeasuredCurve } from './curve.ts';
import { DECLARATION_CURVES } from './declaration-curves.ts';
import { growthPlot } from './plot.ts';
import { curvesTable, scaleTable, stepsAsCurves, swapTable } from './report.ts';
import { measureScale, SCALE_CLIENTS, type ScaleStep } from './scale.ts';
import { startCurves } from './start-curves.ts';
import { measureSwaps, type Swap } from './swap.ts';
import { names, numberOf, say } from '../command-line.ts';

const HELP = `Measures how costs grow with what is declared, subscribed and queued.

  npm run bench:growth -- [options]

  --quick           fewer and smaller sizes; some five minutes
  --only NAMES      these curves (comma-separated; groups* are all that begin with groups),
                    scale (CPU a message beside many clients and subscriptions) and
                    swap (how long a change of the declarations holds up messages)
  --rounds N        of scale and swap (5; quick: 2)
  --seconds N       measured in each turn of scale (3; quick: 1)
  --clients N       declared where a change is measured (10000)
  --connected N     of them connected (1000; quick: 200)
  --output FOLDER   for growth.json and growth.svg (.mqttgrid/bench)
  --list            the curves' names
  --help
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    clients: { type: 'string' },
    connected: { type: 'string' },
    output: { type: 'string', default: '.mqttgrid/bench' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const DEFAULTS = values.quick
  ? { rounds: 2, seconds: 1, clients: 10_000, connected: 200 }
  : { rounds: 5, seconds: 3, clients: 10_000, connected: 1000 };

const ROUNDS_MAX = 50;
const SECONDS_MAX = 60;
const CLIENTS_MAX = 100_000;
const CONNECTED_MAX = 5000;

function progress(line: string): void {
  process.stderr.write(`  ${line}\n`);
}

function isWanted(name: string): boolean {
  const words = values.only.split(',').filter(Boolean);
  if (words.length === 0) return true;
  return words.some((word) => names(word, name));
}

async function measureCurve(curve: Curve): Promise<MeasuredCurve> {
  const { measure, sizes, quickSizes, ...described } = curve;
  const points = [];
  for (const n of values.quick ? quickSizes : sizes) {
    const cost = await measure(n);
    progress(`${curve.name}: ${cost.toPrecision(3)} ${curve.unit} of ${n} ${curve.of}`);
    points.push({ n, cost });
  }
  return { curve: described, points };
}

interface Results {
  readonly curves: readonly MeasuredCurve[];
  readonly steps: readonly ScaleStep[];
  readonly swaps: readonly Swap[];
}

async function measureAll(folder: string, connected: number): Promise<Results> {
  const certificates = join(folder, 'certificates');
  const other = join(folder, 'other');
  const clients = isWanted('swap') ? Math.max(SCALE_CLIENTS, connected) : SCALE_CLIENTS;
  progress(`issuing ${clients} client certificates`);
  await writeCertificates(certificates, clients);
  await writeCertificates(other, 0);
  const authority = readFileSync(join(certificates, 'ca.pem'), 'utf8');
  const otherAuthority = readFileSync(join(other, 'ca.pem'), 'utf8');
  const common = {
    certificates,
    authority,
    folder,
    rounds: numberOf(values.rounds ?? `${DEFAULTS.rounds}`, ROUNDS_MAX),
    progress,
  };
  const curves: MeasuredCurve[] = [];
  for (const curve of allCurves(certificates)) {
    if (isWanted(curve.name)) curves.push(await measureCurve(curve));
  }
  const seconds = numberOf(values.seconds ?? `${DEFAULTS.seconds}`, SECONDS_MAX);
  const steps = isWanted('scale')
    ? await measureScale({ ...common, seconds, quick: values.quick })
    : [];
  const declared = numberOf(values.clients ?? `${DEFAULTS.clients}`, CLIENTS_MAX);
  const swaps = isWanted('swap')
    ? await measureSwaps({ ...common, otherAuthority, clients: declared, connected })
    : [];
  return { curves: [...curves, ...stepsAsCurves(steps)], steps, swaps };
}

function allCurves(certificates: string): readonly Curve[] {
  return [...DECLARATION_CURVES, ...BROKER_CURVES, ...startCurves(certificates)];
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
  const output = resolve(values.output);
  const connected = numberOf(values.connected ?? `${DEFAULTS.connected}`, CONNECTED_MAX);
  try {
    const machine = describeMachine(folder);
    const results = await measureAll(folder, connected);
    const { cpu, cores, node, loadBefore, commit } = machine;
    const load = `load average ${loadBefore.toFixed(2)} before`;
    const caption = `${cpu}, ${cores} cores, Node ${node}, ${load}; ${commit}`;
    mkdirSync(output, { recursive: true });
    const json = { machine, quick: values.quick, connected, ...results };
    writeFileSync(join(output, 'growth.json'), `${JSON.stringify(json, undefined, 2)}\n`);
    writeFileSync(join(output, 'growth.svg'), growthPlot(results.curves, caption));
    say(`\n${caption}\n`);
    if (results.curves.length > 0) say(`${curvesTable(results.curves)}\n`);
    if (results.steps.length > 0) say(`${scaleTable(results.steps)}\n`);
    if (results.swaps.length > 0) say(`${swapTable(results.swaps)}\n`);
    say(`${join(output, 'growth.json')}, growth.svg`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) say(HELP);
else if (values.list) say([...allCurves('').map(({ name }) => name), 'scale', 'swap'].join('\n'));
else await main();
