import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { certsCommand } from './certs.ts';
import { ExitCode } from './exit-code.ts';
import { explainCommand } from './explain.ts';
import { upCommand } from './up.ts';
import { validateCommand } from './validate.ts';

const EXAMPLES = `
Examples:
  mqttgrid up manifests/                 serve what the folder declares, and follow its changes
  mqttgrid validate manifests/           check it, for a pull request
  mqttgrid explain manifests/ --client vehicle-1 --publish fleet/vehicle-1/position
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

function buildProgram(): Command {
  const version = versionOf(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('mqttgrid')
    .description('An MQTT broker service, declared as infrastructure.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', EXAMPLES);
  for (const command of [upCommand(), validateCommand(), explainCommand(), certsCommand()]) {
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
    await buildProgram().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has written the message.
    const asked = error.exitCode === 0 && error.code !== 'commander.help';
    process.exitCode = asked ? ExitCode.Success : ExitCode.Usage;
  }
}
