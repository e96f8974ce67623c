/** What tests start beside them, and never leave behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';

const LOG_TAIL_CHARACTERS = 3_000;

export interface GuardedProcess {
  /** Undefined while it runs. */
  failure(): string | undefined;
  stop(): Promise<void>;
}

/**
 * Ends when this process ends, however that does: then standard input of the guard is closed, and
 * the folder is removed. Neither keeps this process from ending. Its log is in the folder.
 */
export function startGuarded(
  folder: string,
  command: string,
  parameters: readonly string[],
): GuardedProcess {
  const logFile = path.join(folder, `${path.basename(command)}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, parameters, { stdio: ['ignore', log, log] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.unref();
  const guard = spawn('sh', ['-c', GUARD, 'guard', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C in a terminal is for this process: the guard has to outlive it.
    detached: true,
  });
  guard.unref();
  return {
    failure: () => {
      if (child.exitCode === null && child.signalCode === null) return undefined;
      const tail = readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS);
      return `${path.basename(command)} ended with ${child.exitCode ?? child.signalCode}:\n${tail}`;
    },
    stop: () => stopChild(child, guard, ended),
  };
}

const GUARD = 'cat >/dev/null; kill -KILL "$1"; rm -rf "$2"';

async function stopChild(
  child: ChildProcess,
  guard: ChildProcess,
  ended: Promise<void>,
): Promise<void> {
  guard.kill('SIGKILL');
  // Nothing in it is worth an orderly end, which takes seconds.
  child.ref();
  child.kill('SIGKILL');
  await ended;
}
