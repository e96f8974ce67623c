/** Writes to a topic by @platformatic/kafka. It runs in a thread that may end at any time. */
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ProduceAcks,
  Producer,
  UnexpectedCorrelationIdError,
  saslScramSha,
} from '@platformatic/kafka';
import type { Connection, SASLCustomAuthenticator, SASLOptions } from '@platformatic/kafka';
import { KafkaFailure, asKafkaFailure, notKafka } from './kafka-failure.ts';
import type { KafkaAccess, KafkaRecord, KafkaThreadData, StatedFailure } from './kafka-messages.ts';
import { partitionHash } from './murmur2.ts';

/** TCP and TLS; far more than a broker on another continent needs. */
const CONNECT_MS_MAX = 5_000;
/** What the broker gives its replicas, and how much longer we wait for it to say so. */
const REPLICAS_MS_MAX = 10_000;
const ANSWER_MS_MAX = REPLICAS_MS_MAX + 5_000;
/** How long new partitions may stay unseen; leaders that move are noticed by their refusal. */
const METADATA_MS_MAX = 5 * 60 * 1000;
/** Azure closes after four minutes of silence, without a word; Kafka after ten. */
const IDLE_MS_MAX = 3 * 60 * 1000;
/** Brokers that are asked for metadata in one attempt: a call ends within its time. */
const BROKERS_ASKED_MAX = 4;
/** A first try, and one with new metadata: whatever lasts longer is the engine's to wait for. */
const TRIES_MAX = 2;
/** An election, or a topic that is made because we asked for it, takes about that. */
const RETRY_MS = 300;
const FAILURES_NAMED_MAX = 3;
/**
 * All answers to one call: metadata of 10,000 partitions have 0.5 MiB. The client would wait for
 * 2 GiB to arrive, in memory that no limit of its thread counts.
 */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
const SIZE_BYTES = 4;
const CORRELATION_BYTES = 4;
const TLS_ALERT = 0x15;
/** Kafka's own default is 4096, its maximum 16384; it runs where files are read as well. */
const SCRAM_ITERATIONS_MAX = 100_000;

const CONTENT_TYPE = Buffer.from('application/cloudevents+json; charset=utf-8');
const HEADERS = new Map([[Buffer.from('content-type'), CONTENT_TYPE]]);

export interface KafkaWriterParts {
  /** Called whenever connections are made. */
  ask(): Promise<KafkaAccess | StatedFailure>;
  /** The call that is on its way, and this thread. */
  giveUp(failure: KafkaFailure): void;
}

export class KafkaWriter {
  readonly #data: KafkaThreadData;
  readonly #parts: KafkaWriterParts;
  readonly #sockets = new Set<Socket>();
  #client: Producer | undefined;
  /** Which of the declared brokers is asked first: the one that answered last. */
  #first = 0;
  #usedAtMs = 0;
  #answerBytes = 0;

  constructor(data: KafkaThreadData, parts: KafkaWriterParts) {
    this.#data = data;
    this.#parts = parts;
  }

