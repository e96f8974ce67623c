import { DatabaseSync } from 'node:sqlite';

export interface Salvaged {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
}

const NOTHING: Salvaged = { sessions: 0, subscriptions: 0, messages: 0 };

/** Tables in the order in which they are worth saving, with their columns. */
const TABLES = [
  ['sessions', 'id, client, expires_at_ms'],
  ['subscriptions', 'session, filter, qos, no_local'],
  ['messages', 'number, topic, payload, properties, message_expiry_start, received_at_ms, owners'],
  ['queue', 'session, message, bytes'],
] as const;

/** Copies what can be read of a damaged store; rows behind unreadable pages stay behind. */
export function salvage(damagedPath: string, target: DatabaseSync): Salvaged {
  let source: DatabaseSync;
  try {
    source = new DatabaseSync(damagedPath, { readOnly: true });
  } catch {
    return NOTHING;
  }
  const counts = TABLES.map(([table, columns]) => copyTable(source, target, table, columns));
  closeQuietly(source);
  // A message that waits for nobody whose row was read, and the other way round.
  target.exec(`
    DELETE FROM queue WHERE message NOT IN (SELECT number FROM messages)
      OR session NOT IN (SELECT id FROM sessions);
    DELETE FROM subscriptions WHERE session NOT IN (SELECT id FROM sessions);
    UPDATE messages SET owners = (SELECT COUNT(*) FROM queue WHERE message = number);
    DELETE FROM messages WHERE owners = 0;
  `);
  const [queued] = Object.values(target.prepare('SELECT COUNT(*) FROM queue').get() ?? {});
  return { sessions: counts[0]!, subscriptions: counts[1]!, messages: queued as number };
}

function copyTable(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  columns: string,
): number {
  const marks = columns.replaceAll(/\w+/g, '?');
  const insert = target.prepare(`INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${marks})`);
  let copied = 0;
  target.exec('BEGIN');
  try {
    for (const row of source.prepare(`SELECT ${columns} FROM ${table}`).iterate()) {
      insert.run(...Object.values(row));
      copied++;
    }
  } catch {
    // What was read up to the damage is kept.
  }
  target.exec('COMMIT');
  return copied;
}

function closeQuietly(database: DatabaseSync): void {
  try {
    database.close();
  } catch {
    // It is damaged; there is nothing to lose by leaving it.
  }
}
