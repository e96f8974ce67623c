import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { Message } from '../packets/message.ts';
import { Change, NONE } from './batch.ts';
import type { Found } from './database.ts';
import { GatheringBatch, Urgency } from './gathering-batch.ts';
import { LOST_CURSORS } from './outbox-database.ts';
import type {
  BatchNumber,
  EventCursor,
  FoundEvents,
  OutboxPage,
  SessionStore,
  StoredPage,
  StoredSession,
  StoredSubscription,
  StoreEvents,
} from './session-store.ts';
import { NO_BATCH } from './session-store.ts';
import type { FromStore, ToStore } from './store-messages.ts';
import type { Page, StoredMessage } from './stored-message.ts';

/** A compiler does not see that this is a file of ours, which is compiled with this one. */
const THREAD = new URL(`./store-thread${extname(import.meta.url)}`, import.meta.url);

/** Changes that may wait to be committed; then QoS 1 messages are refused. */
const WAITING_BYTES_MAX = 67108864;
/** With so much waiting, those who publish are not listened to, so that most need no refusal. */
const BEHIND_BYTES = WAITING_BYTES_MAX / 2;
/** Numbers that are given to messages before the store must know of more. */
const NUMBERS_RESERVED = 65536;
/** A message is held for one to two of these: acknowledgements come, and nobody waits long. */
const HOLD_MS = 5;
/** A disk that does not answer holds nobody up for longer when the broker ends. */
const CLOSE_TIMEOUT_MS = 4000;

/** The store cannot be opened or made; the message says which, and why. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The store's thread ended although it should not have: nothing can be promised any more. */
export class StoreLostError extends Error {
  override readonly name = 'StoreLostError';
}

/**
 * Sessions in an SQLite database that a thread of its own writes. While one batch is committed, the
 * changes that come gather in the next, so that many share what a commit costs.
 */
export class SqliteStore implements SessionStore {
  #found: readonly StoredSession[];
  #committed: BatchNumber = NO_BATCH;
  readonly #path: string;
  readonly #worker: Worker;
  readonly #logger: Logger;
  readonly #batch = new GatheringBatch();
  /** Whether a batch is with the thread. */
  #committing = false;
  /** Bytes of the batches that are with the thread, oldest first. */
  readonly #sentBytes: number[] = [];
  #uncommittedBytes = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerRuns = false;
  /** What nobody is in a hurry for has waited for long enough. */
  #isDue = false;
  #sessionIds: number;
  #messageNumbers: number;
  /** The store knows that numbers up to this one may have been given. */
  #numbersReserved: number;
  #foundEvents: FoundEvents;
  /** What is being trimmed takes more than one commit. */
  #trimUpTo = 0;
  #events: StoreEvents | undefined;
  #failure: string | undefined;
  readonly #reads = new Map<number, (page: StoredPage) => void>();
  readonly #outboxReads = new Map<number, (page: OutboxPage) => void>();
  #readNumbers = 0;
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;

