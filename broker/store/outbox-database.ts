import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { packMessages } from '../events/message-pack.ts';
import type { BatchReader } from './batch.ts';
import { Change } from './batch.ts';
import type { EventCursor, FoundEvents, OutboxPage, OutboxPart } from './session-store.ts';
import { OUTBOX_SESSION } from './session-store.ts';
import type { StoredMessage } from './stored-message.ts';
import { takePage } from './stored-message.ts';

/** The name of no EventSubscription: its cursor says that others could not be read. */
export const LOST_CURSORS = '';

/** Parts that the outbox is found in: what is given up at its bound is a whole number of them. */
const PARTS = 64;

/**
 * What is trimmed with one commit, so that those who wait for it hardly notice; or twice what the
 * same commit adds, so that trimming keeps up with any load.
 */
const TRIM_MESSAGES = 500;

/** More is damage: a sum of sizes, and a time, are to be numbers all the same. */
const BYTES_MAX = 2 ** 22;
const TIME_MAX = 2 ** 48 - 1;

const SQL = {
  reserveNumbers: 'UPDATE store SET numbers_up_to = MAX(numbers_up_to, ?)',
  putCursor:
    'INSERT OR REPLACE INTO event_cursors (name, done_up_to, matched, delivered, failed, ' +
    'dead_lettered, dropped) VALUES (?, ?, ?, ?, ?, ?, ?)',
  deleteCursor: 'DELETE FROM event_cursors WHERE name = ?',
  page:
    'SELECT number, topic, payload, properties, -1 AS message_expiry_start, ' +
    `MAX(0, MIN(received_at_ms, ${TIME_MAX})) AS received_at_ms ` +
    'FROM queue JOIN messages ON messages.number = queue.message ' +
    `WHERE queue.session = ${OUTBOX_SESSION} AND queue.message > ? ORDER BY queue.message`,
  trimEnd:
    'SELECT MAX(message) AS upTo, COUNT(*) AS messages FROM (SELECT message FROM queue ' +
    `WHERE session = ${OUTBOX_SESSION} AND message <= ? ORDER BY message LIMIT ?)`,
  trimLast:
    'DELETE FROM messages WHERE owners <= 1 AND number IN ' +
    `(SELECT message FROM queue WHERE session = ${OUTBOX_SESSION} AND message <= ?)`,
  trimShared:
    'UPDATE messages SET owners = owners - 1 WHERE number IN ' +
    `(SELECT message FROM queue WHERE session = ${OUTBOX_SESSION} AND message <= ?)`,
  trimQueue: `DELETE FROM queue WHERE session = ${OUTBOX_SESSION} AND message <= ?`,
} as const;

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync };
type Row = Record<string, SQLOutputValue>;

/** What a store keeps for events; part of the store's database. */
export class OutboxDatabase {
  readonly #database: DatabaseSync;
  readonly #run: Statements;
  /** Messages up to this number may go. */
  #trimUpTo = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#run = Object.fromEntries(prepared) as Statements;
  }

  load(): FoundEvents {
    const store = this.#database.prepare('SELECT id FROM store').get();
    const cursors = this.#database.prepare('SELECT * FROM event_cursors ORDER BY name').all();
    return {
      storeId: store?.['id'] as number,
      cursors: cursors.filter(({ name }) => name !== LOST_CURSORS).map(asCursor),
      cursorsLost: cursors.some(({ name }) => name === LOST_CURSORS),
      outbox: this.#parts(),
    };
  }

  /** False: the change is not one for events. */
  apply(kind: number, batch: BatchReader): boolean {
    const run = this.#run;
    if (kind === Change.ReserveNumbers) run.reserveNumbers.run(batch.number());
    else if (kind === Change.PutEventCursor) this.#putCursor(batch);
    else if (kind === Change.DeleteEventCursor) run.deleteCursor.run(batch.text());
    else if (kind === Change.TrimOutbox) this.#trimUpTo = Math.max(this.#trimUpTo, batch.number());
    else return false;
    return true;
  }

  /** Messages with numbers up to `acceptedUpTo` were appended by now. */
  read(after: number, acceptedUpTo: number): OutboxPage {
    const found = this.#run.page.iterate(after);
    const { rows, last } = takePage(found, (row) => row as unknown as StoredMessage);
    const messages = rows.map(({ received_at_ms: receivedAtMs, ...row }) => {
      return { ...row, qos: 1 as const, receivedAtMs };
    });
    const upTo = last ? Math.max(after, acceptedUpTo) : rows.at(-1)!.number;
    return { bytes: packMessages(messages), upTo };
  }

  /** Part of the commit that appended so many; true: more may go. */
  trim(appended: number): boolean {
    if (this.#trimUpTo === 0) return false;
    const run = this.#run;
    const most = Math.max(TRIM_MESSAGES, 2 * appended);
    const { upTo, messages } = run.trimEnd.get(this.#trimUpTo, most) as Row;
    if (upTo !== null) {
      run.trimLast.run(upTo!);
      run.trimShared.run(upTo!);
      run.trimQueue.run(upTo!);
    }
    if ((messages as number) === most) return true;
    this.#trimUpTo = 0;
    return false;
  }

  #putCursor(batch: BatchReader): void {
    const name = batch.text();
    const [doneUpTo, matched, delivered] = [batch.number(), batch.number(), batch.number()];
    const [failed, deadLettered, dropped] = [batch.number(), batch.number(), batch.number()];
    const counts = [matched, delivered, failed, deadLettered, dropped];
    this.#run.putCursor.run(name, doneUpTo, ...counts);
  }

  #parts(): OutboxPart[] {
    const rows = this.#database.prepare(
      'WITH ends AS (SELECT MIN(message) AS first, MAX(message) AS last FROM queue ' +
        `WHERE session = ${OUTBOX_SESSION}) ` +
        'SELECT MAX(message) AS upTo, COUNT(*) AS messages, ' +
        `SUM(MAX(0, MIN(bytes, ${BYTES_MAX}))) AS bytes FROM queue, ends ` +
        `WHERE session = ${OUTBOX_SESSION} ` +
        `GROUP BY (message - first) / ((last - first) / ${PARTS} + 1) ORDER BY upTo`,
    );
    return rows.all().map((row) => ({ ...row }) as unknown as OutboxPart);
  }
}

function asCursor(row: Row): EventCursor {
  return {
    name: row['name'] as string,
    doneUpTo: row['done_up_to'] as number,
    matched: row['matched'] as number,
    delivered: row['delivered'] as number,
    failed: row['failed'] as number,
    deadLettered: row['dead_lettered'] as number,
    dropped: row['dropped'] as number,
  };
}
