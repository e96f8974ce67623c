/** Where an EventSubscription delivers to: a destination, or a dead letter. */
import { secretsOf } from '../destination-secrets.ts';
import type { Destination } from '../resources.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { integerFrom, listOf, objectOf, oneOf, TEXT } from './shape.ts';

/** The CRD says the same. */
export const WEBHOOK_BATCH_EVENTS_MAX = 5000;
export const WEBHOOK_BATCH_KILOBYTES_MAX = 1024;
const WEBHOOK_URL_LENGTH_MAX = 2048;
const KAFKA_BROKERS_MAX = 100;
const FILE_PATH_LENGTH_MAX = 4096;
const FILE_BYTES_MIN = 1024;
const FILE_BYTES_MAX = 2 ** 40;

export const DESTINATION_SHAPE = objectOf(
  {},
  {
    webhook: objectOf(
      { url: TEXT },
      {
        abuseProtection: oneOf(['Disabled', 'Required']),
        caSecretName: TEXT,
        authSecretName: TEXT,
        maxEventsPerBatch: integerFrom(1, WEBHOOK_BATCH_EVENTS_MAX),
        preferredBatchSizeInKilobytes: integerFrom(1, WEBHOOK_BATCH_KILOBYTES_MAX),
      },
    ),
    kafka: objectOf(
      { brokers: listOf(TEXT), topic: TEXT },
      { tls: objectOf({}, { caSecretName: TEXT }), saslSecretName: TEXT },
    ),
    file: objectOf({ path: TEXT }, { maxBytes: integerFrom(FILE_BYTES_MIN, FILE_BYTES_MAX) }),
  },
);

const DESTINATION_KINDS = ['webhook', 'kafka', 'file'] as const;

export function destinationViolations(
  field: FieldPath,
  destination: Destination,
): readonly Violation[] {
  const { webhook, kafka, file } = destination;
  return [
    kindViolation(field, destination),
    webhook && webhookUrlViolation([...field, 'webhook', 'url'], webhook.url),
    ...(kafka === undefined ? [] : kafkaViolations([...field, 'kafka'], kafka)),
    file && filePathViolation([...field, 'file', 'path'], file.path),
    ...secretsOf(destination).map((named) => {
      return secretViolation([...field, ...named.field], named.secret);
    }),
  ].filter((violation) => violation !== undefined);
}

/** The one kind that it has. */
export function normalDestination({ webhook, kafka, file }: Destination): Destination {
  return { ...(webhook && { webhook }), ...(kafka && { kafka }), ...(file && { file }) };
}

function invalid(field: FieldPath, message: string, remedy: string): Violation {
  return { field, reason: 'InvalidSubscription', message, remedy };
}

function kindViolation(field: FieldPath, destination: Destination): Violation | undefined {
  const kinds = DESTINATION_KINDS.filter((kind) => destination[kind] !== undefined);
  if (kinds.length === 1) return undefined;
  if (kinds.length === 0) {
    return invalid(field, 'names no destination', 'state one of webhook, kafka and file');
  }
  return invalid(
    field,
    `names ${kinds.length} destinations (${kinds.join(', ')}), but there is one`,
    'keep one; declare another EventSubscription for each of the others',
  );
}

/** The URL is not repeated: it often carries a token. */
export function webhookUrlViolation(field: FieldPath, text: string): Violation | undefined {
  const url = URL.parse(text);
  const isWhole = !/[\p{Cc} ]/u.test(text) && text.length <= WEBHOOK_URL_LENGTH_MAX;
  if (url === null || !isWhole || !/^https?:$/.test(url.protocol)) {
    const remedy = 'state the URL that takes the events, such as https://events.example.com/mqtt';
    return invalid(field, 'is not an http or https URL', remedy);
  }
  if (url.username === '' && url.password === '') return undefined;
  return invalid(
    field,
    'holds a user name or a password, which whoever may read this object would read',
    'remove it, put it into the authorization of a Secret, and name that as authSecretName',
  );
}

type Kafka = NonNullable<Destination['kafka']>;

function kafkaViolations(
  field: FieldPath,
  { brokers, topic }: Kafka,
): readonly (Violation | undefined)[] {
  return [
    brokersViolation([...field, 'brokers'], brokers),
    ...brokers
      .slice(0, KAFKA_BROKERS_MAX)
      .map((broker, index) => brokerViolation([...field, 'brokers', index], broker)),
    kafkaTopicViolation([...field, 'topic'], topic),
  ];
}

export function brokersViolation(
  field: FieldPath,
  brokers: readonly unknown[],
): Violation | undefined {
  if (brokers.length === 0) {
    return invalid(field, 'is empty', 'state at least one broker as HOST:PORT');
  }
  if (brokers.length <= KAFKA_BROKERS_MAX) return undefined;
  const message = `has ${brokers.length} brokers; the limit is ${KAFKA_BROKERS_MAX}`;
  return invalid(field, message, 'keep a few: they tell of the others');
}

const HOST_AND_PORT = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})$/;
const PORT_MAX = 65535;

/** It is not repeated: people write a password in front of a host. */
export function brokerViolation(field: FieldPath, broker: string): Violation | undefined {
  const port = HOST_AND_PORT.exec(broker)?.[1];
  const remedy = 'write it as HOST:PORT, such as kafka-0.kafka:9092';
  if (port === undefined) return invalid(field, 'is not a host and port', remedy);
  if (Number(port) >= 1 && Number(port) <= PORT_MAX) return undefined;
  return invalid(field, `has port ${port}, but there are 1 to ${PORT_MAX}`, remedy);
}

/** Kafka's own rule. */
export function kafkaTopicViolation(field: FieldPath, topic: string): Violation | undefined {
  const isName = /^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..';
  if (isName) return undefined;
  const message =
    'is not the name of a Kafka topic, which has at most 249 letters, digits, dots, underscores ' +
    'and hyphens, and is not "." or ".."';
  return invalid(field, message, 'write the name of a Kafka topic');
}

export function filePathViolation(field: FieldPath, path: string): Violation | undefined {
  if (path === '' || path.length > FILE_PATH_LENGTH_MAX || /\p{Cc}/u.test(path)) {
    const message = `is not a path, which has 1 to ${FILE_PATH_LENGTH_MAX} printable characters`;
    return invalid(field, message, 'state the path of a file, such as events.jsonl');
  }
  const steps = path.split('/');
  if (steps.includes('..')) {
    const message = 'holds "..", which leads out of the folder that it seems to be in';
    return invalid(field, message, 'write the path without it');
  }
  if (!['', '.'].includes(steps.at(-1) ?? '')) return undefined;
  return invalid(field, 'is the path of a folder', 'add the name of a file');
}

const KUBERNETES_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const KUBERNETES_NAME_LENGTH_MAX = 253;

/** In a folder of secrets it becomes a part of a path. */
function secretViolation(field: FieldPath, name: string): Violation | undefined {
  const isName = name.length <= KUBERNETES_NAME_LENGTH_MAX && KUBERNETES_NAME.test(name);
  if (isName) return undefined;
  return invalid(field, 'is not the name of a Kubernetes Secret', 'name a Secret by metadata.name');
}
