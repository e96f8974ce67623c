/** Writes to a topic: finds its leaders, keeps a session with each, looks again when they move. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../clock.ts';
import { addressText } from './kafka-connection.ts';
import type { BrokerAddress } from './kafka-connection.ts';
import { KafkaFailure, asKafkaFailure, codeFailure } from './kafka-failure.ts';
import { KafkaSession } from './kafka-session.ts';
import type { KafkaAccess } from './kafka-session.ts';
import { partitionOf } from './murmur2.ts';
import type { PartitionBatch } from './protocol.ts';
import { recordBatch } from './record-batch.ts';
import type { KafkaRecord } from './record-batch.ts';
import { addressesOf, parseBroker, toTopicLayout } from './topic-layout.ts';
import type { TopicLayout } from './topic-layout.ts';

export interface KafkaClusterOptions {
  /** To start from, as `HOST:PORT`; at least one. */
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Asked whenever a connection is opened. @throws KafkaFailure */
  access(): KafkaAccess;
  readonly clock: Clock;
}

/** How long new partitions may stay unseen; leaders that move are noticed by their refusal. */
const LAYOUT_MS_MAX = 5 * 60 * 1000;
/** Azure closes after four minutes of silence, without a word; Kafka after ten. */
const IDLE_MS_MAX = 3 * 60 * 1000;
/** Brokers that are asked for metadata in one attempt: a delivery ends within its time. */
const BROKERS_ASKED_MAX = 4;
/** A first try, and one with new metadata: whatever lasts longer is the engine's to wait for. */
const TRIES_MAX = 2;
/** An election, or a topic that is made because we asked for it, takes about that. */
const RETRY_MS = 300;
const FAILURES_NAMED_MAX = 3;
const LEADER_NOT_AVAILABLE = 5;

interface Idle {
  readonly session: KafkaSession;
  readonly sinceMs: number;
}

type Partitions = ReadonlyMap<number, KafkaRecord[]>;

export class KafkaCluster {
  readonly #options: KafkaClusterOptions;
  readonly #idle = new Map<string, Idle>();
  #layout: TopicLayout | undefined;
  /** Which of the declared brokers is asked first: the one that answered last. */
  #first = 0;

  constructor(options: KafkaClusterOptions) {
    this.#options = options;
  }

  /** Connects, and reads where the topic is. @throws KafkaFailure */
  async warm(signal: AbortSignal): Promise<void> {
    await this.#findLayout(signal);
  }

