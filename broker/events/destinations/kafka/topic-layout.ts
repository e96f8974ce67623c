/** Where the partitions of a topic are led, as metadata says. */
import { addressText } from './kafka-connection.ts';
import type { BrokerAddress } from './kafka-connection.ts';
import { codeFailure } from './kafka-failure.ts';
import type { BrokerNode, MetadataResponse } from './protocol.ts';
import { MalformedResponse } from './response-reader.ts';

export interface TopicLayout {
  /** By partition; undefined: it has no leader at the moment. */
  readonly leaders: readonly (BrokerAddress | undefined)[];
  readonly readAtMs: number;
}

/** @throws KafkaFailure where there is no such topic, MalformedResponse */
export function toTopicLayout(
  { brokers, topics }: MetadataResponse,
  topic: string,
  readAtMs: number,
): TopicLayout {
  const found = topics.find(({ name }) => name === topic);
  if (found === undefined) throw new MalformedResponse('metadata of another topic');
  if (found.errorCode !== 0) throw codeFailure(found.errorCode);
  const count = found.partitions.length;
  if (count === 0) throw new MalformedResponse('a topic without a partition');
  const nodes = new Map(brokers.map((broker) => [broker.nodeId, broker]));
  const leaders = new Map(
    found.partitions.map(({ partition, leader }) => [partition, addressOf(nodes.get(leader))]),
  );
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  if (!partitions.every((partition) => leaders.has(partition))) {
    throw new MalformedResponse('partitions that are not numbered');
  }
  return { leaders: partitions.map((partition) => leaders.get(partition)), readAtMs };
}

/** They end up in messages for people and in the hands of DNS. */
function addressOf(node: BrokerNode | undefined): BrokerAddress | undefined {
  if (node === undefined) return undefined;
  if (!/^[\w.:-]{1,255}$/.test(node.host) || node.port < 1 || node.port > 65_535) {
    throw new MalformedResponse('a broker whose address is none');
  }
  return { host: node.host, port: node.port };
}

export function addressesOf(layout: TopicLayout): Set<string> {
  return new Set(layout.leaders.filter((leader) => leader !== undefined).map(addressText));
}

/** `HOST:PORT`, `[IPv6]:PORT`; undefined: it is neither. Without a port, Kafka's own. */
export function parseBroker(text: string): BrokerAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3] ?? PORT_DEFAULT);
  return port < 1 || port > 65_535 ? undefined : { host: match[1] ?? match[2]!, port };
}

const PORT_DEFAULT = 9092;
