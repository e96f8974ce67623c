import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ExitCode } from './exit-code.ts';

interface LazyCommand {
  readonly name: string;
  readonly summary: string;
  /** As usage shows it; empty: it takes options alone. */
  readonly argument: string;
  readonly load: () => Promise<Command>;
}

/** Loading all that they need takes half a second, so only what is asked for is loaded. */
const COMMANDS: readonly LazyCommand[] = [
  {
    name: 'up',
    argument: '<DIR>',
    summary: 'serve a folder of manifests',
    load: async () => (await import('./up.ts')).upCommand(),
  },
  {
    name: 'validate',
    argument: '<DIR>',
    summary: 'check a folder of manifests',
    load: async () => (await import('./validate.ts')).validateCommand(),
  },
  {
    name: 'explain',
    argument: '<DIR>',
    summary: 'tell who may publish or subscribe, and why, where it is routed, or what changes',
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  {
    name: 'certs',
    argument: '[DIR]',
    summary: 'make certificates for development',
    load: async () => (await import('./certs.ts')).certsCommand(),
  },
  {
    name: 'operator',
    argument: '',
    summary: 'run the control plane of a Kubernetes cluster',
    load: async () => (await import('./operator.ts')).operatorCommand(),
  },
  {
    name: 'broker',
    argument: '',
    summary: 'serve one MqttNamespace in a pod, as the operator says',
    load: async () => (await import('./broker.ts')).brokerCommand(),
  },
];

const EXAMPLES = `
Examples:
  mqttgrid up manifests/                 serve what the folder declares, and follow its changes
  mqttgrid validate manifests/           check it, for a pull request
  mqttgrid explain manifests/ --client vehicle-1 --publish fleet/vehicle-1/position
  mqttgrid explain manifests/ --route fleet/vehicle-1/position   where it goes as an event
  mqttgrid explain --diff OLD/ NEW/      what a change gives to clients and takes from them
  mqttgrid certs --help                  make certificates for development

Each command has its own --help.`;

function versionOf(packageJson: string): string {
  const { version } = JSON.parse(packageJson) as { readonly version: string };
  return version;
}

/** Recursion ends with the tree of commands, which is ours. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const subcommand of command.commands) throwInsteadOfExit(subcommand);
}

/** Whatever else bears a command's name, as a folder may, only loads more than is needed. */
async function commandsFor(argv: readonly string[]): Promise<Command[]> {
  return await Promise.all(
    COMMANDS.map(async ({ name, argument, summary, load }) => {
      if (argv.includes(name)) return (await load()).summary(summary);
      const command = new Command(name).summary(summary);
      return argument === '' ? command : command.argument(argument);
    }),
  );
}

async function buildProgram(argv: readonly string[]): Promise<Command> {
  const version = versionOf(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('mqttgrid')
    .description('An MQTT broker service, declared as infrastructure.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', EXAMPLES);
  for (const command of await commandsFor(argv)) {
    program.addCommand(command.showHelpAfterError('(--help tells more)'));
  }
  throwInsteadOfExit(program);
  return program;
}

/** Sets the exit code of the process, and lets it end by itself. */
export async function run(argv: readonly string[]): Promise<void> {
  // Whoever reads our output may stop reading it, as `head` does.
  process.stdout.on('error', () => process.exit());
  try {
    await (await buildProgram(argv)).parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has written the message.
    const asked = error.exitCode === 0 && error.code !== 'commander.help';
    process.exitCode = asked ? ExitCode.Success : ExitCode.Usage;
  }
}
