/** A session store in memory that commits, and answers reads, one at a time and when it is told. */
import { filterMatches, splitLevels } from '../../domain/topic-filter.ts';
import { packMessages } from '../../broker/events/message-pack.ts';
import type { Message } from '../../broker/packets/message.ts';
import type {
  BatchNumber,
  EventCursor,
  FoundEvents,
  OutboxPage,
  SessionStore,
  StoredPage,
  StoredSession,
  StoreEvents,
  Withdrawal,
} from '../../broker/store/session-store.ts';
import { NO_BATCH, OUTBOX_SESSION, UNKNOWN_BATCH } from '../../broker/store/session-store.ts';

export class ManualStore implements SessionStore {
  committed: BatchNumber = 0;
  behind = false;
  refusal: string | undefined;
  /** What waits for each session, oldest first. */
  readonly waiting = new Map<number, Message[]>();
  readonly cursors = new Map<string, EventCursor>();
  readonly #pageMessages: number;
  #events: StoreEvents | undefined;
  #sessions = 0;
  #messages = 0;
  #gathering: BatchNumber = 1;
  #gathered = false;
  #withdrawals: Withdrawal[] = [];
  /** Messages that are not with the batch yet, by their numbers. */
  readonly #held = new Map<number, Message>();
  /** What the store's thread would answer next, in order. */
  readonly #answers: (() => void)[] = [];

  constructor(pageMessages = 3) {
    this.#pageMessages = pageMessages;
  }

  /** Commits, or answers a read, whichever was asked for first; false: nothing was. */
  step(): boolean {
    if (this.#answers.length === 0) this.#send();
    const answer = this.#answers.shift();
    answer?.();
    return answer !== undefined;
  }

  takeFound(): readonly StoredSession[] {
    return [];
  }

  listen(events: StoreEvents): void {
    this.#events = events;
  }

  newSessionId(): number {
    return ++this.#sessions;
  }

  newMessageNumber(): number {
    return ++this.#messages;
  }

  get lastMessageNumber(): number {
    return this.#messages;
  }

  putSession(id: number): BatchNumber {
    this.waiting.set(id, []);
    return this.#changed();
  }

  setExpiry(): BatchNumber {
    return this.#changed();
  }

  deleteSession(id: number): BatchNumber {
    this.waiting.delete(id);
    return this.#changed();
  }

  putSubscription(): BatchNumber {
    return this.#changed();
  }

  deleteSubscription(): BatchNumber {
    return this.#changed();
  }

  append(message: Message): BatchNumber {
    if (message.owners.includes(OUTBOX_SESSION) && !this.waiting.has(OUTBOX_SESSION)) {
      this.waiting.set(OUTBOX_SESSION, []);
    }
    for (const owner of message.owners) this.waiting.get(owner)?.push(message.own());
    if (message.owners.length === 0) return NO_BATCH;
    message.batch = this.#changed();
    if (message.takers === 0) return message.batch;
    this.#held.set(message.number, message);
    return (message.batch = UNKNOWN_BATCH);
  }

  acknowledge(session: number, number: number): void {
    this.#keep(session, (message) => message.number !== number);
    this.#changed();
    const message = this.#held.get(number);
    if (message === undefined || message.owners.some((owner) => this.#isOwed(owner, number)))
      return;
    this.#held.delete(number);
    message.batch = NO_BATCH;
    message.awaitedBy?.settled();
  }

  withdraw(session: number, filters: readonly string[], countedAfter: number): BatchNumber {
    const levels = filters.map((filter) => splitLevels(filter));
    const removed = this.#keep(session, ({ topic }) =>
      levels.some((filter) => filterMatches(filter, splitLevels(topic))),
    ).filter(({ number }) => number > countedAfter);
    const bytes = removed.reduce((sum, message) => sum + message.bytes, 0);
    this.#withdrawals.push({ session, messages: removed.length, bytes });
    return this.#changed();
  }

  read(session: number, after: number): Promise<StoredPage> {
    this.#send();
    const rest = (this.waiting.get(session) ?? []).filter(({ number }) => number > after);
    const messages = rest.slice(0, this.#pageMessages);
    const page = { messages, last: messages.length === rest.length };
    return new Promise((resolve) => this.#answers.push(() => resolve(page)));
  }

  takeFoundEvents(): FoundEvents {
    const cursors = [...this.cursors.values()];
    return { storeId: 7, cursors, cursorsLost: false, outbox: [] };
  }

  putEventCursor(cursor: EventCursor): BatchNumber {
    this.cursors.set(cursor.name, cursor);
    return this.#changed();
  }

  deleteEventCursor(name: string): BatchNumber {
    this.cursors.delete(name);
    return this.#changed();
  }

  acceptLostCursors(): BatchNumber {
    return this.#changed();
  }

  trimOutbox(upTo: number): void {
    this.#keep(OUTBOX_SESSION, ({ number }) => number > upTo);
    this.#changed();
  }

  readOutbox(after: number): Promise<OutboxPage> {
    const acceptedUpTo = this.#messages;
    return this.read(OUTBOX_SESSION, after).then(({ messages, last }) => ({
      bytes: packMessages(messages.map(({ parts, number }) => ({ ...parts, number }))),
      upTo: last ? acceptedUpTo : messages.at(-1)!.number,
    }));
  }

  close(): Promise<void> {
    while (this.step());
    return Promise.resolve();
  }

  #isOwed(session: number, number: number): boolean {
    return (this.waiting.get(session) ?? []).some((message) => message.number === number);
  }

  /** Answers what is not kept. */
  #keep(session: number, isKept: (message: Message) => boolean): Message[] {
    const before = this.waiting.get(session) ?? [];
    this.waiting.set(session, before.filter(isKept));
    return before.filter((message) => !isKept(message));
  }

  #changed(): BatchNumber {
    this.#gathered = true;
    return this.#gathering;
  }

  #send(): void {
    if (!this.#gathered) return;
    this.#gathered = false;
    const batch = this.#gathering++;
    for (const message of this.#held.values()) message.batch = batch;
    this.#held.clear();
    const withdrawals = this.#withdrawals;
    this.#withdrawals = [];
    this.#answers.push(() => {
      this.committed = batch;
      for (const withdrawal of withdrawals) this.#events?.withdrawn(withdrawal);
      this.#events?.committed(batch);
    });
  }
}
