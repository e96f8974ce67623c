/** Programs and packages that a run uses where this machine has them. */
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';

/** Where Debian puts daemons: on nobody's PATH but root's. */
const DAEMON_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The program that the environment variable names, or the first of that name on PATH. */
export function findProgram(name: string, variable: string): string | undefined {
  const named = process.env[variable];
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS];
  const candidates = named === undefined ? folders.map((folder) => join(folder, name)) : [named];
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder from which aedes can be required: MQTTGRID_AEDES, or this one. */
export function findAedes(): string | undefined {
  const folder = process.env.MQTTGRID_AEDES ?? import.meta.dirname;
  try {
    createRequire(resolve(folder, 'package.json')).resolve('aedes');
    return folder;
  } catch {
    return undefined;
  }
}
