import { PacketType } from './packets/packet-type.ts';
import type { BatchNumber } from './store/session-store.ts';

/** A packet, or the packet identifier of a PUBACK that says Success: most are such, and small. */
export type Answer = Buffer | number;

interface WaitingAnswer {
  readonly batch: BatchNumber;
  readonly answer: Answer;
}

/** Answers to one client that wait for a commit, in the order in which they must leave. */
export class Answers {
  #waiting: WaitingAnswer[] = [];
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
    const first = this.#waiting[0];
    return first !== undefined && isPacket(first.answer, PacketType.CONNACK);
  }

  push(batch: BatchNumber, answer: Answer): void {
    this.#waiting.push({ batch, answer });
    if (isPuback(answer)) this.#pubacks++;
  }

  /** Those that may leave now that this batch is committed. */
  take(batch: BatchNumber): Answer[] {
    const later = this.#waiting.findIndex((waiting) => waiting.batch > batch);
    const ready = later < 0 ? this.#waiting : this.#waiting.slice(0, later);
    this.#waiting = later < 0 ? [] : this.#waiting.slice(later);
    return ready.map(({ answer }) => {
      if (isPuback(answer)) this.#pubacks--;
      return answer;
    });
  }
}

function isPuback(answer: Answer): boolean {
  return typeof answer === 'number' || isPacket(answer, PacketType.PUBACK);
}

function isPacket(answer: Answer, type: number): boolean {
  return typeof answer !== 'number' && answer[0] === type << 4;
}
