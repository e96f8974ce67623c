import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { salvage } from './salvage.ts';
import { prepareDatabase } from './schema.ts';

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** What people should know of how it was opened. */
  readonly notices: readonly string[];
}

/** Files larger than this are not read from end to end at every start: that takes seconds. */
const CHECKED_BYTES_MAX = 268435456;
/** Files that SQLite keeps beside a database. */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * Opens the store, or makes it. One that is corrupt is put aside, never deleted, and what can be
 * read of it is taken over.
 *
 * @throws where the folder cannot be written, or a later version wrote the store
 */
export function openDatabase(path: string): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const existed = existsSync(path);
  try {
    const database = new DatabaseSync(path);
    prepareDatabase(database);
    if (existed) check(database, path);
    return { database, notices: [] };
  } catch (error) {
    if (!existed || !isCorruption(error)) throw error;
    return replace(path, error);
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
const CORRUPTION_CODES = [11, 26];

class CorruptStoreError extends Error {}

function isCorruption(error: unknown): error is Error {
  if (error instanceof CorruptStoreError) return true;
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return CORRUPTION_CODES.includes((error.errcode as number) & 0xff);
}

function check(database: DatabaseSync, path: string): void {
  if (statSync(path).size > CHECKED_BYTES_MAX) return;
  const row = database.prepare('PRAGMA quick_check(1)').get();
  const answer = String(Object.values(row ?? {})[0]);
  if (answer === 'ok') return;
  database.close();
  throw new CorruptStoreError(answer);
}

function replace(path: string, error: Error): OpenedDatabase {
  const aside = asideOf(path);
  for (const suffix of SUFFIXES) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  const database = new DatabaseSync(path);
  prepareDatabase(database);
  const saved = salvage(aside, database);
  return {
    database,
    notices: [
      `the session store ${path} is corrupt (${error.message}): it was kept as ${aside}, and ` +
        `${saved.sessions} sessions, ${saved.subscriptions} subscriptions and ${saved.messages} ` +
        'queued messages could be taken over. Clients whose session is lost subscribe again when ' +
        'they reconnect; delete the old file when nobody needs it any more',
    ],
  };
}

/** The first name that is free. */
function asideOf(path: string): string {
  let number = 1;
  while (existsSync(`${path}.corrupt-${number}`)) number++;
  return `${path}.corrupt-${number}`;
}
