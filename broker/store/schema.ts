import type { DatabaseSync } from 'node:sqlite';

/**
 * Grows when the tables change; a store of a later version is not opened. Version 2 added the
 * tables `store` and `event_cursors`, and the queue of the reserved session 0.
 */
export const SCHEMA_VERSION = 2;

/** What a batch of changes can hold: a row with more was damaged. */
const NUMBER_MAX = 2 ** 48 - 2;

const TABLES = `
  CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL UNIQUE,
    expires_at_ms INTEGER,
    sent_up_to INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS subscriptions (
    session INTEGER NOT NULL,
    filter TEXT NOT NULL,
    qos INTEGER NOT NULL,
    no_local INTEGER NOT NULL,
    PRIMARY KEY (session, filter)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY,
    topic BLOB NOT NULL,
    payload BLOB NOT NULL,
    properties BLOB NOT NULL,
    message_expiry_start INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    owners INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS queue (
    session INTEGER NOT NULL,
    message INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (session, message)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id INTEGER NOT NULL CHECK (id BETWEEN 0 AND ${2 ** 32 - 1}),
    numbers_up_to INTEGER NOT NULL DEFAULT 0
      CHECK (numbers_up_to BETWEEN 0 AND ${NUMBER_MAX})
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event_cursors (
    name TEXT PRIMARY KEY,
    done_up_to INTEGER NOT NULL CHECK (done_up_to BETWEEN 0 AND ${NUMBER_MAX}),
    matched INTEGER NOT NULL CHECK (matched BETWEEN 0 AND ${NUMBER_MAX}),
    delivered INTEGER NOT NULL CHECK (delivered BETWEEN 0 AND ${NUMBER_MAX}),
    failed INTEGER NOT NULL CHECK (failed BETWEEN 0 AND ${NUMBER_MAX}),
    dead_lettered INTEGER NOT NULL CHECK (dead_lettered BETWEEN 0 AND ${NUMBER_MAX}),
    dropped INTEGER NOT NULL CHECK (dropped BETWEEN 0 AND ${NUMBER_MAX})
  ) STRICT, WITHOUT ROWID;
`;

/** Whoever reads events tells those of one store from those of another by it. */
export const NEW_STORE_ID =
  'INSERT OR IGNORE INTO store (one, id) VALUES (1, random() & 0xffffffff);';

/** Pages of the log that are gathered before they are moved into the database. */
const CHECKPOINT_PAGES = 4000;

/** @throws where the file is no database, is in use, or is one of a later version */
export function prepareDatabase(database: DatabaseSync): void {
  // Two processes that number messages on their own would overwrite each other's.
  database.exec('PRAGMA locking_mode = EXCLUSIVE;');
  // A commit is on the disk when it returns: a power loss takes nothing that was acknowledged.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`);
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
    user_version: number;
  };
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `the store has version ${version}, and this program knows ${SCHEMA_VERSION}: ` +
        'run the later program that wrote it, or name another folder',
    );
  }
  database.exec(TABLES);
  database.exec(NEW_STORE_ID);
  // To set it is to write, which nobody does to a store that may yet turn out to be corrupt.
  if (version !== SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION};`);
}
