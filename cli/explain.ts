import { Command } from 'commander';
import { buildPolicy, explain, printExplanation } from '../domain/access.ts';
import type { AccessQuestion } from '../domain/access.ts';
import { resourceKey } from '../domain/resources.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { printable } from '../domain/text.ts';
import { isRecord } from '../domain/validate/shape.ts';
import { checkFolder } from '../standalone/check.ts';
import { systemClock } from '../standalone/clock.ts';
import type { Plan } from '../standalone/plan.ts';
import { ExitCode } from './exit-code.ts';
import { explainDiff } from './explain-diff.ts';
import { explainRouting } from './explain-route.ts';
import { outputOption } from './options.ts';
import type { OutputFormat } from './options.ts';
import { chooseNamespace, warnOf } from './plan-questions.ts';
import { writeError, writeLine } from './render.ts';

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

--route tells which EventSubscriptions deliver the event of a message, where to, and which condition
of their filters decides. What only the message can tell has a "?": members of its data, which
--payload gives, and attributes that are user properties, such as priority.

  perhaps delivered by too-hot to the file events/too-hot.ndjson within the folder of --data
    yes  subject begins with "buildings/"
    ?    data.Temp > 100

Filters read data where a client says that its payload is JSON: by MQTT 5, with the Content Type
application/json or the Payload Format Indicator 1. Of other messages, those of MQTT 3.1.1 among
them, no member of data is there. Of a message that is a CloudEvent already, type, source and
subject are the client's.

With -o json it is one line; of a URL it has the origin and path, and no Secret:

  {"namespace","question":{"operation":"route","topic"},"publishers","routed":true,"eventTopic",
   "subscriptions":[{"name","verdict","destination","deadLetter","conditions"}]}
   verdict: Delivered, NotDelivered, Depends; of conditions: {"condition","outcome"}, which is
   Satisfied, Unsatisfied, Unknown; where nothing is routed: "routed":false,"reason","remedy"

Exit codes: 0 allowed, 3 refused, 2 the question or the folder is not as it must be.
Of --route: 0 delivered by one at least, or perhaps; 3 by none, or not routed; 2 as above.
Of --diff, as of diff: 0 nothing changes for clients, 1 something does, 2 a folder cannot be read.

Examples:
  mqttgrid explain manifests/ --client vehicle-1 --publish fleet/vehicle-1/position
  mqttgrid explain manifests/ --client map --subscribe 'fleet/+/position' -o json
  mqttgrid explain manifests/ --route fleet/vehicle-1/engine --payload '{"Temp":101}'
  git worktree add /tmp/main main && mqttgrid explain --diff /tmp/main/manifests manifests/`;

interface Options {
  readonly diff?: true;
  readonly client?: string;
  readonly publish?: string;
  readonly subscribe?: string;
  readonly route?: string;
  readonly payload?: string;
  readonly namespace?: string;
  readonly output: OutputFormat;
}

function questionOf(options: Options): Result<AccessQuestion, string> {
  const { client, publish, subscribe } = options;
  if (client === undefined)
    return failure('whose access? Say --client NAME, or --route TOPIC, or --diff OLD NEW');
  if (publish !== undefined && subscribe === undefined) {
    return success({ client, operation: 'publish', topic: publish });
  }
  if (subscribe !== undefined && publish === undefined) {
    return success({ client, operation: 'subscribe', topic: subscribe });
  }
  return failure('ask one thing: --publish TOPIC or --subscribe FILTER');
}

/** Of the objects that bear this client's name. */
function keysOfClient(plan: Plan, client: string): ReadonlySet<string> {
  const meant = plan.resources.filter(({ kind, metadata, spec }) => {
    const isNamed = isRecord(spec) && spec['name'] === client;
    return kind === 'Client' && (isNamed || metadata.name === client);
  });
  return new Set(meant.map(resourceKey));
}

function answer(folder: string, options: Options): Result<ExitCode, string> {
  const question = questionOf(options);
  if (!question.ok) return question;
  const checked = checkFolder(folder, systemClock.nowMs());
  if (!checked.ok) return failure(`${checked.fault.message}: ${checked.fault.remedy}`);
  const { client } = question.value;
  warnOf(checked.value, keysOfClient(checked.value, client));
  const hasClient = ({ clients }: Snapshot) => clients.some(({ name }) => name === client);
  const chosen = chooseNamespace(checked.value, hasClient, options.namespace);
  if (!chosen.ok) return chosen;
  const { snapshot } = chosen.value;
  const explanation = explain(buildPolicy(snapshot), question.value);
  if (options.output === 'json') {
    writeLine(JSON.stringify({ namespace: snapshot.name, ...explanation }));
  } else {
    writeLine(printExplanation(explanation).split('\n').map(printable).join('\n'));
  }
  return success(explanation.allowed ? ExitCode.Success : ExitCode.Refused);
}

function answerOfRoute(
  folder: string,
  route: string,
  { client, publish, subscribe, payload, namespace, output }: Options,
): Result<ExitCode, string> {
  if ([client, publish, subscribe].some((each) => each !== undefined)) {
    return failure('--route asks about a message of any client: leave out what asks about one');
  }
  const about = {
    ...(payload !== undefined && { payload }),
    ...(namespace !== undefined && { namespace }),
  };
  return explainRouting(folder, { route, output, ...about });
}

function answerOfDiff(folders: readonly string[], options: Options): Result<ExitCode, string> {
  const [first, second, ...others] = folders;
  const { client, publish, subscribe, namespace, route, payload } = options;
  const asked = [client, publish, subscribe, namespace, route, payload];
  if (asked.some((each) => each !== undefined)) {
    return failure('--diff asks about all clients: leave out what asks about one');
  }
  if (first === undefined || second === undefined || others.length > 0) {
    return failure('--diff compares two folders: --diff OLD NEW');
  }
  return explainDiff(first, second, options.output);
}

function answerAny(folders: readonly string[], options: Options): Result<ExitCode, string> {
  if (options.diff !== undefined) return answerOfDiff(folders, options);
  const [folder = '', ...others] = folders;
  if (others.length > 0) return failure('two folders are for --diff OLD NEW');
  if (options.route !== undefined) return answerOfRoute(folder, options.route, options);
  if (options.payload !== undefined) return failure('--payload is of a message: say --route TOPIC');
  return answer(folder, options);
}

export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'Tell whether a client may publish to a topic or subscribe with a filter, and why; where a ' +
        'message on a topic is routed; or what a change of manifests gives to clients and takes ' +
        'from them.',
    )
    .argument('<DIR...>', 'folder with *.yaml, *.yml and *.json files; two with --diff')
    .option('--diff', 'which clients gain or lose what, from the first folder to the second?')
    .option('--client <name>', 'name of the Client: the MQTT client identifier')
    .option('--publish <topic>', 'may it publish to this topic?')
    .option('--subscribe <filter>', 'may it subscribe with this topic filter?')
    .option('--route <topic>', 'which EventSubscriptions get what is published to this topic?')
    .option('--payload <json>', 'of --route: the message, for filters on its data')
    .option('--namespace <name>', 'the MqttNamespace, where several have the client or a route')
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action((folders: readonly string[], options: Options) => {
      const answered = answerAny(folders, options);
      if (!answered.ok) writeError(printable(answered.fault));
      process.exitCode = answered.ok ? answered.value : ExitCode.Usage;
    });
}
