import { Fifo } from './fifo.ts';
import { PacketType } from './packets/packet-type.ts';
import type { BatchNumber, Committable } from './store/session-store.ts';

/** A packet, or the packet identifier of a PUBACK that says Success: most are such, and small. */
export type Answer = Buffer | number;

interface WaitingAnswer {
  readonly change: Committable;
  readonly answer: Answer;
}

const NONE: readonly Answer[] = [];

/** Answers to one client that wait for a commit, in the order in which they must leave. */
export class Answers {
  readonly #waiting = new Fifo<WaitingAnswer>();
  #pubacks = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** QoS 1 messages of the client whose PUBACK waits [MQTT-3.3.4-7]. */
  get pubacks(): number {
    return this.#pubacks;
  }

  /** CONNACK is the first of all: nothing else may leave before it [MQTT-3.2.0-1]. */
  get connackWaits(): boolean {
    const { first } = this.#waiting;
    return first !== undefined && isPacket(first.answer, PacketType.CONNACK);
  }

  push(change: Committable, answer: Answer): void {
    this.#waiting.push({ change, answer });
    if (isPuback(answer)) this.#pubacks++;
  }

  /** Those that may leave now that this batch is committed. */
  take(committed: BatchNumber): readonly Answer[] {
    if (!this.#isReady(committed)) return NONE;
    const taken: Answer[] = [];
    while (this.#isReady(committed)) {
      const { answer } = this.#waiting.shift()!;
      if (isPuback(answer)) this.#pubacks--;
      taken.push(answer);
    }
    return taken;
  }

  #isReady(committed: BatchNumber): boolean {
    const { first } = this.#waiting;
    return first !== undefined && first.change.batch <= committed;
  }
}

function isPuback(answer: Answer): boolean {
  return typeof answer === 'number' || isPacket(answer, PacketType.PUBACK);
}

function isPacket(answer: Answer, type: number): boolean {
  return typeof answer !== 'number' && answer[0] === type << 4;
}