  /**
   * One call at a time. All are written when it resolves; those of one key in their order. Of a
   * failure nobody knows which were written. @throws KafkaFailure
   */
  async write(records: readonly KafkaRecord[]): Promise<void> {
    this.#answerBytes = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#tryToWrite(records);
        return;
      } catch (error) {
        const failure = asKafkaFailure(error);
        // Secrets may have changed: what fails is begun anew.
        this.#drop();
        if (!failure.isStale || tries === TRIES_MAX) throw failure;
        await delay(RETRY_MS);
      }
    }
  }

  async #tryToWrite(records: readonly KafkaRecord[]): Promise<void> {
    if (performance.now() - this.#usedAtMs > IDLE_MS_MAX) this.#drop();
    const client = this.#client ?? (await this.#connect());
    const { topic } = this.#data;
    const messages = records.map((record) => ({ topic, ...record, headers: HEADERS }));
    const { offsets = [] } = await client.send({ messages });
    this.#usedAtMs = performance.now();
    const count = client.currentMetadata?.topics.get(topic)?.partitionsCount ?? 0;
    const confirmed = new Set(offsets.map(({ partition }) => partition));
    if (records.every(({ key }) => confirmed.has(partitionHash(key) % count))) return;
    throw new KafkaFailure('Refused', 'the answer is not to what was sent');
  }

  /** One broker after the other, so that each is named; the client would ask all without us. */
  async #connect(): Promise<Producer> {
    const access = await this.#parts.ask();
    if ('fault' in access) throw new KafkaFailure(access.fault, access.words);
    const { brokers, topic } = this.#data;
    const failures: KafkaFailure[] = [];
    const asked = Math.min(brokers.length, BROKERS_ASKED_MAX);
    for (let index = 0; index < asked; index += 1) {
      const broker = brokers[this.#first % brokers.length]!;
      const client = this.#newProducer(broker, access);
      try {
        await client.metadata({ topics: [topic], autocreateTopics: true });
        return (this.#client = client);
      } catch (error) {
        const failure = asKafkaFailure(error, broker);
        this.#drop();
        // Others would refuse as well; and who has a wrong password is locked out for repeating it.
        if (failure.fault !== 'Unreachable') throw failure;
        failures.push(failure);
        this.#first = (this.#first + 1) % brokers.length;
      }
    }
    throw joined(failures, brokers.length);
  }

  #newProducer(broker: string, { tls, sasl }: KafkaAccess): Producer {
    const ca = tls?.ca === undefined ? {} : { ca: tls.ca };
    const client: Producer = new Producer({
      ...{ clientId: 'mqttgrid', bootstrapBrokers: [broker] },
      ...{ connectTimeout: CONNECT_MS_MAX, requestTimeout: ANSWER_MS_MAX },
      ...{ timeout: REPLICAS_MS_MAX, metadataMaxAge: METADATA_MS_MAX },
      ...{ acks: ProduceAcks.ALL, retries: 0, repeatOnStaleMetadata: false },
      ...{ autocreateTopics: true, partitioner: (_, key) => partitionHash(key!) },
      ...(tls && { tls: { minVersion: 'TLSv1.2', ...ca }, tlsServerName: isNamed(broker) }),
      ...(sasl && { sasl: { ...sasl, ...authenticationOf(sasl.mechanism) } }),
    });
    client.connections.on('connecting', ({ connection, broker: { host, port } }) =>
      this.#watch(connection, `${host}:${port}`),
    );
    client.on('client:broker:disconnect', () => void (this.#client === client && this.#drop()));
    return client;
  }

  #watch(connection: Connection, broker: string): void {
    // The client listens for the first one alone, and forgets what it was.
    connection.on('error', (error) => {
      if (isOfNobody(error)) this.#parts.giveUp(notKafka(broker, 'nobody asked for it'));
    });
    queueMicrotask(() => {
      const socket: Socket | undefined = connection.socket;
      // There is none where the address was none.
      if (socket === undefined) return;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.once('data', (first) => {
        if (isAnswer(first)) return;
        this.#giveUp(socket, notKafka(broker, `it begins 0x${first.toString('hex', 0, 4)}`));
      });
      socket.on('data', ({ length }) => {
        this.#answerBytes += length;
        if (this.#answerBytes <= ANSWER_BYTES_MAX) return;
        this.#giveUp(socket, notKafka(broker, `it has more than ${ANSWER_BYTES_MAX} B`));
      });
    });
  }

  #giveUp(socket: Socket, failure: KafkaFailure): void {
    this.#parts.giveUp(failure);
    socket.destroy();
  }

  /** Sockets as well: the client leaves open what it has given up. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close(true).catch(() => undefined);
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

/** An address is no name that a server could look for [RFC 6066, 3]. */
function isNamed(broker: string): boolean {
  return isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0;
}

function isOfNobody({ cause }: Error): boolean {
  return cause instanceof UnexpectedCorrelationIdError;
}

/** By the size that comes first. TLS is left to the client, which knows it. */
function isAnswer(first: Buffer): boolean {
  if (first.length < SIZE_BYTES || first[0] === TLS_ALERT) return true;
  const size = first.readInt32BE(0);
  return size >= CORRELATION_BYTES && size <= ANSWER_BYTES_MAX;
}

type Authentication = Parameters<SASLCustomAuthenticator>;

function authenticationOf(mechanism: string): Pick<SASLOptions, 'authenticate'> {
  if (mechanism === 'PLAIN') return {};
  const algorithm = mechanism === 'SCRAM-SHA-256' ? 'SHA-256' : 'SHA-512';
  const { defaultCrypto } = saslScramSha;
  const crypto: typeof defaultCrypto = {
    ...defaultCrypto,
    hi: async (definition, password, salt, iterations) => {
      if (iterations <= SCRAM_ITERATIONS_MAX) {
        return defaultCrypto.hi(definition, password, salt, iterations);
      }
      const asked = `${iterations} iterations of SCRAM`;
      throw new KafkaFailure('Refused', `${asked} are asked for, ${SCRAM_ITERATIONS_MAX} allowed`);
    },
  };
  return {
    authenticate: (...[, connection, api, username, password, , callback]: Authentication) =>
      saslScramSha.authenticate(api, connection, algorithm, username!, password!, crypto, callback),
  };
}

function joined(failures: readonly KafkaFailure[], declared: number): KafkaFailure {
  const named = failures.slice(0, FAILURES_NAMED_MAX).map(({ message }) => message);
  const others = declared - named.length;
  const rest = others > 0 ? [`and ${others} more brokers`] : [];
  return new KafkaFailure('Unreachable', [...named, ...rest].join('; '));
}
