import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { filterMatches, splitLevels } from '../../domain/topic-filter.ts';
import { BatchReader, Change, NONE } from './batch.ts';
import { CorruptStoreError } from './corruption.ts';
import { OutboxDatabase } from './outbox-database.ts';
import type {
  FoundEvents,
  OutboxPage,
  StoredSession,
  StoredSubscription,
  Withdrawal,
} from './session-store.ts';
import { OUTBOX_SESSION } from './session-store.ts';
import type { Page, StoredMessage } from './stored-message.ts';
import { takePage } from './stored-message.ts';

/** Of a Message Expiry Interval. */
const EXPIRY_BYTES = 4;

export interface Found {
  readonly sessions: readonly StoredSession[];
  readonly lastSession: number;
  readonly lastMessage: number;
  readonly events: FoundEvents;
}

export interface Committed {
  readonly withdrawals: readonly Withdrawal[];
  /** What may go of the outbox goes with the next commits. */
  readonly trimming: boolean;
}

const SQL = {
  putSession: 'INSERT OR REPLACE INTO sessions (id, client, expires_at_ms) VALUES (?, ?, NULL)',
  setExpiry: 'UPDATE sessions SET expires_at_ms = ?, sent_up_to = ? WHERE id = ?',
  deleteSession: 'DELETE FROM sessions WHERE id = ?',
  putSubscription:
    'INSERT OR REPLACE INTO subscriptions (session, filter, qos, no_local) VALUES (?, ?, ?, ?)',
  deleteSubscription: 'DELETE FROM subscriptions WHERE session = ? AND filter = ?',
  deleteSubscriptions: 'DELETE FROM subscriptions WHERE session = ?',
  putMessage:
    'INSERT OR REPLACE INTO messages (number, topic, payload, properties, ' +
    'message_expiry_start, received_at_ms, owners) VALUES (?, ?, ?, ?, ?, ?, ?)',
  enqueue: 'INSERT OR REPLACE INTO queue (session, message, bytes) VALUES (?, ?, ?)',
  dequeue: 'DELETE FROM queue WHERE session = ? AND message = ?',
  deleteLast: 'DELETE FROM messages WHERE number = ? AND owners <= 1',
  release: 'UPDATE messages SET owners = owners - 1 WHERE number = ?',
  queued: 'SELECT message, bytes FROM queue WHERE session = ?',
  queuedTopics:
    'SELECT queue.message, queue.bytes, messages.topic FROM queue ' +
    'JOIN messages ON messages.number = queue.message WHERE queue.session = ?',
  page:
    'SELECT number, topic, payload, properties, message_expiry_start, received_at_ms ' +
    'FROM queue JOIN messages ON messages.number = queue.message ' +
    'WHERE queue.session = ? AND queue.message > ? ORDER BY queue.message',
} as const;

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync };

