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
  const violations = destinationViolations(['spec', 'destination'], spec.destination);
  if (kindsOf(spec.destination).length === 0) {
    violations.push({
      field: ['spec', 'destination'],
      reason: 'InvalidSubscription',
      message: 'names no destination',
      remedy: 'state one of webhook, kafka and file',
    });
  }
  violations.push(...destinationViolations(['spec', 'deadLetter'], spec.deadLetter ?? {}));
  return violations.length > 0 ? failure(violations) : success({ topic: spec.topicRef.name });
}

const DESTINATION_KINDS = ['webhook', 'kafka', 'file'] as const;

function kindsOf(destination: Destination): readonly string[] {
  return DESTINATION_KINDS.filter((kind) => destination[kind] !== undefined);
}

function destinationViolations(field: FieldPath, destination: Destination): Violation[] {
  const violations: Violation[] = [];
  const add = (path: FieldPath, message: string, remedy: string): void => {
    violations.push({ field: path, reason: 'InvalidSubscription', message, remedy });
  };
  const kinds = kindsOf(destination);
  if (kinds.length > 1) {
    const message = `names ${kinds.length} destinations (${kinds.join(', ')}), but there is one`;
    add(field, message, 'keep one; declare another EventSubscription for each of the others');
  }
  if (destination.webhook !== undefined && !isHttpUrl(destination.webhook.url)) {
    // Not repeated: such a URL often carries a token.
    const message = 'is not an http or https URL';
    add([...field, 'webhook', 'url'], message, 'state the URL that takes the events');
  }
  if (destination.kafka?.brokers.length === 0) {
    add([...field, 'kafka', 'brokers'], 'is empty', 'state at least one broker as HOST:PORT');
  }
  return violations;
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}
