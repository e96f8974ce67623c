import { Command } from 'commander';
import { printable } from '../domain/text.ts';
import { checkFolder } from '../standalone/check.ts';
import { systemClock } from '../standalone/clock.ts';
import type { Plan } from '../standalone/plan.ts';
import { ExitCode } from './exit-code.ts';
import { violationJson, writeJsonLine } from './json-lines.ts';
import { outputOption } from './options.ts';
import type { OutputFormat } from './options.ts';
import { count, styled, violationLine, writeError, writeLine } from './render.ts';

const HELP = `
Prints each violation as

  file:line:column  Kind/name  field  [Reason] message; remedy

and with -o json as one JSON line each, then {"event":"summary",...}:

  {"event":"violation","file","line","column","object","field","reason","message","remedy"}

Exit codes: 0 nothing is wrong, 1 violations, 2 the folder cannot be read.

Examples:
  mqttgrid validate manifests/
  mqttgrid validate manifests/ -o json | jq -r 'select(.event == "violation") | .reason'`;

function printText(folder: string, { set, violations }: Plan): void {
  for (const located of violations) writeLine(violationLine(located));
  for (const notice of set.notices) writeLine(styled('dim', printable(notice)));
  const objects = count(set.objects.length, 'object');
  const checked = `${objects} in ${count(set.files, 'file')} of ${printable(folder)}`;
  const result =
    violations.length === 0
      ? styled('green', 'no violations')
      : styled('red', count(violations.length, 'violation'));
  writeLine(`${result}: ${checked}`);
}

function printJson({ set, violations }: Plan): void {
  for (const message of set.notices) writeJsonLine({ event: 'notice', message });
  for (const located of violations) writeJsonLine(violationJson('violation', located));
  writeJsonLine({
    event: 'summary',
    files: set.files,
    objects: set.objects.length,
    violations: violations.length,
  });
}

/** Also `mqttgrid up --validate-only`. */
export function validate(folder: string, output: OutputFormat): ExitCode {
  const checked = checkFolder(folder, systemClock.nowMs());
  if (!checked.ok) {
    writeError(`${checked.fault.message}: ${checked.fault.remedy}`);
    return ExitCode.Usage;
  }
  if (output === 'json') printJson(checked.value);
  else printText(folder, checked.value);
  return checked.value.violations.length === 0 ? ExitCode.Success : ExitCode.Violations;
}

export function validateCommand(): Command {
  return new Command('validate')
    .description('Check the manifests of a folder by every rule, without serving them.')
    .argument('<DIR>', 'folder with *.yaml, *.yml and *.json files')
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action((folder: string, { output }: { readonly output: OutputFormat }) => {
      process.exitCode = validate(folder, output);
    });
}
