/** A connection that knows which versions the broker speaks, and is authenticated. */
import { KafkaConnection } from './kafka-connection.ts';
import type { BrokerAddress, ConnectionTls, KafkaRequest } from './kafka-connection.ts';
import { KafkaFailure, asKafkaFailure, codeFailure } from './kafka-failure.ts';
import * as protocol from './protocol.ts';
import type { Api, OfferedVersions } from './protocol.ts';
import { ScramError, authenticateByScram } from './scram.ts';
import type { ScramHash } from './scram.ts';

export interface SaslUser {
  readonly mechanism: SaslMechanism;
  readonly name: string;
  readonly password: string;
}

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export interface KafkaAccess {
  readonly tls: ConnectionTls | undefined;
  readonly sasl: SaslUser | undefined;
}

/** Answers that need no disk. */
const ANSWER_MS_MAX = 10_000;
/** What the broker gives its replicas, and how much longer we wait for it to say so. */
const REPLICAS_MS_MAX = 10_000;
const PRODUCE_MS_MAX = REPLICAS_MS_MAX + 5_000;

const UNSUPPORTED_MECHANISM = 33;
const ILLEGAL_SASL_STATE = 34;

export interface Producing {
  readonly topic: string;
  readonly batches: readonly protocol.PartitionBatch[];
}

export class KafkaSession {
  readonly #connection: KafkaConnection;
  #offered: OfferedVersions = new Map();

  private constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  /** @throws KafkaFailure */
  static async open(
    address: BrokerAddress,
    { tls, sasl }: KafkaAccess,
    signal: AbortSignal,
  ): Promise<KafkaSession> {
    const connection = await KafkaConnection.open(address, tls, signal);
    const session = new KafkaSession(connection);
    try {
      await session.#greet(signal);
      if (sasl !== undefined) await session.#authenticate(sasl, signal);
      return session;
    } catch (error) {
      connection.close();
      throw asKafkaFailure(connection.broker, error);
    }
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** @throws KafkaFailure */
  metadata(topic: string, signal: AbortSignal): Promise<protocol.MetadataResponse> {
    const request = this.#latest(protocol.METADATA);
    return this.#ask(async () =>
      protocol.readMetadata(
        await this.#connection.request(request, protocol.metadataBody(topic), signal),
        request.version,
      ),
    );
  }

  /** @throws KafkaFailure */
  produce({ topic, batches }: Producing, signal: AbortSignal): Promise<protocol.PartitionResult[]> {
    const request = { ...this.#latest(protocol.PRODUCE), timeoutMs: PRODUCE_MS_MAX };
    const body = protocol.produceBody(topic, batches, REPLICAS_MS_MAX);
    return this.#ask(async () =>
      protocol.readProduce(await this.#connection.request(request, body, signal), request.version),
    );
  }

  close(): void {
    this.#connection.close();
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const request = { api: protocol.API_VERSIONS, version: 0, timeoutMs: ANSWER_MS_MAX };
    const reader = await this.#connection.request(request, [], signal);
    const { errorCode, offered } = protocol.readApiVersions(reader);
    if (errorCode !== 0) throw codeFailure(errorCode);
    this.#offered = offered;
  }

  async #authenticate(user: SaslUser, signal: AbortSignal): Promise<void> {
    await this.#handshake(user.mechanism, signal);
    const exchange = (token: Buffer): Promise<Buffer> => this.#exchange(token, signal);
    if (user.mechanism === 'PLAIN') {
      await exchange(Buffer.from(`\0${user.name}\0${user.password}`));
      return;
    }
    const hash: ScramHash = user.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    try {
      await authenticateByScram(hash, user, exchange);
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      throw new KafkaFailure('Refused', `${this.#connection.broker}: ${error.message}`);
    }
  }

  async #handshake(mechanism: SaslMechanism, signal: AbortSignal): Promise<void> {
    const request = this.#latest(protocol.SASL_HANDSHAKE);
    const body = [protocol.string(mechanism)];
    const reader = await this.#connection.request(request, body, signal);
    const errorCode = reader.int16();
    const offered = reader.array(2, () => reader.string()).filter(isMechanismName);
    const { broker } = this.#connection;
    if (errorCode === UNSUPPORTED_MECHANISM) {
      const names = offered.slice(0, MECHANISMS_NAMED_MAX).join(', ');
      const words = `${broker} does not know SASL's mechanism ${mechanism}, but these: ${names}`;
      throw new KafkaFailure('Refused', words);
    }
    if (errorCode === ILLEGAL_SASL_STATE) {
      const words = `${broker} takes no SASL on this port: use the one that does`;
      throw new KafkaFailure('Refused', `${words}, or take saslSecretName away`);
    }
    if (errorCode !== 0) throw codeFailure(errorCode);
  }

  async #exchange(token: Buffer, signal: AbortSignal): Promise<Buffer> {
    const request = this.#latest(protocol.SASL_AUTHENTICATE);
    const body = protocol.authenticateBody(token);
    const reader = await this.#connection.request(request, body, signal);
    const errorCode = reader.int16();
    reader.string();
    if (errorCode === 0) return reader.bytes();
    throw new KafkaFailure(
      'Refused',
      `${this.#connection.broker} does not accept username and password of saslSecretName` +
        ` (Kafka's error ${errorCode}): correct them in that Secret`,
    );
  }

  #latest(api: Api): KafkaRequest {
    const version = protocol.commonVersion(api, this.#offered);
    if (version !== undefined) return { api, version, timeoutMs: ANSWER_MS_MAX };
    const known = `${api.versionMin} to ${api.versionMax}`;
    throw new KafkaFailure(
      'Refused',
      `${this.#connection.broker} does not know ${api.name} in versions ${known}: it takes Kafka` +
        ' 1.0 or later',
    );
  }

  /** What is malformed ends the connection: nobody knows what would come next. */
  async #ask<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    try {
      return await request();
    } catch (error) {
      this.#connection.close();
      throw asKafkaFailure(this.#connection.broker, error);
    }
  }
}

/** As many as there are of note; all of them come from a stranger. */
const MECHANISMS_NAMED_MAX = 8;

function isMechanismName(text: string): boolean {
  return /^[A-Z0-9_-]{1,20}$/.test(text);
}
