/**
 * A topic of Apache Kafka, or of what speaks its protocol (Azure Event Hubs, Redpanda). An event
 * is a record: its key is the subject, its value the CloudEvent in structured mode (CloudEvents
 * Kafka Protocol Binding 1.0, 3.3), so that every destination has the same bytes.
 */
import type { Destination as DeclaredDestination } from '../../../domain/resources.ts';
import { secretText } from '../secrets.ts';
import type { Secrets } from '../secrets.ts';
import type { Destination, OutboundEvent, Outcome } from './destination.ts';
import { KafkaClient } from './kafka/kafka-client.ts';
import { KafkaFailure, asKafkaFailure } from './kafka/kafka-failure.ts';
import { SASL_MECHANISMS } from './kafka/kafka-messages.ts';
import type { KafkaAccess } from './kafka/kafka-messages.ts';

export type DeclaredKafka = NonNullable<DeclaredDestination['kafka']>;

export interface KafkaParts {
  readonly secrets: Secrets;
}

const BATCH_EVENTS_MAX = 500;
/** Under message.max.bytes' default of 1 MiB, with the keys and headers of 500 events beside it. */
const BATCH_BYTES_MAX = 768 * 1024;
/** For one call of `deliver`, whatever brokers do. */
const DELIVER_MS_MAX = 30_000;
const BROKERS_NAMED_MAX = 3;

export function openKafka(declared: DeclaredKafka, parts: KafkaParts): Destination {
  return new Kafka(declared, parts);
}

class Kafka implements Destination {
  readonly batchEventsMax = BATCH_EVENTS_MAX;
  readonly batchBytesMax = BATCH_BYTES_MAX;
  /** One after the other: what follows never overtakes what is tried again. */
  readonly concurrency = 1;
  readonly #declared: DeclaredKafka;
  readonly #client: KafkaClient;
  readonly #closed = new AbortController();
  /** The call before; it never rejects. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(declared: DeclaredKafka, { secrets }: KafkaParts) {
    this.#declared = declared;
    const { brokers, topic } = declared;
    const access = (): KafkaAccess => readAccess(declared, secrets);
    this.#client = new KafkaClient({ brokers, topic, access });
  }

  async deliver(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    const before = this.#before;
    const outcome = before.then(() => this.#write(events, signal));
    this.#before = outcome;
    return outcome;
  }

  async close(): Promise<void> {
    this.#closed.abort(new KafkaFailure('Unreachable', 'delivery ends'));
    await this.#before;
    await this.#client.close();
  }

  async #write(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    if (events.length === 0) return { type: 'Delivered' };
    try {
      await this.#limited((limited) => this.#client.write(events, limited), signal);
      return { type: 'Delivered' };
    } catch (error) {
      return this.#outcomeOf(asKafkaFailure(error), events);
    }
  }

  #outcomeOf({ fault, message }: KafkaFailure, events: readonly OutboundEvent[]): Outcome {
    const cause = `${this.#where()}: ${message}`;
    if (fault !== 'Rejected') return { type: 'Failed', scope: 'Destination', fault, cause };
    const bytes = events.reduce((sum, { json }) => sum + json.length, 0);
    const what = events.length === 1 ? 'an event' : `${events.length} events together`;
    return { type: 'Rejected', cause: `${cause} (${what} of ${bytes} B)` };
  }

  #where(): string {
    const { brokers, topic } = this.#declared;
    const named = brokers.slice(0, BROKERS_NAMED_MAX).join(', ');
    const others = brokers.length > BROKERS_NAMED_MAX ? ', ...' : '';
    return `topic "${topic}" of Kafka at ${named}${others}`;
  }

  async #limited<Value>(
    operation: (signal: AbortSignal) => Promise<Value>,
    signal?: AbortSignal,
  ): Promise<Value> {
    const limit = new AbortController();
    const late = new KafkaFailure('Unreachable', `gave up after ${DELIVER_MS_MAX / 1000} s`);
    const timer = setTimeout(() => limit.abort(late), DELIVER_MS_MAX);
    const ended = new KafkaFailure('Unreachable', 'delivery was ended');
    const end = (): void => limit.abort(ended);
    const enders = [this.#closed.signal, ...(signal === undefined ? [] : [signal])];
    for (const ender of enders) ender.addEventListener('abort', end);
    if (enders.some(({ aborted }) => aborted)) end();
    try {
      return await operation(limit.signal);
    } finally {
      clearTimeout(timer);
      for (const ender of enders) ender.removeEventListener('abort', end);
    }
  }
}

/** @throws KafkaFailure: something is missing, or is not what it should be */
function readAccess({ tls, saslSecretName }: DeclaredKafka, secrets: Secrets): KafkaAccess {
  const ca = tls?.caSecretName;
  return {
    tls: tls && { ca: ca === undefined ? undefined : requiredSecret(secrets, ca, 'ca.crt') },
    sasl: saslSecretName === undefined ? undefined : readSaslUser(secrets, saslSecretName),
  };
}

function readSaslUser(secrets: Secrets, secret: string): KafkaAccess['sasl'] {
  const stated = requiredSecret(secrets, secret, 'mechanism');
  const mechanism = SASL_MECHANISMS.find((candidate) => candidate === stated);
  if (mechanism === undefined) {
    const known = SASL_MECHANISMS.join(', ');
    const words = `mechanism in Secret "${secret}" is none of ${known}: correct it`;
    throw new KafkaFailure('Refused', words);
  }
  const username = requiredSecret(secrets, secret, 'username');
  return { mechanism, username, password: requiredSecret(secrets, secret, 'password') };
}

function requiredSecret(secrets: Secrets, secret: string, key: string): string {
  const value = secrets.read(secret, key);
  if (value !== undefined) return secretText(value);
  const words = `there is no Secret "${secret}" with ${key}: create it`;
  throw new KafkaFailure('Refused', words);
}
