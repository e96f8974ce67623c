import { PacketType } from './packets/packet-type.ts';
import type { BatchNumber } from './store/session-store.ts';

/** An answer that waits for a commit: bytes, or a PUBACK of a packet identifier. */
interface Answer {
  readonly batch: BatchNumber;
  readonly bytes: Buffer | undefined;
  /** 0: it is no PUBACK. */
  readonly packetIdentifier: number;
}

/** What answers leave by. */
export interface AnswerSender {
  send(bytes: Buffer): void;
  sendPuback(packetIdentifier: number): void;
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
    return this.#waiting[0]?.bytes?.[0] === PacketType.CONNACK << 4;
  }

  push(batch: BatchNumber, bytes: Buffer): void {
    this.#waiting.push({ batch, bytes, packetIdentifier: 0 });
    if (isPuback(bytes)) this.#pubacks++;
  }

  pushPuback(batch: BatchNumber, packetIdentifier: number): void {
    this.#waiting.push({ batch, bytes: undefined, packetIdentifier });
    this.#pubacks++;
  }

  /** Sends those that may leave now that this batch is committed. */
  release(batch: BatchNumber, sender: AnswerSender): void {
    const waiting = this.#waiting;
    const later = waiting.findIndex((answer) => answer.batch > batch);
    const count = later < 0 ? waiting.length : later;
    this.#waiting = waiting.slice(count);
    for (let index = 0; index < count; index++) {
      const { bytes, packetIdentifier } = waiting[index]!;
      if (bytes === undefined || isPuback(bytes)) this.#pubacks--;
      if (bytes === undefined) sender.sendPuback(packetIdentifier);
      else sender.send(bytes);
    }
  }
}

function isPuback(bytes: Buffer): boolean {
  return bytes[0] === PacketType.PUBACK << 4;
}
