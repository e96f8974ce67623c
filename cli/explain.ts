import { Command } from 'commander';
import { buildPolicy, explain, printExplanation } from '../domain/access.ts';
import type { AccessQuestion } from '../domain/access.ts';
import { resourceKey } from '../domain/resources.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { either, quote, printable } from '../domain/text.ts';
import { isRecord } from '../domain/validate/shape.ts';
import { checkFolder } from '../standalone/check.ts';
import { systemClock } from '../standalone/clock.ts';
import type { Located } from '../manifests/located.ts';
import type { Plan } from '../standalone/plan.ts';
import { ExitCode } from './exit-code.ts';
import { explainDiff } from './explain-diff.ts';
import { outputOption } from './options.ts';
import type { OutputFormat } from './options.ts';
import { count, violationLine, writeError, writeLine } from './render.ts';

const HELP = `
The answer comes from the code that the broker runs: by which permission binding it is allowed,
or what was missed by how much, and what would allow it.

--diff tells which clients gain (+) or lose (-) what between two folders, in effect and however it
is declared: what objects that are gone permitted is lost, what is refused permits nothing.

  MqttNamespace/fleet
    -  publish    40 clients  fleet/\${client.name}/# (such as fleet/car1/#): car1, car2, ...
    +  subscribe  1 client    fleet/#, but for fleet/+/position, which it had: map
    ~  connect    1 client    with another certificate than before: map

With -o json it prints each violation as validate does, then what changes, in full:

  {"event":"namespace","object","change"}            change: Added, Removed
  {"event":"connection","object","change","cause","clients"}
  {"event":"access","object","change","permission","topicTemplate","except","clients"}
  {"event":"summary","changed","gaining","losing","violations"}

Exit codes: 0 allowed, 3 refused, 2 the question or the folder is not as it must be.
Of --diff, as of diff: 0 nothing changes for clients, 1 something does, 2 a folder cannot be read.

Examples:
  mqttgrid explain manifests/ --client vehicle-1 --publish fleet/vehicle-1/position
  mqttgrid explain manifests/ --client map --subscribe 'fleet/+/position' -o json
  git worktree add /tmp/main main && mqttgrid explain --diff /tmp/main/manifests manifests/`;

interface Options {
  readonly diff?: true;
  readonly client?: string;
  readonly publish?: string;
  readonly subscribe?: string;
  readonly namespace?: string;
  readonly output: OutputFormat;
}

/** A MqttNamespace that would be served. */
interface Candidate {
  readonly key: string;
  readonly snapshot: Snapshot;
}

function isNamed({ key, snapshot }: Candidate, name: string): boolean {
  return [snapshot.name, key, key.split('/').at(-1)].includes(name);
}

function hasClient({ snapshot }: Candidate, name: string): boolean {
  return snapshot.clients.some((client) => client.name === name);
}

function chooseNamespace(
  plan: Plan,
  { client }: AccessQuestion,
  namespace: string | undefined,
): Result<Snapshot, string> {
  const all = [...plan.snapshots].map(([key, snapshot]) => ({ key, snapshot }));
  if (all.length === 0) return failure('no MqttNamespace of the folder is in force');
  const named = namespace === undefined ? all : all.filter((each) => isNamed(each, namespace));
  const holding = named.filter((each) => hasClient(each, client));
  const [only, ...others] = holding.length > 0 ? holding : named;
  const names = (holding.length > 0 ? holding : all).map(({ key }) => key);
  if (only === undefined) {
    return failure(`no MqttNamespace ${quote(namespace ?? '')} is in force: ${either(names)} is`);
  }
  if (others.length === 0) return success(only.snapshot);
  return failure(`which MqttNamespace? Say --namespace with ${either(names)}`);
}

function questionOf(options: Options): Result<AccessQuestion, string> {
  const { client, publish, subscribe } = options;
  if (client === undefined) return failure('whose access? Say --client NAME, or --diff OLD NEW');
  if (publish !== undefined && subscribe === undefined) {
    return success({ client, operation: 'publish', topic: publish });
  }
  if (subscribe !== undefined && publish === undefined) {
    return success({ client, operation: 'subscribe', topic: subscribe });
  }
  return failure('ask one thing: --publish TOPIC or --subscribe FILTER');
}

/** What is wrong with the objects that bear this client's name. */
function violationsOfClient(plan: Plan, client: string): readonly Located[] {
  const meant = plan.resources.filter(({ kind, metadata, spec }) => {
    const isNamed = isRecord(spec) && spec['name'] === client;
    return kind === 'Client' && (isNamed || metadata.name === client);
  });
  const keys = new Set(meant.map(resourceKey));
  return plan.violations.filter(({ object }) => object !== undefined && keys.has(object));
}

function warn(plan: Plan, client: string): void {
  const found = plan.violations.length;
  if (found === 0) return;
  for (const located of violationsOfClient(plan, client)) writeError(violationLine(located));
  const some = count(found, 'violation');
  writeError(`the folder has ${some}, and what is refused is not in force: see mqttgrid validate`);
}

function answer(folder: string, options: Options): Result<ExitCode, string> {
  const question = questionOf(options);
  if (!question.ok) return question;
  const checked = checkFolder(folder, systemClock.nowMs());
  if (!checked.ok) return failure(`${checked.fault.message}: ${checked.fault.remedy}`);
  warn(checked.value, question.value.client);
  const snapshot = chooseNamespace(checked.value, question.value, options.namespace);
  if (!snapshot.ok) return snapshot;
  const explanation = explain(buildPolicy(snapshot.value), question.value);
  if (options.output === 'json') {
    writeLine(JSON.stringify({ namespace: snapshot.value.name, ...explanation }));
  } else {
    writeLine(printExplanation(explanation).split('\n').map(printable).join('\n'));
  }
  return success(explanation.allowed ? ExitCode.Success : ExitCode.Refused);
}

function answerAll(folders: readonly string[], options: Options): Result<ExitCode, string> {
  const [first = '', second, ...others] = folders;
  if (options.diff === undefined) {
    if (second === undefined) return answer(first, options);
    return failure('two folders are for --diff OLD NEW');
  }
  const { client, publish, subscribe, namespace } = options;
  if ([client, publish, subscribe, namespace].some((each) => each !== undefined)) {
    return failure('--diff asks about all clients: leave out what asks about one');
  }
  if (second === undefined || others.length > 0) {
    return failure('--diff compares two folders: --diff OLD NEW');
  }
  return explainDiff(first, second, options.output);
}

export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'Tell whether a client may publish to a topic or subscribe with a filter, and why; or what ' +
        'a change of manifests gives to clients and takes from them.',
    )
    .argument('<DIR...>', 'folder with *.yaml, *.yml and *.json files; two with --diff')
    .option('--diff', 'which clients gain or lose what, from the first folder to the second?')
    .option('--client <name>', 'name of the Client: the MQTT client identifier')
    .option('--publish <topic>', 'may it publish to this topic?')
    .option('--subscribe <filter>', 'may it subscribe with this topic filter?')
    .option('--namespace <name>', 'the MqttNamespace, where several have the client')
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action((folders: readonly string[], options: Options) => {
      const answered = answerAll(folders, options);
      if (!answered.ok) writeError(printable(answered.fault));
      process.exitCode = answered.ok ? answered.value : ExitCode.Usage;
    });
}
