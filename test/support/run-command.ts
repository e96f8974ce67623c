import { spawn } from 'node:child_process';
import { REPOSITORY } from './up.ts';
import { within } from './within.ts';

const COMMAND_MS = 20_000;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of this repository with the Node that runs the test. */
export async function runScript(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, parameters, {
    cwd: REPOSITORY,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const code = await within(COMMAND_MS, parameters.join(' '), closed).finally(() => child.kill());
  return { code, stdout, stderr };
}
