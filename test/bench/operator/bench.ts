/** `npm run bench:operator`: how fast, how frugal. See ../README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { describeMachine } from '../report/machine.ts';
import { ApiServerLoad } from './api-server-load.ts';
import { declareGrid, deleteClients } from './declarations.ts';
import { figuresOf, tableOf, type Results } from './figures.ts';
import { GRID, Installation } from './installation.ts';
import {
  CHANGED_KINDS,
  measureBurst,
  measureChanges,
  measureFloor,
  measureRestart,
  type Burst,
  type Restart,
} from './measure.ts';

const HELP = `Measures the operator with two brokers at an API server of its own, all on loopback.

  npm run bench:operator -- [options]

  --quick           1,000 clients instead of 10,000, everything once; two minutes
  --clients N       declared in one MqttNamespace (10000)
  --changes N       of an object of each kind, one at a time (120)
  --rounds N        times that all clients are created, and that the operator is restarted (3)
  --grow N,N        then on to so many clients (30000; 30000,100000 takes half an hour)
  --profile         write CPU profiles of the operator; figures are worth less then
  --output FOLDER   for operator.json and profiles (.mqttgrid/bench)
  --help

KUBEBUILDER_ASSETS is a folder with etcd, kube-apiserver and kubectl.
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    clients: { type: 'string' },
    changes: { type: 'string' },
    rounds: { type: 'string' },
    grow: { type: 'string' },
    profile: { type: 'boolean', default: false },
    output: { type: 'string', default: '.mqttgrid/bench' },
    help: { type: 'boolean', default: false },
  },
});

const DEFAULTS = values.quick
  ? { clients: '1000', changes: '30', rounds: '1', grow: '' }
  : { clients: '10000', changes: '120', rounds: '3', grow: '30000' };

/** Memory is looked at after this time of rest. */
const REST_MS = 15_000;
const FEW_CLIENTS = 1000;

interface Plan {
  readonly clients: number;
  readonly changes: number;
  readonly rounds: number;
  readonly grow: readonly number[];
}

function say(line: string): void {
  process.stderr.write(`  ${line}\n`);
}

class Bench {
  readonly #installation: Installation;
  readonly #load: ApiServerLoad;
  readonly #plan: Plan;
  #uids: readonly string[] = [];

  constructor(installation: Installation, plan: Plan) {
    this.#installation = installation;
    this.#load = new ApiServerLoad(installation.server.kubeconfig);
    this.#plan = plan;
  }

  async run(): Promise<Results> {
    const { clients, changes, grow } = this.#plan;
    try {
      const memory = [{ clients: FEW_CLIENTS, restart: await this.#few() }];
      const { floors, bursts } = await this.#bursts();
      const times: Results['changes'] = {};
      for (const kind of CHANGED_KINDS) {
        say(`a ${kind} is changed ${changes} times`);
        times[kind] = await measureChanges(this.#installation, kind, changes);
      }
      await delay(REST_MS);
      const afterLoadMib = this.#installation.operator.residentMib;
      const restarts = await this.#restarts();
      memory.push({ clients, restart: restarts.at(-1)! });
      const growth: { clients: number; burst: Burst }[] = [];
      for (const more of grow) {
        growth.push({ clients: more, burst: await this.#growTo(growth.at(-1)?.clients, more) });
        memory.push({ clients: more, restart: await this.#restart() });
      }
      return { clients, changes: times, floors, bursts, restarts, memory, afterLoadMib, growth };
    } finally {
      this.#load.close();
    }
  }

  /** Everything is set up, and what few clients cost. */
  async #few(): Promise<Restart> {
    say(`installed; ${FEW_CLIENTS} clients are declared`);
    const { api } = this.#installation;
    this.#installation.startOperator();
    await declareGrid(api);
    await this.#installation.startBrokers();
    await measureBurst(this.#installation, this.#load, [0, FEW_CLIENTS]).then(({ uids }) => {
      this.#uids = uids;
    });
    return await this.#restart();
  }

  async #bursts(): Promise<{ floors: number[]; bursts: Burst[] }> {
    const { clients, rounds } = this.#plan;
    const [floors, bursts]: [number[], Burst[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      await deleteClients(this.#installation.api, this.#uids);
      await this.#installation.stopOperator();
      say(`round ${round} of ${rounds}: ${clients} clients are created, no operator runs`);
      floors.push(await measureFloor(this.#installation, clients));
      await this.#restart();
      say(`round ${round} of ${rounds}: ${clients} clients are created`);
      const burst = await measureBurst(this.#installation, this.#load, [0, clients]);
      this.#uids = burst.uids;
      bursts.push(burst);
    }
    return { floors, bursts };
  }

  async #restarts(): Promise<Restart[]> {
    const restarts: Restart[] = [];
    for (let round = 1; round <= this.#plan.rounds; round++) restarts.push(await this.#restart());
    return restarts;
  }

  /** Measured when it rests. */
  async #restart(): Promise<Restart> {
    say('the operator is restarted');
    const restart = await measureRestart(this.#installation, this.#load);
    await delay(REST_MS);
    return { ...restart, residentMib: this.#installation.operator.residentMib };
  }

  async #growTo(from: number = this.#plan.clients, to: number): Promise<Burst> {
    say(`on to ${to} clients`);
    const spec = { limits: { clients: to } };
    await this.#installation.api.patch(resourceTypeOf('MqttNamespace'), GRID, { spec });
    return await measureBurst(this.#installation, this.#load, [from, to]);
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  process.stderr.write(`${text} is not a count\n`);
  return process.exit(2);
}

async function main(): Promise<void> {
  const plan: Plan = {
    clients: countOf(values.clients ?? DEFAULTS.clients),
    changes: countOf(values.changes ?? DEFAULTS.changes),
    rounds: countOf(values.rounds ?? DEFAULTS.rounds),
    grow: (values.grow ?? DEFAULTS.grow).split(',').filter(Boolean).map(countOf),
  };
  const output = resolve(values.output);
  mkdirSync(output, { recursive: true });
  const machine = describeMachine(tmpdir());
  const installation = await Installation.open(values.profile ? output : undefined);
  const results = await new Bench(installation, plan).run().finally(() => installation.close());
  const figures = figuresOf(results);
  const loadAfter = loadavg()[0]!;
  const json = JSON.stringify({ machine, loadAfter, plan, figures, ...results }, undefined, 2);
  writeFileSync(join(output, 'operator.json'), `${json}\n`);
  const { cpu, cores, node, loadBefore, commit } = machine;
  const loads = `load average ${loadBefore.toFixed(2)} before, ${loadAfter.toFixed(2)} after`;
  process.stdout.write(`${cpu}, ${cores} cores, Node ${node}, ${loads}; ${commit}\n\n`);
  process.stdout.write(`${tableOf(figures)}\n\n${join(output, 'operator.json')}\n`);
}

if (values.help) process.stdout.write(HELP);
else await main();
