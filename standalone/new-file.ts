import { randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Read and written by its owner alone. */
export const PRIVATE_MODE = 0o600;
/** Read by everybody whom the folder lets in. */
export const PUBLIC_MODE = 0o644;

/**
 * A file with this content, if there is none yet; false: there is one, and it stays as it is.
 * Nobody ever sees a part of it, whoever else writes it at the same time: it gets its name once it
 * is complete, with `link`, which unlike `rename` never replaces anything.
 */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<boolean> {
  const temporary = join(dirname(path), `.${randomBytes(12).toString('hex')}.tmp`);
  try {
    await writeFile(temporary, content, { mode, flag: 'wx', flush: true });
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isErrorCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** Undefined: there is no such file. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
