import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CorruptStoreError, isCorruption } from './corruption.ts';
import type { Found } from './database.ts';
import { SessionDatabase } from './database.ts';
import { salvage } from './salvage.ts';
import { prepareDatabase } from './schema.ts';

export interface OpenedDatabase {
  readonly database: SessionDatabase;
  readonly found: Found;
  /** What people should know of how it was opened. */
  readonly notices: readonly string[];
}

/** Files larger than this are not read from end to end at every start: that takes seconds. */
const CHECKED_BYTES_MAX = 268435456;
/** Files that SQLite keeps beside a database, and the database, which is moved last. */
const SUFFIXES = ['-wal', '-shm', ''];

/**
 * Opens the store, or makes it. One that is corrupt is put aside, never deleted, and what can be
 * read of it is taken over.
 *
 * @throws where the folder cannot be written, another process has the store open, or a later
 *   version wrote it
 */
export function openDatabase(path: string): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  finishReplacement(path);
  const existed = existsSync(path);
  const notices = existed && isEmpty(path) ? [`the session store ${path} was empty`] : [];
  try {
    return { ...open(path, existed), notices };
  } catch (error) {
    if (!existed || !isCorruption(error)) throw error;
    const notice = replace(path, error);
    return { ...open(path, false), notices: [notice] };
  }
}

/** Its process may have ended before the first commit; or somebody emptied it. */
function isEmpty(path: string): boolean {
  return statSync(path).size === 0 && !existsSync(`${path}-wal`);
}

/** Has the next start look through all of the store, however large it is; if it can be noted. */
export function suspect(path: string): void {
  try {
    writeFileSync(suspicionOf(path), '');
  } catch {
    // The disk that holds a damaged store may be full as well: a small store is looked at anyway.
  }
}

function open(path: string, existed: boolean): Omit<OpenedDatabase, 'notices'> {
  if (existed) inspect(path);
  const file = new DatabaseSync(path);
  try {
    prepareDatabase(file);
    const database = new SessionDatabase(file);
    return { database, found: database.load() };
  } catch (error) {
    file.close();
    throw isInUse(error) ? new Error('another process has it open', { cause: error }) : error;
  }
}

/** SQLITE_BUSY: https://sqlite.org/rescode.html */
function isInUse(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

/**
 * Before anything is written: a store that is corrupt is kept as it was found.
 *
 * @throws where it is corrupt; whatever else is wrong is left to be found by who opens it to write
 */
function inspect(path: string): void {
  checkHeader(path);
  const suspected = existsSync(suspicionOf(path));
  if (!suspected && statSync(path).size > CHECKED_BYTES_MAX) return;
  try {
    const answer = quickCheck(path);
    if (answer !== 'ok') throw new CorruptStoreError(answer);
  } catch (error) {
    if (isCorruption(error)) throw error;
    return;
  }
  if (suspected) rmSync(suspicionOf(path));
}

function quickCheck(path: string): string {
  const index = `${path}-shm`;
  const isShared = existsSync(index);
  const file = new DatabaseSync(path, { readOnly: true });
  try {
    const row = file.prepare('PRAGMA quick_check(1)').get();
    return String(Object.values(row ?? {})[0]);
  } finally {
    file.close();
    // A reader makes the index of the log and may not remove it; who writes alone needs none.
    if (!isShared) rmSync(index, { force: true });
  }
}

/** The versions that writers and readers need: https://sqlite.org/fileformat2.html, 1.3.3 */
const VERSIONS_START = 18;
/** Write-ahead log: of a store it is written before all else. */
const VERSIONS = Buffer.from([2, 2]);

/** SQLite would write another version anew, or would write nothing and say it may not. */
function checkHeader(path: string): void {
  // A file that was not made to its end has its journal beside it, and is made anew from there.
  if (statSync(path).size === 0 || existsSync(`${path}-journal`)) return;
  const versions = Buffer.alloc(VERSIONS.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, versions, 0, versions.length, VERSIONS_START);
  } finally {
    closeSync(file);
  }
  if (!versions.equals(VERSIONS)) throw new CorruptStoreError('its header is damaged');
}

function replace(path: string, error: Error): string {
  const salvaged = salvagedOf(path);
  for (const suffix of SUFFIXES) rmSync(salvaged + suffix, { force: true });
  const saved = salvage(path, salvaged);
  const aside = asideOf(path);
  for (const suffix of SUFFIXES) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  finishReplacement(path);
  return (
    `the session store ${path} is corrupt (${error.message}): it was kept as ${aside}, and ` +
    `${saved.sessions} sessions, ${saved.subscriptions} subscriptions and ${saved.messages} ` +
    'queued messages could be taken over. Clients whose session is lost subscribe again when ' +
    'they reconnect; delete the old file when nobody needs it any more'
  );
}

/** What was taken over takes the place of the store, also if the process ended before it could. */
function finishReplacement(path: string): void {
  if (existsSync(path) || !existsSync(salvagedOf(path))) return;
  renameSync(salvagedOf(path), path);
  rmSync(suspicionOf(path), { force: true });
}

function salvagedOf(path: string): string {
  return `${path}.salvaged`;
}

function suspicionOf(path: string): string {
  return `${path}.suspect`;
}

/** The first name that is free. */
function asideOf(path: string): string {
  let number = 1;
  while (existsSync(`${path}.corrupt-${number}`)) number++;
  return `${path}.corrupt-${number}`;
}