/** The statements of a store and what they mean; runs in the store's own thread. */
export class SessionDatabase {
  readonly #database: DatabaseSync;
  readonly #run: Statements;
  readonly #outbox: OutboxDatabase;
  /** Messages of the batch that the outbox took. */
  #routed = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#run = Object.fromEntries(prepared) as Statements;
    this.#outbox = new OutboxDatabase(database);
  }

  /** What a broker needs to know before it takes connections. */
  load(): Found {
    const lastMessage = this.#lastMessage();
    const subscriptions = new BySession(
      this.#rows('SELECT session, filter, qos, no_local FROM subscriptions ORDER BY session'),
    );
    const waiting = new BySession(
      this.#rows(
        'SELECT session, COUNT(*) AS messages, SUM(bytes) AS bytes FROM queue ' +
          `WHERE session <> ${OUTBOX_SESSION} ` +
          'GROUP BY session ORDER BY session',
      ),
    );
    const sessions: StoredSession[] = [];
    for (const row of this.#rows('SELECT * FROM sessions ORDER BY id')) {
      const id = row['id'] as number;
      const expiresAtMs = (row['expires_at_ms'] as number | null) ?? undefined;
      const [queued] = waiting.take(id);
      sessions.push({
        id,
        client: row['client'] as string,
        expiresAtMs,
        sentUpTo: expiresAtMs === undefined ? lastMessage : (row['sent_up_to'] as number),
        subscriptions: subscriptions.take(id).map(asSubscription),
        messages: (queued?.['messages'] ?? 0) as number,
        bytes: (queued?.['bytes'] ?? 0) as number,
      });
    }
    const lastSession = sessions.at(-1)?.id ?? 0;
    return { sessions, lastSession, lastMessage, events: this.#outbox.load() };
  }

  /** All changes of a batch or none of them; answers what came of it. */
  commit(bytes: Uint8Array<ArrayBuffer>): Committed {
    const withdrawals: Withdrawal[] = [];
    this.#routed = 0;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const batch = new BatchReader(bytes);
      while (!batch.ended) this.#apply(batch, withdrawals);
      const trimming = this.#outbox.trim(this.#routed);
      this.#database.exec('COMMIT');
      return { withdrawals, trimming };
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** As many as a page takes of what is numbered above `after`, oldest first. */
  read(session: number, after: number): Page {
    return takePage(this.#run.page.iterate(session, after), asMessage);
  }

  /** Messages up to `acceptedUpTo` were appended by now. */
  readOutbox(after: number, acceptedUpTo: number): OutboxPage {
    return this.#outbox.read(after, acceptedUpTo);
  }

  close(): void {
    this.#database.close();
  }

  #rows(sql: string): Iterator<Row> & Iterable<Row> {
    return this.#database.prepare(sql).iterate();
  }

  #apply(batch: BatchReader, withdrawals: Withdrawal[]): void {
    const kind = batch.change();
    if (kind === Change.Append) this.#append(batch);
    else if (kind === Change.Acknowledge) this.#dequeue(batch.number(), batch.number());
    else if (kind === Change.Withdraw) withdrawals.push(this.#withdraw(batch.number(), batch));
    else if (!this.#outbox.apply(kind, batch)) this.#applyToSession(kind, batch.number(), batch);
  }

  #applyToSession(kind: number, session: number, batch: BatchReader): void {
    const run = this.#run;
    switch (kind) {
      case Change.PutSession:
        run.putSession.run(session, batch.text());
        break;
      case Change.SetExpiry:
        run.setExpiry.run(optional(batch.number()), batch.number(), session);
        break;
      case Change.DeleteSession:
        this.#deleteSession(session);
        break;
      case Change.PutSubscription:
        run.putSubscription.run(session, batch.text(), batch.number(), batch.number());
        break;
      case Change.DeleteSubscription:
        run.deleteSubscription.run(session, batch.text());
        break;
      default:
        throw new RangeError(`a batch holds the unknown change ${kind}`);
    }
  }

  #append(batch: BatchReader): void {
    const run = this.#run;
    const number = batch.number();
    const topic = batch.bytes();
    const payload = batch.bytes();
    const properties = batch.bytes();
    const messageExpiryStart = optional(batch.number()) ?? -1;
    const receivedAtMs = batch.number();
    const owners = batch.number();
    run.putMessage.run(
      number,
      topic,
      payload,
      properties,
      messageExpiryStart,
      receivedAtMs,
      owners,
    );
    const bytes = topic.length + payload.length + properties.length;
    for (let index = 0; index < owners; index++) {
      const owner = batch.number();
      if (owner === OUTBOX_SESSION) this.#routed++;
      run.enqueue.run(owner, number, bytes);
    }
  }

  /** The message goes with the last session that it waited for. */
  #dequeue(session: number, message: number): void {
    const run = this.#run;
    if (run.dequeue.run(session, message).changes === 0) return;
    if (run.deleteLast.run(message).changes === 0) run.release.run(message);
  }

  #deleteSession(session: number): void {
    const run = this.#run;
    for (const { message } of run.queued.all(session)) this.#dequeue(session, message as number);
    run.deleteSubscriptions.run(session);
    run.deleteSession.run(session);
  }

  #withdraw(session: number, batch: BatchReader): Withdrawal {
    const countedAfter = batch.number();
    const filters = Array.from({ length: batch.number() }, () => splitLevels(batch.text()));
    let messages = 0;
    let bytes = 0;
    for (const row of this.#run.queuedTopics.all(session)) {
      const topic = splitLevels(Buffer.from(row['topic'] as Uint8Array).toString());
      if (filters.some((filter) => filterMatches(filter, topic))) continue;
      const message = row['message'] as number;
      this.#dequeue(session, message);
      if (message <= countedAfter) continue;
      messages++;
      bytes += row['bytes'] as number;
    }
    return { session, messages, bytes };
  }

  #lastMessage(): number {
    // Those that were sent or routed may all be gone, and their numbers are not for others.
    const row = this.#database
      .prepare(
        'SELECT MAX((SELECT COALESCE(MAX(number), 0) FROM messages), ' +
          '(SELECT COALESCE(MAX(sent_up_to), 0) FROM sessions), ' +
          '(SELECT COALESCE(MAX(done_up_to), 0) FROM event_cursors), ' +
          '(SELECT numbers_up_to FROM store)) AS last',
      )
      .get();
    return row?.['last'] as number;
  }
}

type Row = Record<string, SQLOutputValue>;

/** Rows in the order of their sessions, taken session by session: no more of them are held. */
class BySession {
  readonly #rows: Iterator<Row>;
  #next: Row | undefined;

  constructor(rows: Iterator<Row>) {
    this.#rows = rows;
    this.#advance();
  }

  take(session: number): Row[] {
    const taken: Row[] = [];
    for (; this.#next !== undefined && Number(this.#next['session']) <= session; this.#advance()) {
      if (this.#next['session'] === session) taken.push(this.#next);
    }
    return taken;
  }

  #advance(): void {
    const next = this.#rows.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

function asSubscription(row: Row): StoredSubscription {
  const qos = row['qos'] === 1 ? 1 : 0;
  return { filter: row['filter'] as string, qos, noLocal: row['no_local'] === 1 };
}

/** Holds for whatever was committed, and not for every file that is damaged. */
function asMessage(row: Row): StoredMessage {
  const { topic, payload, properties } = row;
  for (const part of [topic, payload, properties]) {
    if (!(part instanceof Uint8Array)) throw new CorruptStoreError('a message is damaged');
  }
  const expiryStart = row['message_expiry_start'] as number;
  if (expiryStart >= 0 && expiryStart + EXPIRY_BYTES > (properties as Uint8Array).length) {
    throw new CorruptStoreError('the properties of a message are damaged');
  }
  return row as unknown as StoredMessage;
}

function optional(value: number): number | null {
  return value === NONE ? null : value;
}