  private constructor(path: string, worker: Worker, logger: Logger, found: Found) {
    this.#path = path;
    this.#worker = worker;
    this.#logger = logger;
    this.#found = found.sessions;
    this.#sessionIds = found.lastSession;
    this.#messageNumbers = found.lastMessage;
    this.#numbersReserved = found.lastMessage;
    this.#foundEvents = found.events;
    worker.on('message', (message: FromStore) => this.#told(message));
  }

  /** @throws StoreUnavailableError where the file cannot be opened or made */
  static async open(path: string, logger: Logger): Promise<SqliteStore> {
    const worker = new Worker(THREAD, { workerData: { path } });
    const first = await new Promise<FromStore>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (first.type !== 'opened') {
      const cause = first.type === 'unopened' ? first.cause : first.type;
      throw new StoreUnavailableError(`the session store ${path} cannot be opened: ${cause}`);
    }
    for (const notice of first.notices) logger.error({ operation: 'store' }, notice);
    worker.on('error', (error) => {
      throw new StoreLostError(`the thread of the session store ended`, { cause: error });
    });
    return new SqliteStore(path, worker, logger, first.found);
  }

  get committed(): BatchNumber {
    return this.#committed;
  }

  get behind(): boolean {
    return this.#waitingBytes >= BEHIND_BYTES;
  }

  get refusal(): string | undefined {
    if (this.#waitingBytes < WAITING_BYTES_MAX) return undefined;
    return this.#failure === undefined
      ? 'the session store is too far behind'
      : 'the session store cannot be written';
  }

  takeFound(): readonly StoredSession[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  listen(events: StoreEvents): void {
    this.#events = events;
  }

  newSessionId(): number {
    return ++this.#sessionIds;
  }

  /** A process that is killed knows no number after that it did not reserve: none comes again. */
  newMessageNumber(): number {
    if (this.#messageNumbers + NUMBERS_RESERVED / 2 >= this.#numbersReserved) {
      this.#numbersReserved = this.#messageNumbers + NUMBERS_RESERVED;
      this.#batch.change(Change.ReserveNumbers).number(this.#numbersReserved);
      this.#changed();
    }
    return ++this.#messageNumbers;
  }

  get lastMessageNumber(): number {
    return this.#messageNumbers;
  }

  putSession(id: number, client: string): BatchNumber {
    this.#batch.change(Change.PutSession).number(id).text(client);
    return this.#changed();
  }

  setExpiry(id: number, expiresAtMs: number | undefined, sentUpTo: number): BatchNumber {
    this.#batch
      .change(Change.SetExpiry)
      .number(id)
      .number(expiresAtMs ?? NONE)
      .number(sentUpTo);
    return this.#changed();
  }

  deleteSession(id: number): BatchNumber {
    this.#batch.changeQueue(Change.DeleteSession).number(id);
    return this.#changed();
  }

  putSubscription(id: number, { filter, qos, noLocal }: StoredSubscription): BatchNumber {
    const batch = this.#batch.change(Change.PutSubscription).number(id).text(filter);
    batch.number(qos).number(noLocal ? 1 : 0);
    return this.#changed();
  }

  deleteSubscription(id: number, filter: string): BatchNumber {
    this.#batch.change(Change.DeleteSubscription).number(id).text(filter);
    return this.#changed();
  }

  append(message: Message): BatchNumber {
    if (message.owners.length === 0) return NO_BATCH;
    assert(message.number > 0);
    this.#batch.append(message);
    this.#changed();
    return message.batch;
  }

  acknowledge(session: number, message: number): void {
    this.#batch.acknowledge(session, message);
    this.#changed();
  }

  withdraw(session: number, filters: readonly string[], countedAfter: number): BatchNumber {
    const batch = this.#batch.changeQueue(Change.Withdraw).number(session).number(countedAfter);
    batch.number(filters.length);
    for (const filter of filters) batch.text(filter);
    return this.#changed();
  }

  read(session: number, after: number): Promise<StoredPage> {
    // What was changed before must be seen, so it goes to the thread first.
    this.#sendAll();
    const request = ++this.#readNumbers;
    this.#post({ type: 'read', request, session, after });
    return new Promise((resolve) => this.#reads.set(request, resolve));
  }

  takeFoundEvents(): FoundEvents {
    const found = this.#foundEvents;
    this.#foundEvents = { ...found, cursors: [], outbox: [] };
    return found;
  }

  putEventCursor(cursor: EventCursor): BatchNumber {
    const { name, doneUpTo, matched, delivered, failed, deadLettered, dropped } = cursor;
    const batch = this.#batch.change(Change.PutEventCursor).text(name).number(doneUpTo);
    batch.number(matched).number(delivered).number(failed).number(deadLettered).number(dropped);
    return this.#changed();
  }

  deleteEventCursor(name: string): BatchNumber {
    this.#batch.change(Change.DeleteEventCursor).text(name);
    return this.#changed();
  }

  acceptLostCursors(): BatchNumber {
    return this.deleteEventCursor(LOST_CURSORS);
  }

  trimOutbox(upTo: number): void {
    this.#trimUpTo = upTo;
    this.#batch.change(Change.TrimOutbox).number(upTo);
    this.#changed();
  }

  readOutbox(after: number): Promise<OutboxPage> {
    this.#sendAll();
    const request = ++this.#readNumbers;
    this.#post({ type: 'readOutbox', request, after, acceptedUpTo: this.#messageNumbers });
    return new Promise((resolve) => this.#outboxReads.set(request, resolve));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    this.#sendAll();
    this.#post({ type: 'close' });
    clearTimeout(this.#timer);
    await Promise.race([closed, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    const unwritten = this.#sentBytes.length;
    if (unwritten === 0) return;
    this.#logger.error(
      { operation: 'store', batches: unwritten, cause: this.#failure },
      `the session store ${this.#path} could not be written before the broker ended: ` +
        'nothing that is missing in it was acknowledged',
    );
    void this.#worker.terminate();
  }

  get #waitingBytes(): number {
    return this.#batch.bytes + this.#uncommittedBytes;
  }

  /** The batch leaves at the end of this turn, or when the one before it is committed. */
  #changed(): BatchNumber {
    const { urgency } = this.#batch;
    if (urgency === Urgency.Low) this.#startTimer();
    if (urgency === Urgency.High && !this.#committing && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#sendWhatMust();
      });
    }
    return this.#batch.number;
  }

  #startTimer(): void {
    if (this.#timerRuns || this.#closing !== undefined) return;
    this.#timerRuns = true;
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#timeIsUp(), HOLD_MS);
  }

  #timeIsUp(): void {
    this.#timerRuns = false;
    this.#isDue = true;
    this.#sendWhatMust();
  }

  #sendWhatMust(): void {
    if (this.#committing) return;
    if (this.#isDue) this.#batch.age();
    if (this.#isDue || this.#batch.urgency === Urgency.High) this.#send();
    this.#isDue = false;
    if (this.#batch.holds) this.#startTimer();
  }

  #sendAll(): void {
    this.#batch.writeHeld();
    this.#send();
  }

  #send(): void {
    const batch = this.#batch.number;
    const bytes = this.#batch.finish();
    if (bytes === undefined) return;
    this.#committing = true;
    this.#sentBytes.push(bytes.length);
    this.#uncommittedBytes += bytes.length;
    this.#worker.postMessage({ type: 'commit', batch, bytes } satisfies ToStore, [bytes.buffer]);
  }

  #post(message: ToStore): void {
    this.#worker.postMessage(message);
  }

  #told(message: FromStore): void {
    if (message.type === 'committed') this.#hasCommitted(message);
    else if (message.type === 'page') this.#hasRead(message.request, message.page);
    else if (message.type === 'outboxPage') this.#hasReadOutbox(message);
    else if (message.type === 'failing') this.#isFailing(message.cause);
    else if (message.type === 'damaged') this.#isDamaged(message.cause);
    else if (message.type === 'closed') this.#closed?.();
  }

  #hasCommitted({ batch, withdrawals, trimming }: FromStore & { type: 'committed' }): void {
    this.#committed = batch;
    this.#uncommittedBytes -= this.#sentBytes.shift()!;
    this.#committing = batch < this.#batch.number - 1;
    if (this.#failure !== undefined) {
      this.#logger.info({ operation: 'store' }, 'the session store is written again');
      this.#failure = undefined;
    }
    if (trimming && this.#closing === undefined) this.trimOutbox(this.#trimUpTo);
    this.#sendWhatMust();
    for (const withdrawal of withdrawals) this.#events?.withdrawn(withdrawal);
    this.#events?.committed(batch);
  }

  #isFailing(cause: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    this.#logger.error(
      { operation: 'store', cause },
      `the session store ${this.#path} cannot be written (${cause}): QoS 1 messages for stored ` +
        'sessions are not acknowledged until it can; free disk space or make the folder writable',
    );
  }

  #isDamaged(cause: string): never {
    throw new StoreLostError(
      `the session store ${this.#path} was damaged while it was in use (${cause}). Start again: ` +
        'what can be read of it is taken over then, and the damaged file is kept',
    );
  }

  #hasRead(request: number, { rows, last }: Page): void {
    const resolve = this.#reads.get(request)!;
    this.#reads.delete(request);
    resolve({ messages: rows.map(toMessage), last });
  }

  #hasReadOutbox({ request, page }: FromStore & { type: 'outboxPage' }): void {
    const resolve = this.#outboxReads.get(request)!;
    this.#outboxReads.delete(request);
    resolve(page);
  }
}

function toMessage(row: StoredMessage): Message {
  return Message.of({
    number: row.number,
    topic: asBuffer(row.topic),
    qos: 1,
    payload: asBuffer(row.payload),
    properties: asBuffer(row.properties),
    messageExpiryStart: row.message_expiry_start,
    receivedAtMs: row.received_at_ms,
  });
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
