/** A batch of changes as bytes, so that it crosses to the store's thread without being copied. */
import type { MessageParts } from '../packets/message.ts';
import { PackedReader, PackedWriter } from '../packed-bytes.ts';

export const Change = {
  PutSession: 1,
  SetExpiry: 2,
  DeleteSession: 3,
  PutSubscription: 4,
  DeleteSubscription: 5,
  Append: 6,
  Acknowledge: 7,
  Withdraw: 8,
  ReserveNumbers: 9,
  PutEventCursor: 10,
  DeleteEventCursor: 11,
  TrimOutbox: 12,
} as const;

/** Stands for an expiry that is not set, and for a position that is not there. */
export const NONE = 2 ** 48 - 1;

export class BatchWriter extends PackedWriter {
  change(kind: number): this {
    return this.byte(kind);
  }

  message(parts: MessageParts): this {
    return this.number(parts.number ?? 0)
      .bytes(parts.topic)
      .bytes(parts.payload)
      .bytes(parts.properties)
      .number(parts.messageExpiryStart < 0 ? NONE : parts.messageExpiryStart)
      .number(parts.receivedAtMs);
  }
}

export class BatchReader extends PackedReader {
  change(): number {
    return this.byte();
  }
}
