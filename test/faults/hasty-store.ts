import type { Logger } from 'pino';
import type { BatchNumber, SessionStore } from '../../broker/store/session-store.ts';
import { NO_BATCH } from '../../broker/store/session-store.ts';
import { SqliteStore } from '../../broker/store/sqlite-store.ts';

/** As long as a broker that saves now and then lets its clients believe what is not so. */
const HASTE_MS = 25;

/**
 * A store with the fault that group commit invites: what is changed counts as committed at once,
 * and is written a little later. The history that a killed broker leaves must show it.
 */
export async function openHastyStore(path: string, logger: Logger): Promise<SessionStore> {
  const store = await SqliteStore.open(path, logger);
  let late: (() => void)[] = [];
  const catchUp = (): void => {
    const calls = late;
    late = [];
    for (const call of calls) call();
  };
  const hurry = (call: () => unknown): BatchNumber => {
    if (late.length === 0) setTimeout(catchUp, HASTE_MS);
    late.push(call);
    return NO_BATCH;
  };
  return {
    committed: Infinity,
    behind: false,
    refusal: undefined,
    takeFound: () => store.takeFound(),
    listen: (events) => store.listen(events),
    newSessionId: () => store.newSessionId(),
    newMessageNumber: () => store.newMessageNumber(),
    putSession: (...values) => hurry(() => store.putSession(...values)),
    setExpiry: (...values) => hurry(() => store.setExpiry(...values)),
    deleteSession: (...values) => hurry(() => store.deleteSession(...values)),
    putSubscription: (...values) => hurry(() => store.putSubscription(...values)),
    deleteSubscription: (...values) => hurry(() => store.deleteSubscription(...values)),
    append: (message) => hurry(() => store.append(message)),
    acknowledge: (...values) => void hurry(() => store.acknowledge(...values)),
    withdraw: (...values) => hurry(() => store.withdraw(...values)),
    read(...values) {
      catchUp();
      return store.read(...values);
    },
    get lastMessageNumber() {
      return store.lastMessageNumber;
    },
    takeFoundEvents: () => store.takeFoundEvents(),
    putEventCursor: (...values) => hurry(() => store.putEventCursor(...values)),
    deleteEventCursor: (...values) => hurry(() => store.deleteEventCursor(...values)),
    acceptLostCursors: () => hurry(() => store.acceptLostCursors()),
    trimOutbox: (...values) => void hurry(() => store.trimOutbox(...values)),
    readOutbox(...values) {
      catchUp();
      return store.readOutbox(...values);
    },
    async close() {
      catchUp();
      await store.close();
    },
  };
}
