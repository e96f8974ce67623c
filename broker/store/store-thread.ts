/** The store's own thread: file system calls block here and not where messages pass. */
import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { isCorruption } from './corruption.ts';
import type { SessionDatabase } from './database.ts';
import { openDatabase, suspect } from './open-database.ts';
import type { FromStore, ToStore } from './store-messages.ts';

/** A full disk is looked at again so often: soon enough for people, and no load. */
const RETRY_INTERVAL_MS = 500;

const port = parentPort!;
const { path } = workerData as { readonly path: string };
/** Aborts when the broker wants to end: what cannot be written by then is given up. */
const closing = new AbortController();

function tell(message: FromStore): void {
  port.postMessage(message);
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** False: it could not be written before the store was to be closed. */
async function commit(
  database: SessionDatabase,
  { batch, bytes }: ToStore & { type: 'commit' },
): Promise<boolean> {
  for (;;) {
    try {
      tell({ type: 'committed', batch, ...database.commit(bytes) });
      return true;
    } catch (error) {
      if (isCorruption(error)) throw error;
      tell({ type: 'failing', cause: causeOf(error) });
      if (closing.signal.aborted) return false;
      await setTimeout(RETRY_INTERVAL_MS, undefined, { signal: closing.signal }).catch(() => null);
    }
  }
}

function read(database: SessionDatabase, message: ToStore & { type: 'read' }): void {
  const { request, session, after } = message;
  tell({ type: 'page', request, page: database.read(session, after) });
}

function readOutbox(database: SessionDatabase, message: ToStore & { type: 'readOutbox' }): void {
  const { request, after, acceptedUpTo } = message;
  const page = database.readOutbox(after, acceptedUpTo);
  const answer: FromStore = { type: 'outboxPage', request, page };
  port.postMessage(answer, [page.bytes.buffer]);
}

/** One at a time and in order, also while a commit waits to be tried again. */
async function serve(database: SessionDatabase, messages: AsyncIterable<ToStore>): Promise<void> {
  for await (const message of messages) {
    if (message.type === 'read') read(database, message);
    else if (message.type === 'readOutbox') readOutbox(database, message);
    else if (message.type === 'close' || !(await commit(database, message))) break;
  }
  database.close();
  tell({ type: 'closed' });
}

async function* received(): AsyncGenerator<ToStore> {
  const waiting: ToStore[] = [];
  let wake = (): void => undefined;
  port.on('message', (message: ToStore) => {
    if (message.type === 'close') closing.abort();
    waiting.push(message);
    wake();
  });
  for (;;) {
    const message = waiting.shift();
    if (message !== undefined) yield message;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

function open(): SessionDatabase | undefined {
  try {
    const { database, found, notices } = openDatabase(path);
    tell({ type: 'opened', found, notices });
    return database;
  } catch (error) {
    tell({ type: 'unopened', cause: causeOf(error) });
    return undefined;
  }
}

const messages = received();
const database = open();
try {
  if (database !== undefined) await serve(database, messages);
} catch (error) {
  if (!isCorruption(error)) throw error;
  suspect(path);
  tell({ type: 'damaged', cause: error.message });
}
port.close();
