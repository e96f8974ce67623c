import type { SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { LOST_CURSORS } from './outbox-database.ts';
import { NEW_STORE_ID, prepareDatabase } from './schema.ts';
import { OUTBOX_SESSION } from './session-store.ts';

export interface Salvaged {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
}

/** Tables with their columns and with what orders their rows in the file. */
const TABLES = [
  ['sessions', 'id, client, expires_at_ms, sent_up_to', 'id'],
  ['subscriptions', 'session, filter, qos, no_local', 'session, filter'],
  [
    'messages',
    'number, topic, payload, properties, message_expiry_start, received_at_ms, owners',
    'number',
  ],
  ['queue', 'session, message, bytes', 'session, message'],
  ['store', 'one, id, numbers_up_to', 'one'],
  ['event_cursors', 'name, done_up_to, matched, delivered, failed, dead_lettered, dropped', 'name'],
] as const;

/**
 * Copies what can be read of a damaged store into a new one. Rows are read from both ends of a
 * table until the damage; what lies between two damaged places stays behind.
 *
 * @throws where the new store cannot be written
 */
export function salvage(damagedPath: string, targetPath: string): Salvaged {
  const target = new DatabaseSync(targetPath);
  try {
    prepareDatabase(target);
    target.exec('BEGIN');
    target.exec('DELETE FROM store');
    readDamaged(damagedPath, target);
    target.exec(NEW_STORE_ID);
    noteLostCursors(target);
    dropLooseEnds(target);
    target.exec('COMMIT');
    return {
      sessions: countOf(target, 'sessions'),
      subscriptions: countOf(target, 'subscriptions'),
      messages: countOf(target, 'queue'),
    };
  } finally {
    target.close();
  }
}

function readDamaged(path: string, target: DatabaseSync): void {
  const source = tryTo(() => new DatabaseSync(path, { readOnly: true }));
  if (source === undefined) return;
  for (const [table, columns, key] of TABLES) {
    const marks = columns.replaceAll(/\w+/g, '?');
    const insert = target.prepare(`INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${marks})`);
    const backwards = key.replaceAll(/\w+/g, '$& DESC');
    for (const order of [key, backwards]) {
      copyRows(source, `SELECT ${columns} FROM ${table} ORDER BY ${order}`, insert);
    }
  }
  tryTo(() => source.close());
}

/** Faults of the source end the reading; those of the target are the caller's. */
function copyRows(source: DatabaseSync, select: string, insert: StatementSync): void {
  const rows = tryTo(() => source.prepare(select).iterate());
  if (rows === undefined) return;
  for (;;) {
    const next = tryTo(() => rows.next());
    if (next === undefined || next.done === true) return;
    insertRow(insert, Object.values(next.value));
  }
}

/** SQLITE_CONSTRAINT: the row holds what belongs in no such column. */
const CONSTRAINT_CODE = 19;

function insertRow(insert: StatementSync, values: SQLOutputValue[]): void {
  try {
    insert.run(...values);
  } catch (error) {
    const code = (error as { readonly errcode?: number }).errcode ?? 0;
    if ((code & 0xff) !== CONSTRAINT_CODE) throw error;
  }
}

/** A message that waits for nobody whose row was read, and the other way round. */
function dropLooseEnds(target: DatabaseSync): void {
  target.exec(`
    DELETE FROM messages WHERE message_expiry_start >= 0
      AND message_expiry_start + 4 > length(properties);
    DELETE FROM queue WHERE message NOT IN (SELECT number FROM messages)
      OR session <> ${OUTBOX_SESSION} AND session NOT IN (SELECT id FROM sessions);
    DELETE FROM subscriptions WHERE session NOT IN (SELECT id FROM sessions);
    CREATE TEMP TABLE counts (message INTEGER PRIMARY KEY, owners INTEGER NOT NULL);
    INSERT INTO counts SELECT message, COUNT(*) FROM queue GROUP BY message;
    DELETE FROM messages WHERE number NOT IN (SELECT message FROM counts);
    UPDATE messages SET owners = (SELECT owners FROM counts WHERE message = number);
  `);
}

/** Nobody can tell whether all were read: who has no cursor begins with what is in the outbox. */
function noteLostCursors(target: DatabaseSync): void {
  const note = target.prepare(
    'INSERT OR IGNORE INTO event_cursors (name, done_up_to, matched, delivered, failed, ' +
      'dead_lettered, dropped) VALUES (?, 0, 0, 0, 0, 0, 0)',
  );
  note.run(LOST_CURSORS);
}

function countOf(database: DatabaseSync, table: string): number {
  const [count] = Object.values(database.prepare(`SELECT COUNT(*) FROM ${table}`).get() ?? {});
  return count as number;
}

function tryTo<Value>(action: () => Value): Value | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
