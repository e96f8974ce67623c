/** A stream between operator and broker without bytes: messages come later, in order, or never. */
import type { BrokerMessage, OperatorMessage } from '../../../control/messages.ts';
import type { BrokerLink, Link, LinkListener, OperatorLink } from '../../../control/stream.ts';
import type { Clock } from '../../../control/clock.ts';
import { copied } from './json.ts';

const LATENCY_MS = 1;

export interface MemoryLinks {
  readonly operator: OperatorLink;
  readonly broker: BrokerLink;
  /** What is under way is lost, and both ends are told. */
  cut(reason: string): void;
}

/** Each end hears by its own clock. */
export function memoryLinks(operatorClock: Clock, brokerClock: Clock): MemoryLinks {
  const operator = new End<OperatorMessage, BrokerMessage>(operatorClock);
  const broker = new End<BrokerMessage, OperatorMessage>(brokerClock);
  operator.peer = broker;
  broker.peer = operator;
  const cut = (reason: string): void => {
    operator.lose(reason);
    broker.lose(reason);
  };
  return { operator, broker, cut };
}

class End<Sent, Received> implements Link<Sent, Received> {
  peer: End<Received, Sent> | undefined;
  readonly #clock: Clock;
  #listener: LinkListener<Received> | undefined;
  /** What came before anybody listened. */
  readonly #early: Received[] = [];
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(message: Sent): void {
    if (this.#isOver) return;
    const sent = copied(message);
    this.peer?.hear(() => this.peer?.receive(sent));
  }

  sendEach(messages: Iterator<Sent, void, undefined>): void {
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      this.send(next.value);
    }
  }

  listen(listener: LinkListener<Received>): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) listener.message(message);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // After what was sent before.
    this.peer?.hear(() => this.peer?.lose('the peer closed the connection'));
  }

  hear(tell: () => void): void {
    this.#clock.after(LATENCY_MS, tell);
  }

  receive(message: Received): void {
    if (this.#isOver) return;
    if (this.#listener === undefined) this.#early.push(message);
    else this.#listener.message(message);
  }

  lose(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener?.closed(reason);
  }
}
