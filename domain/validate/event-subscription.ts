import type { Destination, ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { INTEGER, listOf, objectOf, oneOf, RECORD, REFERENCE, TEXT } from './shape.ts';
import { shapeFault, type Validated } from './validation.ts';

export interface ValidEventSubscription {
  /** `metadata.name` of the EventTopic whose events it delivers. */
  readonly topic: string;
}

const DESTINATION = objectOf(
  {},
  {
    webhook: objectOf(
      { url: TEXT },
      {
        abuseProtection: oneOf(['Disabled', 'Required']),
        caSecretName: TEXT,
        authSecretName: TEXT,
        maxEventsPerBatch: INTEGER,
        preferredBatchSizeInKilobytes: INTEGER,
      },
    ),
    kafka: objectOf({ brokers: listOf(TEXT), topic: TEXT }, { tls: RECORD, saslSecretName: TEXT }),
    file: objectOf({ path: TEXT }, { maxBytes: INTEGER }),
  },
);

const SHAPE = objectOf(
  { topicRef: REFERENCE, destination: DESTINATION },
  { description: TEXT, filter: RECORD, retryPolicy: RECORD, deadLetter: DESTINATION },
);

export function validateEventSubscription(
  resource: ResourceOf<'EventSubscription'>,
): Validated<ValidEventSubscription> {
  const { spec } = resource;
  const malformed = shapeFault(SHAPE, spec);
  if (malformed !== undefined) return malformed;
  const destination = ['spec', 'destination'];
  const violations = [...destinationViolations(destination, spec.destination)];
  if (kindsOf(spec.destination).length === 0) {
    const remedy = 'state one of webhook, kafka and file';
    violations.push(invalid(destination, 'names no destination', remedy));
  }
  violations.push(...destinationViolations(['spec', 'deadLetter'], spec.deadLetter ?? {}));
  return violations.length > 0 ? failure(violations) : success({ topic: spec.topicRef.name });
}

function invalid(field: FieldPath, message: string, remedy: string): Violation {
  return { field, reason: 'InvalidSubscription', message, remedy };
}

const DESTINATION_KINDS = ['webhook', 'kafka', 'file'] as const;

function kindsOf(destination: Destination): readonly string[] {
  return DESTINATION_KINDS.filter((kind) => destination[kind] !== undefined);
}

function destinationViolations(field: FieldPath, destination: Destination): readonly Violation[] {
  const { webhook, kafka } = destination;
  const found = [
    severalViolation(field, kindsOf(destination)),
    webhook && webhookUrlViolation([...field, 'webhook', 'url'], webhook.url),
    kafka && brokersViolation([...field, 'kafka', 'brokers'], kafka.brokers),
  ];
  return found.filter((violation) => violation !== undefined);
}

function severalViolation(field: FieldPath, kinds: readonly string[]): Violation | undefined {
  if (kinds.length < 2) return undefined;
  return invalid(
    field,
    `names ${kinds.length} destinations (${kinds.join(', ')}), but there is one`,
    'keep one; declare another EventSubscription for each of the others',
  );
}

/** The URL is not repeated: it often carries a token. */
export function webhookUrlViolation(field: FieldPath, url: string): Violation | undefined {
  if (isHttpUrl(url)) return undefined;
  const remedy = 'state the URL that takes the events, such as https://events.example.com/mqtt';
  return invalid(field, 'is not an http or https URL', remedy);
}

export function brokersViolation(
  field: FieldPath,
  brokers: readonly unknown[],
): Violation | undefined {
  if (brokers.length > 0) return undefined;
  return invalid(field, 'is empty', 'state at least one broker as HOST:PORT');
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}
