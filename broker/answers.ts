import { PacketType } from './packets/packet-type.ts';
import type { BatchNumber } from './store/session-store.ts';

interface Answer {
  readonly batch: BatchNumber;
  readonly bytes: Buffer;
}

/** Answers to one client that wait for a commit, in the order in which they must leave. */
export class Answers {
  #waiting: Answer[] = [];
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
    return this.#waiting[0]?.bytes[0] === PacketType.CONNACK << 4;
  }

  push(batch: BatchNumber, bytes: Buffer): void {
    this.#waiting.push({ batch, bytes });
    if (isPuback(bytes)) this.#pubacks++;
  }

  /** Those that may leave now that this batch is committed. */
  take(batch: BatchNumber): Buffer[] {
    const later = this.#waiting.findIndex((answer) => answer.batch > batch);
    const ready = later < 0 ? this.#waiting : this.#waiting.slice(0, later);
    this.#waiting = later < 0 ? [] : this.#waiting.slice(later);
    return ready.map(({ bytes }) => {
      if (isPuback(bytes)) this.#pubacks--;
      return bytes;
    });
  }
}

function isPuback(bytes: Buffer): boolean {
  return bytes[0] === PacketType.PUBACK << 4;
}
