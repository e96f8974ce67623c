/** The store's own thread: file system calls block here and not where messages pass. */
import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { SessionDatabase } from './database.ts';
import { openDatabase } from './open-database.ts';
import type { FromStore, ToStore } from './store-messages.ts';

/** A full disk is looked at again so often: soon enough for people, and no load. */
const RETRY_INTERVAL_MS = 500;

const port = parentPort!;

function tell(message: FromStore): void {
  port.postMessage(message);
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function commit(
  database: SessionDatabase,
  { batch, bytes }: ToStore & { type: 'commit' },
): Promise<void> {
  for (;;) {
    try {
      tell({ type: 'committed', batch, withdrawals: database.commit(bytes) });
      return;
    } catch (error) {
      tell({ type: 'failing', cause: causeOf(error) });
      await setTimeout(RETRY_INTERVAL_MS);
    }
  }
}

function read(database: SessionDatabase, message: ToStore & { type: 'read' }): void {
  const { request, session, after } = message;
  tell({ type: 'page', request, page: database.read(session, after) });
}

/** One at a time and in order, also while a commit waits to be tried again. */
async function serve(database: SessionDatabase, messages: AsyncIterable<ToStore>): Promise<void> {
  for await (const message of messages) {
    if (message.type === 'commit') await commit(database, message);
    else if (message.type === 'read') read(database, message);
    else break;
  }
  database.close();
  tell({ type: 'closed' });
}

async function* received(): AsyncGenerator<ToStore> {
  const waiting: ToStore[] = [];
  let wake = (): void => undefined;
  port.on('message', (message: ToStore) => {
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
  const { path } = workerData as { readonly path: string };
  try {
    const { database, notices } = openDatabase(path);
    const opened = new SessionDatabase(database);
    tell({ type: 'opened', found: opened.load(), notices });
    return opened;
  } catch (error) {
    tell({ type: 'unopened', cause: causeOf(error) });
    return undefined;
  }
}

const messages = received();
const database = open();
if (database !== undefined) await serve(database, messages);
port.close();
