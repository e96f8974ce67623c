/** What a folder of manifests makes impossible, for the person who runs Pulumi. */
import { printViolation, type Violation } from '../../../domain/violation.ts';
import { systemErrorCode } from '../../../manifests/manifest-files.ts';
import type { Located } from '../../../manifests/located.ts';
import type { Fault } from './target.ts';

const ANOTHER = 'name another one as the directory of the target';

/** By what the operating system calls it: why, and the remedy. */
const SYSTEM_ERRORS = new Map<string, readonly [string, string]>([
  ['EACCES', ['this user may not write there', 'give this user leave to write to the folder']],
  ['EPERM', ['the system forbids it', 'lift the protection of the folder or of the file']],
  ['EROFS', ['the file system is read-only', `mount it writable, or ${ANOTHER}`]],
  // What Node makes of it where a folder is to be made.
  ['ENOENT', ['a folder of the path cannot be made', `make it by hand, or ${ANOTHER}`]],
  ['ENOTDIR', ['a part of the path is not a folder', ANOTHER]],
  ['EEXIST', ['the path leads to something that is not a folder', ANOTHER]],
  ['ELOOP', ['its symbolic links lead in a circle', ANOTHER]],
  ['ENOSPC', ['the file system is full', 'make room']],
  ['EDQUOT', ['the quota of this user is used up', 'make room']],
]);

/** @throws what the operating system did not cause */
export function systemFault(what: string, error: unknown): Fault {
  const code = systemErrorCode(error);
  if (code === undefined) throw error;
  const [why, remedy] = SYSTEM_ERRORS.get(code) ?? [
    'the system refuses',
    `mend the folder, or ${ANOTHER}`,
  ];
  return { message: `${what}: ${why} (${code})`, remedy };
}

export function notAFolder(path: string): Fault {
  return { message: `manifests cannot be kept in ${path}: it is not a folder`, remedy: ANOTHER };
}

export function unreadableFolder(message: string): Fault {
  return { message, remedy: `give this user leave to read it, or ${ANOTHER}` };
}

/** All that is wrong, the remedy of the last at the end. */
export function refusal(key: string, violations: readonly Violation[]): Fault {
  const last = violations.at(-1);
  const texts = violations.map((violation) => `[${violation.reason}] ${printViolation(violation)}`);
  const remedy = last?.remedy ?? '';
  return { message: `${key} is refused: ${texts.join('. ').slice(0, -remedy.length - 2)}`, remedy };
}

export function declaredElsewhere(key: string, place: string): Fault {
  const message = `${key} is declared in ${place}, which this program did not write`;
  return { message, remedy: 'take it out of that file first' };
}

export function managedByOthers(key: string, path: string, manager: string | undefined): Fault {
  const who = manager === undefined ? 'and no program' : `by ${manager}`;
  return {
    message: `${key} is declared in ${path} already, ${who}`,
    remedy: 'set adopt: true to take the file over',
  };
}

export function notAlone(key: string, path: string, others: readonly string[]): Fault {
  const shown = others.slice(0, 3);
  const more = others.length > shown.length ? ` and ${others.length - shown.length} more` : '';
  return {
    message: `${path} is the file of ${key}, and somebody put ${shown.join(', ')}${more} there`,
    remedy: 'move that to a file of its own',
  };
}

export function inTheWay(key: string, path: string): Fault {
  return {
    message: `${key} belongs into ${path}, where something else has been put`,
    remedy: 'remove that, and run this again',
  };
}

/** Said at a preview: what is known of the folder is not all that it declares. */
export function unreadPart({ file, line, column, violation }: Located): string {
  const { message, remedy } = violation;
  return `${file}:${line}:${column}: ${message}, so what it declares is not known; ${remedy}`;
}

export function gone(key: string, path: string): Fault {
  const message = `${key} was removed from ${path} by somebody else while this waited for it`;
  return { message, remedy: 'find out who does that, and run this again' };
}

export function notReady(key: string, seconds: number, missing: readonly Violation[]): Fault {
  const texts = missing.map(printViolation);
  return {
    message: `${key} was not ready in ${seconds} seconds: ${texts.join('. ')}`,
    remedy: 'declare that, or correct the name; the file is written, and the next update goes on',
  };
}
