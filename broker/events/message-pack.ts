/** Messages as bytes, so that they cross to the thread that delivers without being copied. */
import type { MessageParts } from '../packets/message.ts';
import { LENGTH_BYTES, NUMBER_BYTES, PackedReader, PackedWriter } from '../packed-bytes.ts';
import type { RoutedMessage } from './routed-message.ts';

/** Number, time, QoS, and the lengths of topic, payload and properties. */
const HEAD_BYTES = 2 * NUMBER_BYTES + 1 + 3 * LENGTH_BYTES;

export interface PackedParts extends Pick<MessageParts, 'qos' | 'receivedAtMs'> {
  readonly number: number;
  /** In UTF-8. */
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array;
}

/** What the message takes when it is packed. */
export function packedBytes({ topic, payload, properties }: PackedParts): number {
  return HEAD_BYTES + topic.length + payload.length + properties.length;
}

/** In memory of its own, to be transferred; it is no larger than it must be. */
export function packMessages(messages: readonly PackedParts[]): Uint8Array<ArrayBuffer> {
  const bytes = messages.reduce((sum, message) => sum + packedBytes(message), 0);
  const writer = new PackedWriter(bytes);
  for (const { number, qos, topic, payload, properties, receivedAtMs } of messages) {
    writer.number(number).byte(qos).number(receivedAtMs);
    writer.bytes(topic).bytes(payload).bytes(properties);
  }
  return writer.finish();
}

/** In their order; payload and properties are views, which keep all of the bytes in memory. */
export function* unpackMessages(bytes: Uint8Array<ArrayBuffer>): Generator<RoutedMessage> {
  const reader = new PackedReader(bytes);
  while (!reader.ended) {
    const number = reader.number();
    const qos = reader.byte() === 1 ? 1 : 0;
    const receivedAtMs = reader.number();
    const topic = reader.text();
    yield { number, qos, topic, payload: reader.bytes(), properties: reader.bytes(), receivedAtMs };
  }
}
