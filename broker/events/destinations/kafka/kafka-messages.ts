/** What a Kafka destination and the thread with its client say to each other. */
import { LENGTH_BYTES, PackedReader, PackedWriter } from '../../../packed-bytes.ts';
import type { OutboundEvent } from '../destination.ts';
import type { KafkaFault } from './kafka-failure.ts';

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export interface KafkaAccess {
  /** PEM of `ca`. Undefined: the authorities that Node brings. */
  readonly tls: { readonly ca: string | undefined } | undefined;
  readonly sasl:
    | {
        readonly mechanism: SaslMechanism;
        readonly username: string;
        readonly password: string;
      }
    | undefined;
}

export interface KafkaThreadData {
  /** As `HOST:PORT`; at least one. */
  readonly brokers: readonly string[];
  readonly topic: string;
}

export interface StatedFailure {
  readonly fault: KafkaFault;
  readonly words: string;
}

export type ToKafka =
  /** The thread answers `outcome`; the next comes after that. */
  | { readonly type: 'write'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** What `ask` asked for. */
  | { readonly type: 'access'; readonly access: KafkaAccess | StatedFailure };

export type FromKafka =
  /** It is about to connect: how? */
  | { readonly type: 'ask' }
  /** Undefined: all are written. Otherwise nobody knows which are. */
  | { readonly type: 'outcome'; readonly failure: StatedFailure | undefined }
  /** Instead of it: what a stranger sends is not let on to the client. The thread is to end. */
  | { readonly type: 'giveUp'; readonly failure: StatedFailure };

export interface KafkaRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** In memory of its own, to be transferred. */
export function packRecords(events: readonly OutboundEvent[]): Uint8Array<ArrayBuffer> {
  const keys = events.map(({ subject }) => Buffer.from(subject));
  const bytes = events.reduce(
    (sum, { json }, index) => sum + 2 * LENGTH_BYTES + keys[index]!.length + json.length,
    0,
  );
  const writer = new PackedWriter(bytes);
  for (const [index, { json }] of events.entries()) writer.bytes(keys[index]!).bytes(json);
  return writer.finish();
}

export function unpackRecords(bytes: Uint8Array<ArrayBuffer>): KafkaRecord[] {
  const records: KafkaRecord[] = [];
  const reader = new PackedReader(bytes);
  while (!reader.ended) records.push({ key: reader.bytes(), value: reader.bytes() });
  return records;
}