  /**
   * All are written when it resolves; those of one key in their order. Of a failure nobody knows
   * which were written. @throws KafkaFailure
   */
  async write(records: readonly KafkaRecord[], signal: AbortSignal): Promise<void> {
    let rest = records;
    for (let tries = 1; ; tries += 1) {
      const failure = await this.#tryToWrite(rest, signal).then(
        (failed) => {
          rest = failed.flatMap((part) => part.records);
          return foremost(failed.map((part) => part.failure));
        },
        (error: unknown) => asKafkaFailure(this.#options.topic, error),
      );
      if (failure === undefined) return;
      this.#layout = undefined;
      if (!failure.isStale || tries === TRIES_MAX) throw failure;
      await delay(RETRY_MS, undefined, { signal }).catch(() => {
        throw asKafkaFailure(this.#options.topic, signal.reason);
      });
    }
  }

  close(): void {
    for (const { session } of this.#idle.values()) session.close();
    this.#idle.clear();
  }

  /** Answers what was not written, with why. */
  async #tryToWrite(records: readonly KafkaRecord[], signal: AbortSignal): Promise<Failed[]> {
    const layout = this.#freshLayout() ?? (await this.#findLayout(signal));
    const partitions = byPartition(records, layout.leaders.length);
    const parts = byLeader(partitions, layout);
    const failed = await Promise.all(
      parts.map((part) =>
        this.#writeTo(part, signal).catch((error: unknown) => [failedPart(part, error)]),
      ),
    );
    return failed.flat();
  }

  async #writeTo({ leader, partitions }: Part, signal: AbortSignal): Promise<Failed[]> {
    if (leader === undefined) throw codeFailure(LEADER_NOT_AVAILABLE);
    const session = await this.#open(leader, signal).catch((error: unknown) => {
      const failure = asKafkaFailure(addressText(leader), error);
      throw new KafkaFailure(failure.fault, failure.message, failure.fault === 'Unreachable');
    });
    const timestampMs = this.#options.clock.nowMs();
    const batches: PartitionBatch[] = [...partitions].map(([partition, records]) => ({
      partition,
      batch: recordBatch(records, timestampMs),
    }));
    const results = await session.produce({ topic: this.#options.topic, batches }, signal);
    this.#keep(leader, session);
    const codes = new Map(results.map(({ partition, errorCode }) => [partition, errorCode]));
    return [...partitions].flatMap(([partition, records]) => {
      const failure = partitionFailure(codes.get(partition));
      return failure === undefined ? [] : [{ records, failure }];
    });
  }

  #freshLayout(): TopicLayout | undefined {
    const layout = this.#layout;
    if (layout === undefined) return undefined;
    const age = this.#options.clock.nowMs() - layout.readAtMs;
    return age >= 0 && age < LAYOUT_MS_MAX ? layout : undefined;
  }

  async #findLayout(signal: AbortSignal): Promise<TopicLayout> {
    const { brokers } = this.#options;
    const failures: KafkaFailure[] = [];
    const asked = Math.min(brokers.length, BROKERS_ASKED_MAX);
    for (let index = 0; index < asked; index += 1) {
      const broker = brokers[this.#first % brokers.length]!;
      try {
        return await this.#askForLayout(broker, signal);
      } catch (error) {
        const failure = asKafkaFailure(broker, error);
        // Others would refuse as well; and who has a wrong password is locked out for repeating it.
        if (failure.fault !== 'Unreachable' || signal.aborted) throw failure;
        failures.push(failure);
        this.#first = (this.#first + 1) % brokers.length;
      }
    }
    throw joined(failures, brokers.length);
  }

  async #askForLayout(broker: string, signal: AbortSignal): Promise<TopicLayout> {
    const { topic, clock } = this.#options;
    const address = parseBroker(broker);
    if (address === undefined) throw new KafkaFailure('Refused', 'a broker is not HOST:PORT');
    const session = await this.#open(address, signal);
    const metadata = await session.metadata(topic, signal);
    this.#keep(address, session);
    const layout = toTopicLayout(metadata, topic, clock.nowMs());
    this.#layout = layout;
    this.#forget(addressesOf(layout).add(addressText(address)));
    return layout;
  }

  /** Nobody else has it until it is kept again. */
  async #open(address: BrokerAddress, signal: AbortSignal): Promise<KafkaSession> {
    const name = addressText(address);
    const idle = this.#idle.get(name);
    this.#idle.delete(name);
    if (idle !== undefined) {
      const silence = this.#options.clock.nowMs() - idle.sinceMs;
      if (idle.session.isOpen && silence >= 0 && silence < IDLE_MS_MAX) return idle.session;
      idle.session.close();
    }
    return KafkaSession.open(address, this.#options.access(), signal);
  }

  #keep(address: BrokerAddress, session: KafkaSession): void {
    const name = addressText(address);
    this.#idle.get(name)?.session.close();
    this.#idle.set(name, { session, sinceMs: this.#options.clock.nowMs() });
  }

  /** Brokers that lead nothing any more, so that no more than the topic's leaders are kept. */
  #forget(used: ReadonlySet<string>): void {
    for (const [name, { session }] of this.#idle) {
      if (used.has(name)) continue;
      session.close();
      this.#idle.delete(name);
    }
  }
}

interface Part {
  readonly leader: BrokerAddress | undefined;
  readonly partitions: Partitions;
}

interface Failed {
  readonly records: readonly KafkaRecord[];
  readonly failure: KafkaFailure;
}

function failedPart({ leader, partitions }: Part, error: unknown): Failed {
  const broker = leader === undefined ? 'no leader' : addressText(leader);
  return { records: [...partitions.values()].flat(), failure: asKafkaFailure(broker, error) };
}

function partitionFailure(code: number | undefined): KafkaFailure | undefined {
  if (code === undefined) return new KafkaFailure('Refused', 'the answer is not to what was sent');
  return code === 0 ? undefined : codeFailure(code);
}

/** What is wrong with the destination comes before what is wrong with events. */
function foremost(failures: readonly KafkaFailure[]): KafkaFailure | undefined {
  const order = (failure: KafkaFailure): number =>
    failure.fault === 'Rejected' ? 2 : Number(failure.isStale);
  return failures.toSorted((a, b) => order(a) - order(b))[0];
}

function byPartition(records: readonly KafkaRecord[], count: number): Map<number, KafkaRecord[]> {
  const partitions = new Map<number, KafkaRecord[]>();
  for (const record of records) {
    const partition = partitionOf(record.key, count);
    const others = partitions.get(partition);
    if (others === undefined) partitions.set(partition, [record]);
    else others.push(record);
  }
  return partitions;
}

function byLeader(partitions: Partitions, { leaders }: TopicLayout): Part[] {
  const groups = Map.groupBy(partitions, ([partition]) => {
    const leader = leaders[partition];
    return leader === undefined ? undefined : addressText(leader);
  });
  return [...groups.values()].map((group) => ({
    leader: leaders[group[0]![0]],
    partitions: new Map(group),
  }));
}

function joined(failures: readonly KafkaFailure[], declared: number): KafkaFailure {
  const named = failures.slice(0, FAILURES_NAMED_MAX).map(({ message }) => message);
  const others = declared - named.length;
  const rest = others > 0 ? [`and ${others} more brokers`] : [];
  return new KafkaFailure('Unreachable', [...named, ...rest].join('; '));
}
