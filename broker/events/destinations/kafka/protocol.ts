/**
 * What a producer says to Kafka, by its protocol guide: five requests, in the versions before
 * those with tagged fields. Kafka 1.0 to 4 and Azure Event Hubs know them.
 */
import type { ResponseReader } from './response-reader.ts';

export interface Api {
  readonly key: number;
  readonly name: string;
  readonly versionMin: number;
  readonly versionMax: number;
}

export const API_VERSIONS: Api = { key: 18, name: 'ApiVersions', versionMin: 0, versionMax: 0 };
export const METADATA: Api = { key: 3, name: 'Metadata', versionMin: 4, versionMax: 7 };
export const PRODUCE: Api = { key: 0, name: 'Produce', versionMin: 3, versionMax: 7 };
export const SASL_HANDSHAKE: Api = { key: 17, name: 'SaslHandshake', versionMin: 1, versionMax: 1 };
export const SASL_AUTHENTICATE: Api = {
  ...{ key: 36, name: 'SaslAuthenticate' },
  ...{ versionMin: 0, versionMax: 0 },
};

/** What a broker offers, by the number of the API. */
export type OfferedVersions = ReadonlyMap<number, { readonly min: number; readonly max: number }>;

/** Undefined: there is no version that both know. */
export function commonVersion(api: Api, offered: OfferedVersions): number | undefined {
  const range = offered.get(api.key);
  if (range === undefined) return undefined;
  const version = Math.min(api.versionMax, range.max);
  return version < Math.max(api.versionMin, range.min) ? undefined : version;
}

/** Confirmed by all replicas that are in sync. */
const ACKS_ALL = -1;

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int16(bytes.length), bytes]);
}

/** SaslAuthenticate's. */
export function authenticateBody(token: Buffer): Buffer[] {
  return [int32(token.length), token];
}

/** Of one topic. `1`: made, where the brokers make topics that somebody wants to write to. */
export function metadataBody(topic: string): Buffer[] {
  return [int32(1), string(topic), Buffer.of(1)];
}

export interface PartitionBatch {
  readonly partition: number;
  readonly batch: Buffer;
}

/** `timeoutMs` is how long the broker may wait for its replicas. */
export function produceBody(
  topic: string,
  batches: readonly PartitionBatch[],
  timeoutMs: number,
): Buffer[] {
  const noTransaction = int16(-1);
  const head = [noTransaction, int16(ACKS_ALL), int32(timeoutMs), int32(1), string(topic)];
  const partitions = batches.flatMap(({ partition, batch }) => [
    int32(partition),
    int32(batch.length),
    batch,
  ]);
  return [...head, int32(batches.length), ...partitions];
}

export interface ApiVersionsResponse {
  readonly errorCode: number;
  readonly offered: OfferedVersions;
}

export function readApiVersions(reader: ResponseReader): ApiVersionsResponse {
  const errorCode = reader.int16();
  const entries = reader.array(6, () => {
    const key = reader.int16();
    return [key, { min: reader.int16(), max: reader.int16() }] as const;
  });
  return { errorCode, offered: new Map(entries) };
}

export interface BrokerNode {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionState {
  readonly errorCode: number;
  readonly partition: number;
  /** -1: none. */
  readonly leader: number;
}

export interface MetadataResponse {
  readonly brokers: readonly BrokerNode[];
  readonly topics: readonly {
    readonly errorCode: number;
    readonly name: string;
    readonly partitions: readonly PartitionState[];
  }[];
}

export function readMetadata(reader: ResponseReader, version: number): MetadataResponse {
  reader.skip(4);
  const brokers = reader.array(12, () => {
    const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() };
    reader.string();
    return broker;
  });
  reader.string();
  reader.skip(4);
  const topics = reader.array(9, () => {
    const topic = { errorCode: reader.int16(), name: reader.string() };
    reader.skip(1);
    return { ...topic, partitions: reader.array(18, () => readPartition(reader, version)) };
  });
  return { brokers, topics };
}

function readPartition(reader: ResponseReader, version: number): PartitionState {
  const errorCode = reader.int16();
  const state = { errorCode, partition: reader.int32(), leader: reader.int32() };
  if (version >= 7) reader.skip(4);
  const listsOfReplicas = version >= 5 ? 3 : 2;
  for (let list = 0; list < listsOfReplicas; list += 1) reader.array(4, () => reader.int32());
  return state;
}

export interface PartitionResult {
  readonly partition: number;
  readonly errorCode: number;
}

/** Of one topic, as it was asked for. */
export function readProduce(reader: ResponseReader, version: number): PartitionResult[] {
  const topics = reader.array(6, () => {
    reader.string();
    return reader.array(version >= 5 ? 30 : 22, () => {
      const result = { partition: reader.int32(), errorCode: reader.int16() };
      reader.skip(version >= 5 ? 24 : 16);
      return result;
    });
  });
  return topics.flat();
}
