import type { Link, LinkListener } from '../../control/stream.ts';

/** An end of a stream whose other end is the test: it sees what is sent, and says what it likes. */
export class ScriptedLink<Sent, Received> implements Link<Sent, Received> {
  sent: Sent[] = [];
  isClosed = false;
  #listener: LinkListener<Received> | undefined;

  send(message: Sent): void {
    if (!this.isClosed) this.sent.push(message);
  }

  sendEach(messages: Iterator<Sent, void, undefined>): void {
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      this.send(next.value);
    }
  }

  listen(listener: LinkListener<Received>): void {
    this.#listener = listener;
  }

  close(): void {
    this.isClosed = true;
    this.#listener = undefined;
  }

  /** As if the peer had sent it. */
  says(message: Received): void {
    this.#listener?.message(message);
  }

  breaks(reason = 'the connection broke'): void {
    const listener = this.#listener;
    this.close();
    listener?.closed(reason);
  }

  /** What was sent since the last look. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}
