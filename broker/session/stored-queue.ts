import type { Message } from '../packets/message.ts';
import type { BatchNumber, SessionStore, StoredPage } from '../store/session-store.ts';

/**
 * The part of a session's queue that is in the store alone: all of it while the client is away, and
 * what exceeds the part kept in memory while it is here. Pages of it are taken back in order.
 */
export class StoredQueue {
  readonly session: number;
  readonly #store: SessionStore;
  #messages: number;
  #bytes: number;
  /** What came since the page that is under way was asked for. */
  #messagesSince = 0;
  #bytesSince = 0;
  /** The number of the newest message that is not in the store alone. */
  #taken = 0;
  /** Pages that were asked for before the client left are not for the next connection. */
  #generation = 0;
  #reading = false;

  constructor(session: number, store: SessionStore, found = { messages: 0, bytes: 0 }) {
    this.session = session;
    this.#store = store;
    this.#messages = found.messages;
    this.#bytes = found.bytes;
  }

  get length(): number {
    return this.#messages + this.#messagesSince;
  }

  get bytes(): number {
    return this.#bytes + this.#bytesSince;
  }

  /** The message is in memory as well as in the store, and so are all before it. */
  take(message: Message): void {
    message.owners.push(this.session);
    this.#taken = message.number;
  }

  /** The message is in the store alone. */
  leave(message: Message): void {
    message.owners.push(this.session);
    this.#messagesSince++;
    this.#bytesSince += message.bytes;
  }

  /** All that waits is in the store alone from now on. */
  leaveAll(messages: number, bytes: number): void {
    this.#generation++;
    this.#reading = false;
    this.#messages = this.length + messages;
    this.#bytes = this.bytes + bytes;
    this.#messagesSince = 0;
    this.#bytesSince = 0;
    this.#taken = 0;
  }

  /** Asks for the next page unless one is under way. */
  read(receive: (page: StoredPage) => void): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#messages = this.length;
    this.#bytes = this.bytes;
    this.#messagesSince = 0;
    this.#bytesSince = 0;
    const generation = this.#generation;
    void this.#store.read(this.session, this.#taken).then((page) => {
      if (generation !== this.#generation) return;
      this.#reading = false;
      this.#takePage(page);
      receive(page);
    });
  }

  acknowledge(messageNumber: number): void {
    this.#store.acknowledge(this.session, messageNumber);
  }

  withdraw(filters: readonly string[]): BatchNumber {
    return this.#store.withdraw(this.session, filters);
  }

  /** Counts off what was withdrawn in the store. */
  withdrawn(messages: number, bytes: number): void {
    this.#messages = Math.max(0, this.#messages - messages);
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  #takePage({ messages, last }: StoredPage): void {
    this.#taken = messages.at(-1)?.number ?? this.#taken;
    if (last) {
      this.#messages = 0;
      this.#bytes = 0;
      return;
    }
    // More is certain to follow, whatever was withdrawn in the meantime.
    this.#messages = Math.max(1, this.#messages - messages.length);
    const bytes = messages.reduce((sum, message) => sum + message.bytes, 0);
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }
}
