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
  /** What of it came since the page that is under way was asked for. */
  #messagesSince = 0;
  #bytesSince = 0;
  /** The number of the newest message that is not in the store alone. */
  #taken = 0;
  /** Grows when the page that is under way is no longer what is wanted. */
  #generation = 0;
  #reading = false;
  /** Messages with numbers up to here may have been sent by an earlier process. */
  readonly #sentBefore: number;
  /** Messages with numbers up to here were sent. */
  #sentUpTo: number;

  constructor(
    session: number,
    store: SessionStore,
    found = { messages: 0, bytes: 0, sentUpTo: 0 },
  ) {
    this.session = session;
    this.#store = store;
    this.#messages = found.messages;
    this.#bytes = found.bytes;
    this.#sentBefore = found.sentUpTo;
    this.#sentUpTo = found.sentUpTo;
  }

  get length(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The message is in memory as well as in the store, and so are all before it. */
  take(message: Message): void {
    message.owners.push(this.session);
    message.takers++;
    this.#taken = message.number;
  }

  /** The message is in the store alone. */
  leave(message: Message): void {
    message.owners.push(this.session);
    this.#messages++;
    this.#bytes += message.bytes;
    this.#messagesSince++;
    this.#bytesSince += message.bytes;
  }

  /** All that waits is in the store alone from now on, this much from memory with it. */
  leaveAll(messages: number, bytes: number): void {
    this.#forgetPage();
    this.#messages += messages;
    this.#bytes += bytes;
    this.#taken = 0;
  }

  /** The message is sent for the first time in this process; true: maybe not for the first time. */
  send(message: Message): boolean {
    this.#sentUpTo = Math.max(this.#sentUpTo, message.number);
    return message.number <= this.#sentBefore;
  }

  /** Undefined: the session is connected. */
  setExpiry(expiresAtMs: number | undefined): void {
    this.#store.setExpiry(this.session, expiresAtMs, this.#sentUpTo);
  }

  /** Asks for the next page unless one is under way. */
  read(receive: (page: StoredPage) => void): void {
    if (this.#reading) return;
    this.#reading = true;
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

  /** What matches none of the filters goes, from the page that is under way too. */
  withdraw(filters: readonly string[]): BatchNumber {
    this.#forgetPage();
    return this.#store.withdraw(this.session, filters, this.#taken);
  }

  /** Counts off what was withdrawn of the part that was in the store alone. */
  withdrawn(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
  }

  #forgetPage(): void {
    this.#generation++;
    this.#reading = false;
  }

  #takePage({ messages, last }: StoredPage): void {
    this.#taken = messages.at(-1)?.number ?? this.#taken;
    if (last) {
      this.#messages = this.#messagesSince;
      this.#bytes = this.#bytesSince;
      return;
    }
    // More is certain to follow, whatever was acknowledged ahead of its page.
    this.#messages = Math.max(this.#messagesSince + 1, this.#messages - messages.length);
    const bytes = messages.reduce((sum, message) => sum + message.bytes, 0);
    this.#bytes = Math.max(this.#bytesSince, this.#bytes - bytes);
  }
}
