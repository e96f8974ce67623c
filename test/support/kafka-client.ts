/** Kafka as others use it: with a client that knows nothing of ours. */
import { randomBytes } from 'node:crypto';
import { Admin, Consumer } from '@platformatic/kafka';
import { eventually, within } from './within.ts';

const READ_MS_MAX = 60_000;

export interface ReadRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

export interface TopicOptions {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** A new one, of which it answers the name. */
export async function createTopic(broker: string, options: TopicOptions = {}): Promise<string> {
  const topic = `mqttgrid-${randomBytes(6).toString('hex')}`;
  const configs = Object.entries(options.configs ?? {}).map(([name, value]) => ({ name, value }));
  const { partitions = 3 } = options;
  await withAdmin(broker, (admin) =>
    admin.createTopics({ topics: [topic], partitions, replicas: 1, configs }),
  );
  return topic;
}

export async function createNamedTopic(broker: string, topic: string): Promise<void> {
  await withAdmin(broker, (admin) =>
    admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 }),
  );
}

export async function deleteTopic(broker: string, topic: string): Promise<void> {
  await withAdmin(broker, (admin) => admin.deleteTopics({ topics: [topic] }));
}

async function withAdmin<Value>(
  broker: string,
  use: (admin: Admin) => Promise<Value>,
): Promise<Value> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker], retries: 20 });
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}

/** All that is in it, each partition in its order. */
export async function readTopic(broker: string, topic: string): Promise<ReadRecord[]> {
  const group = `test-${randomBytes(6).toString('hex')}`;
  const consumer = new Consumer({
    ...{ groupId: group, clientId: 'test', bootstrapBrokers: [broker] },
    retries: 20,
  });
  try {
    const ends = await eventually(READ_MS_MAX, 'offsets', () =>
      consumer.listOffsets({ topics: [topic] }).catch(() => undefined),
    );
    const count = ends.get(topic)!.reduce((sum, offset) => sum + Number(offset), 0);
    return await within(READ_MS_MAX, `${count} records`, readRecords(consumer, topic, count));
  } finally {
    await new Promise((resolve) => consumer.close(true, resolve));
  }
}

async function readRecords(
  consumer: Consumer,
  topic: string,
  count: number,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  if (count === 0) return records;
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  for await (const { partition, key, value, headers, timestamp } of stream) {
    const texts = [...headers].map(([name, text]) => [name.toString(), text.toString()] as const);
    records.push({
      ...{ partition, key: key.toString(), value: value.toString() },
      headers: Object.fromEntries(texts),
      timestampMs: Number(timestamp),
    });
    if (records.length === count) break;
  }
  return records;
}
