import type { Message } from '../packets/message.ts';

/**
 * Changes are gathered in batches that are committed together. A batch is known by its number; what
 * a client is told of a change waits until that number is committed.
 */
export type BatchNumber = number;

/** The number of no batch at all: nothing has to be waited for. */
export const NO_BATCH: BatchNumber = 0;

/** The number of a batch that is not known yet. */
export const UNKNOWN_BATCH: BatchNumber = Infinity;

/** What an answer waits for; the batch is looked at when one was committed. */
export interface Committable {
  readonly batch: BatchNumber;
}

/** What waits for no commit. */
export const NO_CHANGE: Committable = { batch: NO_BATCH };

export interface StoredSubscription {
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly noLocal: boolean;
}

/** A session as it was found when the store was opened. */
export interface StoredSession {
  readonly id: number;
  readonly client: string;
  /** Milliseconds since the epoch; undefined: it was connected when the process ended. */
  readonly expiresAtMs: number | undefined;
  readonly subscriptions: readonly StoredSubscription[];
  /** Messages with numbers up to this one were sent to the client, or may have been. */
  readonly sentUpTo: number;
  /** What waits for it. */
  readonly messages: number;
  readonly bytes: number;
}

/** Some of what waits for a session, oldest first. */
export interface StoredPage {
  readonly messages: readonly Message[];
  /** Whether nothing that was stored when the page was asked for comes after it. */
  readonly last: boolean;
}

/** What was withdrawn of the messages with numbers above the one that was named. */
export interface Withdrawal {
  readonly session: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Owns what waits to become events; no client's session has this number. */
export const OUTBOX_SESSION = 0;

/** How far one EventSubscription is, and what it counted. */
export interface EventCursor {
  /** `metadata.name` of the EventSubscription. */
  readonly name: string;
  /** Messages with numbers up to this one are done. */
  readonly doneUpTo: number;
  readonly matched: number;
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
  readonly dropped: number;
}

/** Some of the outbox, by numbers. */
export interface OutboxPart {
  /** The number of its newest message. */
  readonly upTo: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What was found for events when the store was opened. */
export interface FoundEvents {
  /** 32 bits, random, the same for as long as message numbers go on. */
  readonly storeId: number;
  readonly cursors: readonly EventCursor[];
  /** The store was damaged, and others may have had a cursor that could not be read. */
  readonly cursorsLost: boolean;
  /** What waits, in ranges of numbers of one length, oldest first: at most 64. */
  readonly outbox: readonly OutboxPart[];
}

export interface OutboxPage {
  /** As in `events/message-pack.ts`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All that waits with numbers above the one that was asked for and up to this one is here. */
  readonly upTo: number;
}

export interface StoreEvents {
  /** All batches up to this number are as durable as the store promises. */
  committed(batch: BatchNumber): void;
  /** What `withdraw` removed. */
  withdrawn(withdrawal: Withdrawal): void;
}

/**
 * Sessions that outlive their connections, their subscriptions and the QoS 1 messages they are
 * owed. A message is stored once, however many sessions it waits for. Calls are cheap and return
 * before anything is written; reads see every change made before them.
 */
export interface SessionStore {
  /** What was found when the store was opened; told once, so that it takes no memory after. */
  takeFound(): readonly StoredSession[];
  /** The highest number that is committed. */
  readonly committed: BatchNumber;
  /** Whether so much waits to be committed that publishers are better not listened to. */
  readonly behind: boolean;
  /** Why nothing more can be taken for now, in words for a client; undefined: all is well. */
  readonly refusal: string | undefined;
  /** Told from now on; there is one listener, the broker. */
  listen(events: StoreEvents): void;
  /** A number for a session that is not stored yet. */
  newSessionId(): number;
  putSession(id: number, client: string): BatchNumber;
  /**
   * Undefined: it is connected and does not expire. Messages with numbers up to `sentUpTo` were
   * sent to the client; while it is connected, any may have been.
   */
  setExpiry(id: number, expiresAtMs: number | undefined, sentUpTo: number): BatchNumber;
  deleteSession(id: number): BatchNumber;
  putSubscription(id: number, subscription: StoredSubscription): BatchNumber;
  deleteSubscription(id: number, filter: string): BatchNumber;
  /** A number for a message: they grow in the order in which messages are accepted. */
  newMessageNumber(): number;
  /** The last one that was given; after a start, one that is above all that were given before. */
  readonly lastMessageNumber: number;
  /**
   * Stores the message for all sessions that took it (`message.owners`). Its batch may be settled
   * later; where all acknowledge it before it is written, it has none and `awaitedBy` is told.
   */
  append(message: Message): BatchNumber;
  /** The message waits for this session no more. Nobody can wait for that to be committed. */
  acknowledge(session: number, message: number): void;
  /**
   * Removes what matches none of the filters from what waits for the session. Messages with numbers
   * up to `countedAfter` are removed too, and not counted in the withdrawal.
   */
  withdraw(session: number, filters: readonly string[], countedAfter: number): BatchNumber;
  /** Messages with numbers above `after`. */
  read(session: number, after: number): Promise<StoredPage>;
  takeFoundEvents(): FoundEvents;
  putEventCursor(cursor: EventCursor): BatchNumber;
  deleteEventCursor(name: string): BatchNumber;
  /** No cursor was lost, or nobody misses it any more. */
  acceptLostCursors(): BatchNumber;
  /** Messages with numbers up to this one do not wait to become events any more. */
  trimOutbox(upTo: number): void;
  /** Messages that wait to become events, with numbers above `after`. */
  readOutbox(after: number): Promise<OutboxPage>;
  /** Commits what was gathered, as far as that is possible at once, and closes the files. */
  close(): Promise<void>;
}
